"""Bytes → a file that is always whole: written aside, fsynced, renamed, only if they differ."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from datetime import datetime
from io import FileIO
from pathlib import Path

LEFT_OVER_AFTER_S = 3600


def write_document(path: Path, body: bytes, modified_at: datetime) -> bool:
    """Put `body` at `path`; True when the file changed. Its folder is then to be synced.

    A reader sees the old bytes or the new ones, never a part (rename(2)); after a power cut too,
    since the file is synced here and the folder by `sync_folder`. The file's time is
    `modified_at`, for static servers. It is readable by all: it is published. Raises OSError.
    """
    try:
        if os.stat(path).st_size == len(body) and path.read_bytes() == body:
            return False
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    partial = f"{path.parent}/.{path.name}.{os.getpid()}"
    with suppress(FileNotFoundError):  # of a process that had this number and was killed
        os.unlink(partial)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with open(descriptor, "wb", buffering=0) as aside:
            _write_all(aside, body)
            os.fchmod(descriptor, 0o644)
            moment = modified_at.timestamp()
            os.utime(descriptor, (moment, moment))
            os.fsync(descriptor)
        os.replace(partial, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(partial)
        raise
    return True


def _write_all(file: FileIO, body: bytes) -> None:
    """Write the whole of it: one call may write less, near a full disk."""
    rest = memoryview(body)
    while rest:
        rest = rest[file.write(rest) :]


def remove_leftovers(folder: Path, now: float | None = None) -> None:
    """Remove files written aside more than an hour before `now` (Unix time) and never renamed."""
    now = time.time() if now is None else now
    for pattern in (".*.*.*", "*/.*.*.*"):
        for partial in folder.glob(pattern):
            with suppress(OSError):
                # Not st_mtime: that is set to the document's own time.
                if now - partial.stat().st_ctime > LEFT_OVER_AFTER_S:
                    partial.unlink()


def remove_document(path: Path, root: Path) -> None:
    """Take a document away, and its folder if it was the last in it and is not `root` itself.

    Harmless when it is gone already.
    """
    path.unlink(missing_ok=True)
    if path.parent != root:
        with suppress(OSError):
            path.parent.rmdir()


def sync_folder(folder: Path) -> None:
    """Make the renames in a folder outlast a power cut. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
