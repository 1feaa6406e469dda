"""Bytes → a file that is always whole: written aside, fsynced, renamed, only if they differ."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

LEFT_OVER_AFTER_S = 3600


def write_document(path: Path, body: bytes, modified_at: datetime) -> bool:
    """Put `body` at `path`; True when the file changed.

    A reader sees the old bytes or the new ones, never a part (rename(2)); after a power cut too,
    since file and folder are synced. The file's time is `modified_at`, for static servers. The
    file is readable by all: it is published. Raises OSError.
    """
    try:
        if path.stat().st_size == len(body) and path.read_bytes() == body:
            return False
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as aside:
        partial = Path(aside.name)
        try:
            aside.write(body)
            aside.flush()
            os.fchmod(aside.fileno(), 0o644)
            moment = modified_at.timestamp()
            os.utime(aside.fileno(), (moment, moment))
            os.fsync(aside.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    _sync_folder(path.parent)
    return True


def remove_leftovers(folder: Path, now: float | None = None) -> None:
    """Remove files written aside more than an hour before `now` (Unix time) and never renamed."""
    now = time.time() if now is None else now
    for partial in folder.glob(".*.atom.*"):
        with suppress(OSError):
            # Not st_mtime: that is set to the document's own time.
            if now - partial.stat().st_ctime > LEFT_OVER_AFTER_S:
                partial.unlink()


def remove_document(path: Path) -> None:
    """Take a document away; harmless when it is gone already."""
    path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
