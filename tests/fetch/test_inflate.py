"""Whichever library inflates, it takes what zlib takes, refuses what zlib refuses, and stops."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch.inflate import GZIP, STEP, InflateError, inflate

LIMIT = 2**20


def _inflated(wire: bytes, coding: str = "gzip") -> bytes | str:
    """The body, or the reason for which there is none."""
    steps = inflate(wire, (coding,), LIMIT)
    made = 0
    while True:
        try:
            following = next(steps)
        except StopIteration as stop:
            body: bytes = stop.value
            return body
        except InflateError as error:
            return error.reason
        assert following - made <= STEP
        made = following


def _by_zlib(wire: bytes) -> bytes | str:
    engine = zlib.decompressobj(GZIP)
    try:
        body = engine.decompress(wire) + engine.flush()
    except zlib.error:
        return "bad-encoding"
    return body if engine.eof else "truncated"


@given(st.binary(max_size=400).map(lambda part: part * 50), st.data())
def test_a_gzip_body_reads_as_zlib_reads_it_whole_cut_or_damaged(
    body: bytes, data: st.DataObject
) -> None:
    wire = bytearray(gzip.compress(body, mtime=0))
    for at in data.draw(st.lists(st.integers(0, len(wire) - 1), max_size=2)):
        wire[at] ^= data.draw(st.integers(0, 255))
    wire = wire[: data.draw(st.integers(1, len(wire)) | st.just(len(wire)))]
    assert _inflated(bytes(wire)) == _by_zlib(bytes(wire))


def test_members_one_after_another_are_one_body_and_padding_is_none() -> None:
    wire = gzip.compress(b"a" * 100_000) + gzip.compress(b"b")
    assert _inflated(wire + b"\0" * 512) == b"a" * 100_000 + b"b"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_costs_no_more_than_the_limit(coding: str) -> None:
    bomb = b"\0" * (8 * LIMIT)
    wire = gzip.compress(bomb) if coding == "gzip" else zlib.compress(bomb)
    assert _inflated(wire, coding) == "too-large"


def test_deflate_is_read_with_its_header_and_without() -> None:
    raw = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    assert _inflated(raw.compress(b"x" * 5000) + raw.flush(), "deflate") == b"x" * 5000
    assert _inflated(zlib.compress(b"x" * 5000), "deflate") == b"x" * 5000
