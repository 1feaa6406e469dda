"""What a client would rather have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.web.negotiate import preferred_coding, preferred_language


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        (b"", None),
        (b"gzip", "gzip"),
        (b"x-gzip", "gzip"),
        (b"GZIP, deflate, br", "br"),
        (b"br;q=1, gzip;q=0.5", "br"),
        (b"br;q=0.5, gzip;q=0.8", "gzip"),
        (b"br;q=0, gzip", "gzip"),
        (b"gzip;q=0", None),
        (b"gzip; q=0.000", None),
        (b"*", "br"),
        (b"*;q=0", None),
        (b"*;q=0, gzip", "gzip"),
        (b"*, gzip;q=0", "br"),
        (b"*, br;q=0", "gzip"),
        (b"identity", None),
        (b"identity;q=1, gzip;q=0.5", None),
        (b"gzip;q=nonsense", None),
        (b"deflate, br", "br"),
    ],
)
def test_coding(header: bytes | None, expected: str | None) -> None:
    assert preferred_coding(header) == expected


@given(st.binary(max_size=600))
def test_any_header_is_answered(header: bytes) -> None:
    assert preferred_coding(header) in (None, "gzip", "br")
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
