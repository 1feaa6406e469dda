"""Which parts of a body a Range header asks for (RFC 9110, 14)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.web.ranges import MOST_RANGES, asked_spans


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"bytes=0-0", [(0, 1)]),
        (b"bytes=0-", [(0, 100)]),
        (b"Bytes = 0-9", None),
        (b"BYTES=0-9", [(0, 10)]),
        (b"bytes= 0-9 ,, 20-29 ", [(0, 10), (20, 30)]),
        (b"bytes=90-1000", [(90, 100)]),
        (b"bytes=-10", [(90, 100)]),
        (b"bytes=-1000", [(0, 100)]),
        (b"bytes=-0", []),
        (b"bytes=100-", []),
        (b"bytes=100-, 0-1", [(0, 2)]),
        (b"bytes=20-29, 0-9", [(20, 30), (0, 10)]),
        (b"bytes=0-9, 5-15", None),  # they overlap
        (b"bytes=9-0", None),
        (b"bytes=-", None),
        (b"bytes=", None),
        (b"bytes=a-b", None),
        (b"bytes=0-9;q=1", None),
        (b"lines=0-9", None),
        (b"", None),
        (b"bytes=99999999999999999999-", None),
        (b"bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(0, 40, 2)), None),
    ],
)
def test_spans(header: bytes, expected: list[tuple[int, int]] | None) -> None:
    assert asked_spans(header, 100) == expected


@given(st.binary(max_size=60), st.integers(0, 1000))
def test_whatever_comes_in_no_span_leaves_the_body(noise: bytes, size: int) -> None:
    for header in (noise, b"bytes=" + noise):
        spans = asked_spans(header, size)
        assert spans is None or all(0 <= first < beyond <= size for first, beyond in spans)


NUMBER = st.integers(0, 200)


@given(st.lists(st.tuples(NUMBER, NUMBER), min_size=1, max_size=20), st.integers(1, 150))
def test_parts_never_hold_more_than_the_body(pairs: list[tuple[int, int]], size: int) -> None:
    header = b"bytes=" + b",".join(b"%d-%d" % pair for pair in pairs)
    spans = asked_spans(header, size)
    if spans is not None:
        assert len(spans) <= MOST_RANGES
        assert sum(beyond - first for first, beyond in spans) <= size
