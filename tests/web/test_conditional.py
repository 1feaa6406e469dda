"""The law of conditional requests, by examples and by properties (RFC 9110, 8.8 and 13)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.web.asked import Asked
from aggregator.web.conditional import (
    http_date,
    is_same_representation,
    names_strong_tag,
    names_tag,
    parse_http_date,
    precondition,
)

TAG = b'"17-0123456789ab"'
MODIFIED = datetime(2026, 11, 23, 4, 30, 12, 654321, tzinfo=UTC)

# etagc of RFC 9110 8.8.3: anything visible but the quote, commas and semicolons included.
OPAQUE = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0xFF).filter(
        lambda c: c != '"' and not 0x7F <= ord(c) < 0x80
    ),
    max_size=12,
).map(lambda text: b'"' + text.encode("latin-1") + b'"')
MEMBER = st.tuples(st.sampled_from([b"", b"W/"]), OPAQUE)
# From 1971 to 2150, to the microsecond.
MOMENTS = st.builds(
    lambda seconds, micro: datetime.fromtimestamp(seconds, UTC).replace(microsecond=micro),
    st.integers(31_536_000, 5_680_281_600),
    st.integers(0, 999_999),
)
COMMA = st.sampled_from([b",", b", ", b" ,", b" , ", b",,", b"\t,\t"])


def is_not_modified(
    if_none_match: bytes | None, if_modified_since: bytes | None, tag: bytes, moment: datetime
) -> bool:
    """Whether a GET with these two headers gets a 304."""
    asked = Asked(if_none_match=if_none_match, if_modified_since=if_modified_since)
    return precondition(asked, tag, moment) == 304


@given(st.lists(MEMBER, max_size=6), OPAQUE, COMMA)
def test_a_list_names_exactly_its_members_by_weak_comparison(
    members: list[tuple[bytes, bytes]], tag: bytes, comma: bytes
) -> None:
    header = comma.join(weak + opaque for weak, opaque in members)
    assert names_tag(header, tag) == (tag in [opaque for _, opaque in members])


@given(st.binary(max_size=80), st.binary(max_size=40) | st.none())
def test_whatever_comes_in_is_answered_and_never_by_the_date_when_there_are_tags(
    none_match: bytes, since: bytes | None
) -> None:
    answer = is_not_modified(none_match, since, TAG, MODIFIED)
    assert answer == is_not_modified(none_match, None, TAG, MODIFIED)
    if TAG not in none_match and none_match.strip() != b"*":
        assert not answer


@given(
    MOMENTS,
    st.integers(-100_000, 100_000),
)
def test_a_date_is_compared_by_whole_seconds(moment: datetime, apart: int) -> None:
    since = http_date(moment + timedelta(seconds=apart))
    assert is_not_modified(None, since, TAG, moment) == (apart >= 0)


@given(MOMENTS)
def test_a_written_date_is_read_back(moment: datetime) -> None:
    assert parse_http_date(http_date(moment), MODIFIED) == moment.replace(microsecond=0)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"*", True),
        (b" * ", True),
        (b'W/"17-0123456789ab"', True),
        (b'"a,b", "17-0123456789ab"', True),
        (b'"17-0123456789ab-gz"', False),
        (b"17-0123456789ab", False),
        (b"", False),
        (b'"*"', False),
        (b'w/"17-0123456789ab"x', True),  # a tag stands in it all the same
    ],
)
def test_tags(header: bytes, expected: bool) -> None:
    assert names_tag(header, TAG) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"Mon, 23 Nov 2026 04:30:12 GMT", MODIFIED.replace(microsecond=0)),
        (b"Monday, 23-Nov-26 04:30:12 GMT", MODIFIED.replace(microsecond=0)),
        (b"Mon Nov 23 04:30:12 2026", MODIFIED.replace(microsecond=0)),
        (b"Sun Nov  1 04:30:12 2026", datetime(2026, 11, 1, 4, 30, 12, tzinfo=UTC)),
        (b"Sunday, 06-Nov-94 08:49:37 GMT", datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)),
        (b"Mon, 23 Nov 2026 04:30:12 +0800", None),
        (b"Mon, 32 Nov 2026 04:30:12 GMT", None),
        (b"Mon, 23 Nov 2026 25:30:12 GMT", None),
        (b"Mon, 23 Nil 2026 04:30:12 GMT", None),
        (b"2026-11-23T04:30:12Z", None),
        (b"", None),
        (b"\xff", None),
    ],
)
def test_dates(value: bytes, expected: datetime | None) -> None:
    assert parse_http_date(value, MODIFIED) == expected


def test_without_headers_everything_is_modified() -> None:
    assert not is_not_modified(None, None, TAG, MODIFIED)


@given(st.lists(MEMBER, max_size=6), OPAQUE, COMMA)
def test_a_strong_comparison_knows_no_weak_tags(
    members: list[tuple[bytes, bytes]], tag: bytes, comma: bytes
) -> None:
    header = comma.join(weak + opaque for weak, opaque in members)
    assert names_strong_tag(header, tag) == (tag in [o for weak, o in members if not weak])


LATER, EARLIER = b"Mon, 23 Nov 2026 04:30:12 GMT", b"Mon, 23 Nov 2026 04:30:11 GMT"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Asked(if_match=b"*"), None),
        (Asked(if_match=TAG), None),
        (Asked(if_match=b'"x", ' + TAG), None),
        (Asked(if_match=b"W/" + TAG), 412),
        (Asked(if_match=b'"x"'), 412),
        (Asked(if_match=b""), 412),
        # 1 goes before 2: the date then counts for nothing
        (Asked(if_match=TAG, if_unmodified_since=EARLIER), None),
        (Asked(if_match=b'"x"', if_unmodified_since=LATER), 412),
        (Asked(if_unmodified_since=LATER), None),
        (Asked(if_unmodified_since=EARLIER), 412),
        (Asked(if_unmodified_since=b"yesterday"), None),
        # 1 and 2 go before 3 and 4
        (Asked(if_match=b'"x"', if_none_match=TAG), 412),
        (Asked(if_unmodified_since=EARLIER, if_none_match=TAG), 412),
        (Asked(if_match=TAG, if_none_match=TAG), 304),
        (Asked(if_unmodified_since=LATER, if_modified_since=LATER), 304),
        # 3 goes before 4
        (Asked(if_none_match=b'"x"', if_modified_since=LATER), None),
    ],
)
def test_the_order_of_preconditions(asked: Asked, expected: int | None) -> None:
    assert precondition(asked, TAG, MODIFIED) == expected


def test_dates_count_for_nothing_where_there_is_no_such_time() -> None:
    for asked in (Asked(if_modified_since=LATER), Asked(if_unmodified_since=EARLIER)):
        assert precondition(asked, TAG, None) is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (TAG, True),
        (b"W/" + TAG, False),
        (b'"x"', False),
        (TAG + b", " + TAG, False),
        (LATER, True),
        (EARLIER, False),
        (b"Monday, 23-Nov-26 04:30:12 GMT", True),
        (b"", False),
        (b"nonsense", False),
    ],
)
def test_if_range(header: bytes, expected: bool) -> None:
    assert is_same_representation(header, TAG, MODIFIED) is expected
    assert not is_same_representation(LATER, TAG, None)
