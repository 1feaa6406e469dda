"""A file on any kind of file system → a signal whenever its content has become another one."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

# An edit is found at the next look and told at the one after it, on file systems without events
# too: well within the three seconds that are promised. A look costs some ten microseconds.
INTERVAL = 0.7
# Times of files can be too coarse (2 s on FAT), or kept on purpose by who copies: every so many
# looks the content is read although the file looks the same.
READ_EVERY = 10
# Lists that the file includes (OPML on this machine) are read again although it stays the same.
TELL_EVERY_S = 86_400.0

Signature = tuple[int, ...] | None


class ConfigWatch:
    """Tells when a file changed: written in place, replaced by rename, removed, or restored.

    A change is told once the content stood still between two looks, so that a file that is being
    written is not read halfway; one that never stands still is told anyway after `patience` looks.
    """

    def __init__(
        self,
        path: Path,
        digest: str | None = None,
        interval: float = INTERVAL,
        patience: int = 2,
        tell_every: float = TELL_EVERY_S,
    ) -> None:
        """Watch `path`; `digest` is the SHA-256 (hex) of the content in force (Config.digest).

        Without it the content of this moment is taken for known. `interval` and `tell_every` are
        in seconds; after the latter `changes` gives an item although nothing changed.
        """
        self._path = path
        self._interval = interval
        self._patience = patience
        self._looks_a_telling = max(1, round(tell_every / interval))
        self._signature: Signature = self._look()
        self._told = self._digest() if digest is None else bytes.fromhex(digest)
        self._seen = self._told if digest is None else self._digest()
        self._waited = 0
        self._looks = 0
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look at once, and tell even when nothing changed (SIGHUP). Not for other threads."""
        self._told = b"?"
        self._waited = self._patience
        self._woken.set()

    async def changes(self) -> AsyncIterator[None]:
        """One item for each change, for ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._interval)
            self._woken.clear()
            if self.has_changed() or self._looks % self._looks_a_telling == 0:
                yield None

    def has_changed(self) -> bool:
        """One look: whether there is a change to tell that was not told before."""
        self._looks += 1
        signature = self._look()
        same = signature == self._signature and self._seen == self._told
        if same and self._looks % READ_EVERY:
            return False
        self._signature = signature
        seen = self._digest()
        if seen == self._told:
            self._seen, self._waited = seen, 0
            return False
        self._waited += 1
        steady = seen == self._seen
        self._seen = seen
        if not steady and self._waited <= self._patience:
            return False
        self._told, self._waited = seen, 0
        return True

    def _look(self) -> Signature:
        try:
            found = self._path.stat()
        except (OSError, ValueError):
            return None
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def _digest(self) -> bytes:
        try:
            return hashlib.sha256(self._path.read_bytes()).digest()
        except (OSError, ValueError):
            return b""
