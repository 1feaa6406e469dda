"""The publisher's files and its record of them → documents ready to send, kept in memory.

A document's file is looked at with stat(2) a few times a second at most (looking costs a sixth of
a 304), so that whatever process published is followed at once; it is read, hashed and compressed
again only when the file is another one.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aggregator.model import Config, DocumentRecord
from aggregator.store import StoreReader
from aggregator.web.conditional import http_date
from aggregator.web.state import WebState

# Feeds change by the minute; takedowns must not linger (design, decision 6: at most 15 minutes).
MAX_AGE_S = 300
# Memory for documents, plain and compressed together; the least recently asked for goes first.
KEPT_BYTES = 64 * 2**20
# How long a document is taken to be what it was without looking at its file.
LOOK_EVERY = timedelta(milliseconds=250)
# How old the list of documents and outputs may be when a name is looked up.
CATALOG_AGE = timedelta(seconds=1)
# How long a new file waits for its record, once, before it is served without.
SETTLING_S = 0.05
GZIP_LEVEL = 6
DIGEST_LENGTH = 12

Header = tuple[bytes, bytes]
# The file's identity: a rename puts another inode in place, and always another change time.
Signature = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Representation:
    """A document in one content coding, with the headers of its answers ready to send."""

    etag: bytes
    body: bytes
    headers: list[Header]
    headers_not_modified: list[Header]


@dataclass(frozen=True, slots=True)
class Document:
    """A published document in memory. `settled`: the store's record agrees with the bytes."""

    signature: Signature
    last_modified: datetime
    plain: Representation
    gzip: Representation
    read_at: datetime
    settled: bool

    @property
    def memory(self) -> int:
        """The bytes it takes."""
        return len(self.plain.body) + len(self.gzip.body)


@dataclass(frozen=True, slots=True)
class Catalog:
    """What the store knew at `read_at`: the paths of outputs, and the documents written."""

    read_at: datetime
    outputs: frozenset[str]
    documents: dict[str, DocumentRecord]


@dataclass(slots=True)
class _Kept:
    """A document in memory, and when its file was last looked at."""

    document: Document
    looked_at: datetime


class Documents:
    """The documents under `publish.directory`; only paths that the store knows are looked up."""

    def __init__(self, state: WebState) -> None:
        self._state = state
        self._folder = state.config.publish.directory
        self._config = state.config
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._memory = 0
        self._catalog: Catalog | None = None
        self._loading: dict[str, asyncio.Task[Document | None]] = {}

    def fresh(self, path: str) -> Document | None:
        """The document of `path` if it is in memory and still the file on disk; never waits."""
        self._follow_folder()
        kept = self._kept.get(path)
        if kept is None:
            return None
        now = self._state.clock.now()
        if abs(now - kept.looked_at) >= LOOK_EVERY:
            if self._is_to_be_settled(kept.document, now):
                return None
            if _signature(f"{self._folder}/{path}") != kept.document.signature:
                return None
            kept.looked_at = now
            self._kept.move_to_end(path)
        return kept.document

    async def find(self, path: str) -> Document | None:
        """The document of `path` (`feeds/all.atom`); None for one that is not published (yet).

        Requests that come together share one reading. Raises StoreError.
        """
        document = self.fresh(path)
        if document is not None:
            return document
        if not await self.is_known(path):
            self._forget(path)
            return None
        loading = self._loading.get(path)
        if loading is None:
            loading = self._loading[path] = asyncio.create_task(self._load(path))
            loading.add_done_callback(lambda _: self._loading.pop(path, None))
        return await asyncio.shield(loading)

    async def is_known(self, path: str) -> bool:
        """Whether the store knows an output or a document of this path. Raises StoreError."""
        catalog = self._catalog
        if catalog is None or path not in catalog.documents:
            catalog = await self._read_catalog(CATALOG_AGE)
        return path in catalog.documents or path in catalog.outputs

    async def _load(self, path: str) -> Document | None:
        document = await self._read(path, CATALOG_AGE)
        if document is not None and not document.settled:
            document = await self._read(path, timedelta(0))
        if document is not None and not document.settled:
            # The file stands a moment before its record does: so long can an ETag wait.
            await asyncio.sleep(SETTLING_S)
            document = await self._read(path, timedelta(0))
        self._forget(path)
        if document is not None:
            self._keep(path, document)
        return document

    async def _read(self, path: str, oldest: timedelta) -> Document | None:
        record = (await self._read_catalog(oldest)).documents.get(path)
        file, now = Path(self._folder, path), self._state.clock.now()
        links = _links(path, self._config)
        return await asyncio.to_thread(_read_document, file, record, now, links)

    async def _read_catalog(self, oldest: timedelta) -> Catalog:
        now = self._state.clock.now()
        catalog = self._catalog
        if catalog is None or not oldest or abs(now - catalog.read_at) >= oldest:
            catalog = self._catalog = await self._state.read(lambda reader: _catalog(reader, now))
        return catalog

    def _is_to_be_settled(self, document: Document, now: datetime) -> bool:
        """Whether the record did not fit when last looked at, and it is time to look again."""
        return not document.settled and abs(now - document.read_at) >= CATALOG_AGE

    def _follow_folder(self) -> None:
        """Forget everything when another config came in force: folder and links may differ."""
        config = self._state.config
        if config is not self._config:
            self._config = config
            self._folder = config.publish.directory
            self._kept.clear()
            self._memory = 0

    def _keep(self, path: str, document: Document) -> None:
        self._kept[path] = _Kept(document, document.read_at)
        self._memory += document.memory
        while self._memory > KEPT_BYTES and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._memory -= dropped.document.memory

    def _forget(self, path: str) -> None:
        kept = self._kept.pop(path, None)
        if kept is not None:
            self._memory -= kept.document.memory


