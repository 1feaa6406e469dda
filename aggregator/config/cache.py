"""Validated data of feeds.yaml ↔ a small file of the user's cache, so that a start reads it once.

Under the digest of the file's bytes, its path and the program's version. Secrets are never in it:
`${NAME}` is kept as written, and filled in from the environment at every load.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aggregator import __version__

KEPT = 16
# Grows with every change of the form of what is cached, or of what is valid.
FORM = 9


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """Where validated configurations are kept; None where there is no such place."""
    base = environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):
        return Path(base, "aggregator", "config")
    home = environ.get("HOME") or environ.get("USERPROFILE", "")
    return Path(home, ".cache", "aggregator", "config") if os.path.isabs(home) else None


def cache_key(digest: str, path: Path) -> str:
    """The name of a configuration in the cache."""
    parts = (digest, str(path), _program_version(), str(FORM))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _program_version() -> str:
    """The version of the program, and of the code that decides what is valid.

    The times of the files stand in for a version while the program is being changed.
    """
    folder = Path(__file__).parent
    try:
        changed = max(entry.stat().st_mtime_ns for entry in os.scandir(folder) if entry.is_file())
        changed = max(changed, folder.with_name("query.py").stat().st_mtime_ns)
    except (OSError, ValueError):
        changed = 0
    return f"{__version__}-{changed}"


def read_cache(folder: Path | None, key: str) -> dict[str, Any] | None:
    """Validated data kept under a key; None when there is none that can be read."""
    if folder is None:
        return None
    try:
        data = json.loads((folder / f"{key}.json").read_bytes())
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and isinstance(data.get("sources"), list) else None


def write_cache(folder: Path | None, key: str, data: dict[str, Any]) -> None:
    """Keep validated data under a key; where that is impossible, nothing happens."""
    if folder is None:
        return
    with contextlib.suppress(OSError, ValueError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=folder, suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                # dumps, not dump: the latter takes three times as long.
                file.write(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
            os.replace(name, folder / f"{key}.json")
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        _drop_old(folder)


def _drop_old(folder: Path) -> None:
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for file in files[KEPT:]:
        file.unlink(missing_ok=True)
