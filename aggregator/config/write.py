"""An edit of feeds.yaml's bytes → the file replaced as a whole, if what comes out is valid."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from aggregator.config.load import parse_config
from aggregator.model import Config


def update_file(
    path: Path, edit: Callable[[bytes], bytes], environ: Mapping[str, str] | None = None
) -> Config:
    """Replace feeds.yaml by `edit` of it, and return the Config it then says.

    Written aside, flushed to disk and renamed, so that no reader sees half of it; a symbolic link
    stays one, and the file keeps its permissions. An edit by someone else in the meantime is not
    overwritten but edited in turn. Raises ConfigError where the outcome is not valid (then
    nothing is written), OSError, and what `edit` raises.
    """
    environ = os.environ if environ is None else environ
    target = Path(os.path.realpath(path))
    while True:
        before = target.read_bytes()
        after = edit(before)
        config = parse_config(after, path, environ)
        if target.read_bytes() == before:
            _replace(target, after)
            return config


def _replace(target: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(OSError):
            status = target.stat()
            os.chmod(name, status.st_mode & 0o7777)
            os.chown(name, status.st_uid, status.st_gid)
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
