"""What a client would rather have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.web.negotiate import preferred_language, wants_gzip


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, False),
        (b"", False),
        (b"gzip", True),
        (b"x-gzip", True),
        (b"GZIP, deflate, br", True),
        (b"br;q=1, gzip;q=0.5", True),
        (b"gzip;q=0", False),
        (b"gzip; q=0.000", False),
        (b"*", True),
        (b"*;q=0", False),
        (b"*;q=0, gzip", True),
        (b"*, gzip;q=0", False),
        (b"identity", False),
        (b"identity;q=1, gzip;q=0.5", False),
        (b"gzip;q=nonsense", False),
        (b"deflate, br", False),
    ],
)
def test_gzip(header: bytes | None, expected: bool) -> None:
    assert wants_gzip(header) is expected


@given(st.binary(max_size=600))
def test_any_header_is_answered(header: bytes) -> None:
    assert wants_gzip(header) in (True, False)
    assert preferred_language(header.decode("latin-1")) in ("zh", "en")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "zh"),
        ("", "zh"),
        ("*", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("zh-Hant-TW", "zh"),
        ("en;q=0.1, zh;q=0.2", "zh"),
        ("de-DE,de;q=0.9", "en"),
        ("fr, zh;q=0.3", "zh"),
    ],
)
def test_language(header: str | None, expected: str) -> None:
    assert preferred_language(header) == expected