def _catalog(reader: StoreReader, now: datetime) -> Catalog:
    outputs = frozenset(f"feeds/{output.name}.atom" for output in reader.outputs())
    return Catalog(now, outputs, reader.documents())


def _signature(path: str | Path) -> Signature | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _links(path: str, config: Config) -> bytes | None:
    """The Link header of a feed that has a hub: both where WebSub looks first (section 4)."""
    hub = config.hub_url
    own = f"{config.base_url}/{path}"
    return f'<{hub}>; rel="hub", <{own}>; rel="self"'.encode() if hub is not None else None


def _read_document(
    file: Path, record: DocumentRecord | None, now: datetime, links: bytes | None
) -> Document | None:
    """The file as a document. Where the record does not fit the bytes, the bytes have the say."""
    try:
        with file.open("rb") as opened:
            found = os.fstat(opened.fileno())
            body = opened.read()
    except OSError:
        return None
    digest = hashlib.sha256(body).hexdigest()
    settled = record is not None and record.digest == digest
    if record is not None and settled:
        modified = record.modified_at
    else:
        modified = datetime.fromtimestamp(int(found.st_mtime), UTC)
    opaque = f"{record.revision if record else 0}-{digest[:DIGEST_LENGTH]}"
    packed = gzip.compress(body, GZIP_LEVEL, mtime=0)
    return Document(
        signature=(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns),
        last_modified=modified,
        plain=_representation(body, opaque, modified, None, links),
        gzip=_representation(packed, f"{opaque}-gz", modified, b"gzip", links),
        read_at=now,
        settled=settled,
    )


def _representation(
    body: bytes, opaque: str, modified: datetime, coding: bytes | None, links: bytes | None
) -> Representation:
    """Headers of a 200 and, without those that describe a body, of a 304 (RFC 9110 15.4.5)."""
    etag = f'"{opaque}"'.encode()
    lasting: list[Header] = [
        (b"etag", etag),
        (b"cache-control", f"public, max-age={MAX_AGE_S}".encode()),
        (b"vary", b"Accept-Encoding"),
    ]
    described: list[Header] = [
        (b"content-type", b"application/atom+xml; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"last-modified", http_date(modified)),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    ]
    if links is not None:
        described.append((b"link", links))
    if coding is not None:
        described.append((b"content-encoding", coding))
    return Representation(etag, body, lasting + described, lasting)
