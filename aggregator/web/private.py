"""A request for a private output → its feed for who has a token, and 401 for everybody else.

A private output has no file: its feed is made for the request, from the store as it is. What else
there is of an output (archives, earlier forms, deltas, a hub) there is not of a private one.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from base64 import b64decode
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.types import Scope

from aggregator.model import OutputRecord, PublishedStory, Token
from aggregator.publish.entry import render_story
from aggregator.publish.feed import Place, language_of, render_feed, render_json, render_rss
from aggregator.store import StoreError, StoreReader, open_store
from aggregator.web.answers import Answers, response_of
from aggregator.web.asked import asked_of
from aggregator.web.documents import (
    CONTENT_TYPES,
    DIGEST_LENGTH,
    FEED_KINDS,
    SAFE,
    is_subscription,
    kind_of,
    output_of,
)
from aggregator.web.resource import Header, Resource, answer_of, make_resource
from aggregator.web.state import WebState

log = logging.getLogger(__name__)

# What a token opens is for its holder alone: no cache keeps it, no link leads on with its address.
_FOR_ONE: tuple[Header, ...] = (
    (b"cache-control", b"private, no-store"),
    (b"referrer-policy", b"no-referrer"),
)
_VARY = "Accept-Encoding, Authorization"
_KEPT = 32
# How often it is noted that a token is used.
NOTED_EVERY = timedelta(minutes=1)
_WRITERS = {"atom": render_feed, "rss": render_rss, "json": render_json}


class PrivateFeeds:
    """Answers for outputs that feeds.yaml says are private."""

    def __init__(self, state: WebState, answers: Answers) -> None:
        self._state = state
        self._answers = answers
        self._kept: OrderedDict[tuple[object, ...], Resource] = OrderedDict()
        self._noted: dict[int, datetime] = {}
        self._notes = ThreadPoolExecutor(1, thread_name_prefix="tokens")
        self._config = state.config
        self._names = _names_of(state)

    def name_of(self, path: str) -> str | None:
        """The private output that a path (`feeds/…`) is of, by its present name; None for none."""
        if self._state.config is not self._config:
            self._config = self._state.config
            self._names = _names_of(self._state)
        return self._names.get(output_of(path)) if self._names else None

    async def answer(self, path: str, name: str, scope: Scope) -> Response:
        """The answer to a GET or HEAD for a path of the private output `name`. Raises StoreError.

        Only the feed itself is there; that a token is asked for tells that much to anybody.
        """
        output = await self._state.read(lambda reader: _output(reader, name))
        tokens = await self._state.read(lambda reader: reader.tokens(output.output_id)) if (
            output is not None
        ) else []  # fmt: skip
        token = _opening(presented_in(scope), tokens)
        if token is None or output is None:
            return self._refused(scope)
        self._note(token)
        if output_of(path) != name:
            rest = path.removeprefix(f"feeds/{output_of(path)}")
            response = self._answers.moved(self._state.site.uri(f"feeds/{name}{rest}"))
        elif not is_subscription(path) or kind_of(path) not in FEED_KINDS:
            response = self._answers.lost(scope)
        else:
            resource = await self._resource(output, kind_of(path))
            return response_of(answer_of(resource, asked_of(scope), _FOR_ONE))
        for key, value in _FOR_ONE:
            response.headers[key.decode()] = value.decode()
        return response

    def _refused(self, scope: Scope) -> Response:
        """401 with how to show a token (RFC 9110 11.6.1, RFC 7617, RFC 6750 3)."""
        response = self._answers.message(scope, 401, "token_wanted")
        response.headers["www-authenticate"] = (
            'Basic realm="aggregator", charset="UTF-8", Bearer realm="aggregator"'
        )
        for key, value in _FOR_ONE:
            response.headers[key.decode()] = value.decode()
        return response

    async def _resource(self, output: OutputRecord, kind: str) -> Resource:
        config = self._state.config
        key = (output.name, kind, output.stirred_revision, config.digest, config.base_url)
        if key not in self._kept:
            limit, per_source = config.entries_of(output.name), config.publish.per_source
            stories = await self._state.read(
                lambda reader: _stories(reader, output.output_id, limit, per_source)
            )
            self._kept[key] = await asyncio.to_thread(self._rendered, output, kind, stories)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    def _rendered(self, output: OutputRecord, kind: str, stories: list[PublishedStory]) -> Resource:
        entries = [render_story(story) for story in stories]
        place = Place(language=language_of(entry.language for entry in entries))
        parts = [getattr(entry, kind) for entry in entries]
        title, root = self._state.config.title, self._state.site.root
        body = _WRITERS[kind](output, title, root, parts, place)
        digest = hashlib.sha256(body).hexdigest()[:DIGEST_LENGTH]
        opaque = f"{output.revision}-{digest}"
        return make_resource(
            body,
            opaque,
            CONTENT_TYPES[kind],
            _VARY,
            last_modified=output.updated_at,
            described=SAFE,
        )

    def _note(self, token: Token) -> None:
        """Have it noted when a token was last used; that it cannot be is no reason to refuse."""
        now = self._state.clock.now()
        before = self._noted.get(token.number)
        if before is None or abs(now - before) >= NOTED_EVERY:
            self._noted[token.number] = now
            self._notes.submit(_note, self._state.config.store, token.number, now)

    def settle(self) -> None:
        """Wait until what is to be noted is noted."""
        self._notes.submit(lambda: None).result()


def _names_of(state: WebState) -> dict[str, str]:
    """Every name that a private output has or had → its present one."""
    names: dict[str, str] = {}
    for one in state.config.published:
        if one.private:
            names |= dict.fromkeys((one.id, *one.was), one.id)
    for one in state.config.published:
        if not one.private:
            names.pop(one.id, None)
    return names


def _output(reader: StoreReader, name: str) -> OutputRecord | None:
    return next((one for one in reader.all_outputs() if one.name == name and one.private), None)


def _stories(
    reader: StoreReader, output_id: int, limit: int, per_source: int | None
) -> list[PublishedStory]:
    listed = reader.listed(output_id, limit, per_source)
    found = reader.stories([one.story_id for one in listed])
    return [found[one.story_id] for one in listed if one.story_id in found]


def _note(store: str, number: int, now: datetime) -> None:
    try:
        with closing(open_store(store)) as opened, opened.transaction():
            opened.use_token(number, now)
    except StoreError as error:
        log.info("when a token was last used could not be noted: %s", error)


def presented_in(scope: Scope) -> str | None:
    """The token that a request shows: as Bearer, as a basic password (or user name, where the

    password is empty), or as `?token=` in the address; None without one.
    """
    headers = dict(scope["headers"])
    scheme, _, value = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return str(value).strip()
    if scheme.lower() == "basic":
        try:
            user, _, password = b64decode(value.strip(), validate=True).decode().partition(":")
        except ValueError:
            return None
        return password or user
    asked = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    return asked.get("token")


def digest_of(token: str) -> str:
    """What is kept of a token: its SHA-256, hex. It has 128 bits: no salt makes that harder."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _opening(presented: str | None, tokens: list[Token]) -> Token | None:
    """The token in force that was presented; as long in coming whether or not there is one."""
    digest = digest_of(presented or "")
    found = None
    for one in tokens:
        same = hmac.compare_digest(one.digest, digest)
        if same and one.revoked_at is None and presented:
            found = one
    return found
