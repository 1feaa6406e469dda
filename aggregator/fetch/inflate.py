"""Turns a body as it came over the wire into the body that was meant, under a cap.

Output is made in small steps and counted while it grows, so a bomb costs at most the cap.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Generator, Iterator
from typing import Any

try:  # in under half the time; inflating is a fifth of what a feed without news costs
    from zlib_ng.zlib_ng import decompressobj
except ImportError:  # a platform for which there is no wheel of it
    from zlib import decompressobj  # type: ignore[assignment]

STEP = 2**18
SLICE = 2**16
MAX_CODINGS = 5
# gzip members or zstd blocks in one body: enough for any honest encoder, and no more, because
# each costs something even where it holds nothing.
MAX_PARTS = 4096
# RFC 9659: a zstd content coding must not need a window above 8 MiB.
_ZSTD_WINDOW = 2**23
GZIP = zlib.MAX_WBITS | 16
_CUT = "the compressed body ends before its end"
_GZIP_MAGIC = b"\x1f\x8b"


class InflateError(Exception):
    """A body that cannot be inflated. `reason` is the failure's short name."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def codings(content_encoding: str | None) -> tuple[str, ...]:
    """The codings of a Content-Encoding value in the order they were applied (RFC 9110 8.4).

    Raises InflateError for one that was not offered, or for too many of them.
    """
    if not content_encoding:
        return ()
    names = [name.strip().lower().removeprefix("x-") for name in content_encoding.split(",")]
    known = tuple(name for name in names if name and name != "identity")
    if len(known) > MAX_CODINGS:
        raise InflateError("bad-encoding", f"the body is encoded {len(known)} times over")
    for name in known:
        if name not in _INFLATERS:
            raise InflateError("bad-encoding", f"the content coding {name[:40]!r} is unknown")
    return known


def inflate(wire: bytes, applied: tuple[str, ...], limit: int) -> Generator[int, None, bytes]:
    """Inflate `wire` through all codings; yields the bytes made so far, returns the body.

    A generator so that its caller can let others work between two steps. Raises InflateError
    (`too-large`, `bad-encoding`, `truncated`) as soon as any layer passes `limit` bytes.
    """
    body = wire
    for name in reversed(applied):
        if not body:
            break  # nothing encoded is nothing: some servers label an empty body
        made: list[bytes] = []
        size = 0
        for piece in _steps(name, body):
            size += len(piece)
            if size > limit:
                raise InflateError("too-large", f"the body is over {limit} bytes when inflated")
            made.append(piece)
            yield size
        body = b"".join(made)
    return body


def _steps(name: str, body: bytes) -> Iterator[bytes]:
    """One layer's output in pieces of about STEP; foreign errors become InflateError."""
    try:
        yield from _INFLATERS[name](body)
    except InflateError:
        raise
    except MemoryError as error:
        raise InflateError("too-large", "the body needs too much memory to inflate") from error
    except Exception as error:  # each codec has its own family of errors
        raise InflateError("bad-encoding", f"the body is not sound {name}: {error}") from error


def _slices(body: bytes) -> Iterator[bytes]:
    """The body in input slices: what a codec hands back unread is copied, so it stays small."""
    for start in range(0, len(body), SLICE):
        yield body[start : start + SLICE]


def _zlib(body: bytes, wbits: int) -> Iterator[bytes]:
    """One zlib, raw deflate or gzip stream; for gzip all members (RFC 1952 2.2)."""
    engine: Any = decompressobj(wbits)
    members = 1
    for data in _slices(body):
        rest = data
        while rest:
            if engine.eof:
                # Padding or garbage after the last member is ignored, as gzip(1) does.
                if wbits != GZIP or not rest.startswith(_GZIP_MAGIC[: len(rest)]):
                    return
                members += 1
                if members > MAX_PARTS:
                    raise InflateError(
                        "bad-encoding", f"the body has over {MAX_PARTS} gzip members"
                    )
                engine = decompressobj(wbits)
            yield engine.decompress(rest, STEP)
            rest = engine.unused_data if engine.eof else engine.unconsumed_tail
    while not engine.eof:
        # All input is taken; what is still inside comes out in bounded pieces.
        piece = engine.decompress(b"", STEP)
        if not piece:
            raise InflateError("truncated", _CUT)
        yield piece


def _gzip(body: bytes) -> Iterator[bytes]:
    return _zlib(body, GZIP)


def _deflate(body: bytes) -> Iterator[bytes]:
    """The zlib format (RFC 1950) as the RFC says, or raw deflate as many servers send."""
    is_zlib = len(body) >= 2 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    return _zlib(body, zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)


def _brotli(body: bytes) -> Iterator[bytes]:
    import brotli  # type: ignore[import-untyped]

    engine = brotli.Decompressor()
    for data in _slices(body):
        yield engine.process(data, output_buffer_limit=STEP)
        while not engine.can_accept_more_data():
            yield engine.process(b"", output_buffer_limit=STEP)
        if engine.is_finished():
            return
    raise InflateError("truncated", _CUT)


def _zstd(body: bytes) -> Iterator[bytes]:
    import zstandard

    _check_zstd_frames(body)
    engine = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    with engine.stream_reader(io.BytesIO(body), read_across_frames=True) as reader:
        while piece := reader.read(STEP):
            yield piece


_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


def _check_zstd_frames(body: bytes) -> None:
    """Walk the frames and blocks (RFC 8878 3.1) without inflating: are they all there?

    The library's reader cannot tell a cut stream from a finished one.
    """
    import zstandard

    at = parts = 0
    while at < len(body):
        magic = body[at : at + 4]
        parts += 1
        if len(magic) == 4 and 0x184D2A50 <= int.from_bytes(magic, "little") <= 0x184D2A5F:
            at += 8 + int.from_bytes(body[at + 4 : at + 8], "little")  # a skippable frame
        elif magic == _ZSTD_MAGIC:
            head = body[at : at + 18]
            if len(head) < 9:  # the smallest frame: magic, descriptor, window or size, block
                raise InflateError("truncated", _CUT)
            checksum = zstandard.get_frame_parameters(head).has_checksum
            at, parts = _skip_zstd_blocks(body, at + zstandard.frame_header_size(head), parts)
            at += 4 if checksum else 0
        else:
            raise InflateError("bad-encoding", "the body is not sound zstd")
        if parts > MAX_PARTS:
            raise InflateError("bad-encoding", f"the body has over {MAX_PARTS} zstd blocks")
    if at > len(body):
        raise InflateError("truncated", _CUT)


def _skip_zstd_blocks(body: bytes, at: int, parts: int) -> tuple[int, int]:
    """The offset behind a frame's last block, given that of its first; and the parts so far."""
    while parts <= MAX_PARTS:
        if at + 3 > len(body):
            raise InflateError("truncated", _CUT)
        header = int.from_bytes(body[at : at + 3], "little")
        kind, size = header >> 1 & 3, header >> 3
        at += 3 + (1 if kind == 1 else size)  # kind 1 is one byte, repeated
        parts += 1
        if header & 1:
            break
    return at, parts


_INFLATERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
