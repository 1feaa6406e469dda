"""The OPML lists that feeds.yaml includes → more sources and categories of its Config.

A list on this machine is read where it lies. One from the network is fetched once a day by
`refresh_includes` and read from the copy that is kept beside the store, so that reading the
configuration never waits for anybody, and an origin that is down takes no source away.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from aggregator.config import values
from aggregator.config.build import Fault
from aggregator.config.merge import merge_outlines
from aggregator.config.names import slug
from aggregator.config.opml import OpmlError, read_opml
from aggregator.model import (
    Category,
    Config,
    Fetched,
    FetchFailed,
    FetchOutcome,
    FetchRequest,
    Source,
)

READ_EVERY = timedelta(days=1)
MAX_BYTES = 16 * 2**20


class Door(Protocol):
    """What of a Fetcher is needed here."""

    async def fetch(self, request: FetchRequest) -> FetchOutcome:
        """The outcome of one request."""

    def release(self, fetched: Fetched) -> None:
        """Give a body back."""


def with_includes(config: Config, locations: list[str]) -> tuple[Config, list[Fault]]:
    """`config` with the sources and categories of the lists at `locations` (as in the file).

    Sources come behind those of the file; one whose address is there already is left out. Their
    ids begin with the name of the list, which marks where they come from. What is wrong with a
    list is a fault; one that was not fetched yet adds nothing.
    """
    faults: list[Fault] = []
    for number, location in enumerate(locations):
        try:
            content = _content(config, location)
            if content is not None:
                config = _added(config, content, list_name(location))
        except (OpmlError, OSError) as error:
            told = error.strerror if isinstance(error, OSError) else str(error)
            message = f"the included list cannot be used: {told}"
            faults.append(Fault(("include", number), message, "mend the list, or remove this line"))
    return config, faults


def list_name(location: str) -> str:
    """The name of a list, from its file: `friends` of https://example.org/friends.opml?x."""
    path = unquote(urlsplit(location).path if "://" in location else location)
    stem = path.rstrip("/").rpartition("/")[2].partition(".")[0]
    return slug(stem)[:24].strip("-") or "list"


def _content(config: Config, location: str) -> bytes | None:
    url = values.resolve_source_url(location, Path(config.path).parent)
    if not url.startswith("file:"):
        kept = _kept(copy_path(config, location))
        return None if kept is None else base64.b64decode(kept["opml"])
    with open(unquote(urlsplit(url).path), "rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OpmlError(f"over {MAX_BYTES // 2**20} MiB")
    return content


def _added(config: Config, content: bytes, name: str) -> Config:
    merge = merge_outlines(config, read_opml(content), prefix=f"{name}-")
    categories = tuple(Category(item["id"], item["title"]) for item in merge.categories)
    sources = tuple(
        Source(
            id=item["id"],
            title=item.get("title", item["id"]),
            url=item["url"],
            categories=(item["category"],) if "category" in item else (),
            language=item.get("language"),
        )
        for item in merge.sources
    )
    return replace(
        config,
        categories=(*config.categories, *categories),
        sources=(*config.sources, *sources),
    )


# ---------------------------------------------------------------- copies of lists from the network


def copy_path(config: Config, location: str) -> Path:
    """Where the copy of a list is kept: beside the store, under a digest of its location."""
    digest = hashlib.sha256(location.encode()).hexdigest()[:24]
    return Path(config.store.removeprefix("sqlite:")).parent / "included" / f"{digest}.json"


def _kept(path: Path) -> dict[str, Any] | None:
    try:
        kept = json.loads(path.read_bytes())
        base64.b64decode(kept["opml"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return kept if isinstance(kept, dict) else None


async def refresh_includes(
    config: Config,
    locations: tuple[str, ...],
    door: Door,
    now: datetime,
    environ: Mapping[str, str],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Fetch the lists whose copy is a day old: (names of those that changed, what went wrong).

    Conditional from the second time on. A list that cannot be fetched or read leaves the copy.
    """
    changed: list[str] = []
    problems: list[str] = []
    for location in locations:
        url = values.fill_in(location, environ)
        if not url.lower().startswith(("http://", "https://")):
            continue
        path = copy_path(config, location)
        kept = _kept(path) or {}
        if _is_fresh(kept, now):
            continue
        request = FetchRequest(
            url, kept.get("etag"), kept.get("last_modified"), kept.get("body_digest")
        )
        outcome = await door.fetch(request)
        told = _take(outcome, kept, path, now, door)
        if told is None:
            continue
        (changed if told == "" else problems).append(
            list_name(location) if told == "" else f"included list {list_name(location)}: {told}"
        )
    return tuple(changed), tuple(problems)


def _is_fresh(kept: dict[str, Any], now: datetime) -> bool:
    try:
        age = now - datetime.fromisoformat(kept["fetched_at"])
    except (KeyError, TypeError, ValueError):
        return False
    return timedelta(0) <= age < READ_EVERY


def _take(
    outcome: FetchOutcome, kept: dict[str, Any], path: Path, now: datetime, door: Door
) -> str | None:
    """Keep what came: '' for a changed list, None for the same, else what is wrong."""
    stamp = now.isoformat()
    if isinstance(outcome, FetchFailed):
        if kept:  # asked again tomorrow, not at the next call: the copy serves until then
            _write(path, {**kept, "fetched_at": stamp})
        return outcome.message
    if not isinstance(outcome, Fetched):
        _write(path, {**kept, "fetched_at": stamp})
        return None
    try:
        read_opml(outcome.body)
    except OpmlError as error:
        if kept:
            _write(path, {**kept, "fetched_at": stamp})
        return str(error)
    finally:
        door.release(outcome)
    _write(
        path,
        {
            "etag": outcome.etag,
            "last_modified": outcome.last_modified,
            "body_digest": outcome.body_digest,
            "fetched_at": stamp,
            "opml": base64.b64encode(outcome.body).decode(),
        },
    )
    return None if outcome.body_digest == kept.get("body_digest") else ""


def _write(path: Path, kept: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".new")
        aside.write_text(json.dumps(kept), encoding="utf-8")
        os.replace(aside, path)
