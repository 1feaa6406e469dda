"""Turns a file on this machine into the outcome of a fetch, with its state as validator."""

from __future__ import annotations

import hashlib
import os
import stat
from urllib.parse import unquote, urlsplit

from aggregator.model import Fetched, FetchFailed, FetchOutcome, FetchRequest, NotModified


def path_of(url: str) -> str | None:
    """The absolute path that a `file:` URL (RFC 8089) or an absolute path names, else None.

    A `file:` URL may name no other machine than `localhost`.
    """
    if url.startswith("/"):
        return url
    if url[:5].lower() != "file:":
        return None
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        return None
    path = unquote(parts.path)
    return path if path.startswith("/") and "\0" not in path else None


def read_file(request: FetchRequest, limit: int) -> FetchOutcome:
    """Read what `request.url` names, up to `limit` bytes; its mtime and size are its ETag.

    Blocks: run it in a thread. Only regular files are read, so that no pipe or device can hang it.
    """
    path = path_of(request.url)
    if path is None:
        return FetchFailed(request.url, "bad-url", f"{request.url} names no absolute path here")
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return FetchFailed(request.url, "file", f"cannot open {path}: {error.strerror}")
    state = os.fstat(handle)
    if not stat.S_ISREG(state.st_mode):
        os.close(handle)
        return FetchFailed(request.url, "file", f"{path} is not a regular file")
    with os.fdopen(handle, "rb") as file:
        etag = f'"{state.st_mtime_ns:x}-{state.st_size:x}"'
        if request.etag == etag:
            return NotModified(request.url, 304, etag=etag)
        try:
            body = file.read(limit + 1)
        except OSError as error:
            return FetchFailed(request.url, "file", f"cannot read {path}: {error.strerror}")
    if len(body) > limit:
        return FetchFailed(request.url, "too-large", f"{path} is over {limit} bytes")
    digest = hashlib.sha256(body).hexdigest()
    if digest == request.body_digest:
        return NotModified(request.url, 200, etag=etag)
    return Fetched(request.url, 200, body, digest, etag=etag)
