"""A request for `/feeds/…` → the published document, a 304, or where it is now: plain ASGI.

No framework stands between: most of what a feed server does all day is to answer 304.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import Receive, Scope, Send

from aggregator.store import StoreError
from aggregator.web.answers import Answers
from aggregator.web.asked import Asked, asked_by, asked_of
from aggregator.web.deltas import Deltas
from aggregator.web.documents import Document, Documents, is_subscription, output_of
from aggregator.web.freshness import Freshness
from aggregator.web.memento import link_of_original
from aggregator.web.private import PrivateFeeds
from aggregator.web.resource import Answer, Header, answer_of
from aggregator.web.state import WebState
from aggregator.web.timegate import TimeGate, is_past, versioned

METHODS = ("GET", "HEAD")


class Feeds:
    """Answers requests whose path begins with `/feeds/`."""

    def __init__(self, state: WebState, answers: Answers) -> None:
        self._state = state
        self._answers = answers
        self._documents = Documents(state, self._links)
        self._freshness = Freshness(state)
        self._deltas = Deltas(state)
        self.timegate = TimeGate(state, answers)
        self._private = PrivateFeeds(state, answers)

    async def handle(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request for `path` (as under the site's root: `/feeds/all.atom`)."""
        if scope["method"] not in METHODS:
            await self._answers.wrong_method(METHODS)(scope, receive, send)
            return
        name = path[1:]
        asked = asked_of(scope)
        try:
            private = self._private.name_of(name)
            if private is not None:
                await (await self._private.answer(name, private, scope))(scope, receive, send)
                return
            if is_past(name):
                await (await self.timegate.past(name, scope))(scope, receive, send)
                return
            document = self._documents.fresh(name) or await self._documents.find(name)
            if document is None:
                await self._send_absent(name, scope, receive, send)
                return
            if asked.accept_datetime is not None and is_subscription(name):
                chosen = await self.timegate.choose(name, asked.accept_datetime, scope)
                if chosen is not None:
                    await chosen(scope, receive, send)
                    return
            if self._freshness.is_stale():
                await self._freshness.follow()
            answer = await self._answer(document, asked)
        except StoreError as error:
            await self._answers.store_unreadable(scope, error)(scope, receive, send)
            return
        start = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        await send(start)
        await send({"type": "http.response.body", "body": answer.body})

    def quick(self, method: str, path: str, headers: Sequence[Header]) -> Answer | None:
        """The answer where all that it needs is in memory, without waiting; None: ask `handle`."""
        if method not in METHODS or self._private.name_of(path[1:]) is not None:
            return None
        document = self._documents.fresh(path[1:])
        if document is None or self._freshness.is_stale():
            return None
        asked = asked_by(method, headers)
        if asked.accept_datetime is not None:
            return None
        answer = answer_of(document.resource, asked, [self._freshness.header(document.output)])
        # Whoever wants a delta may be sent less than the whole.
        return answer if asked.a_im is None or answer.status == 304 else None

    async def _answer(self, document: Document, asked: Asked) -> Answer:
        if asked.a_im is not None:
            age = self._freshness.age(document.output)
            delta = await self._deltas.answer(document, asked, age)
            if delta is not None:
                return delta
        return answer_of(document.resource, asked, [self._freshness.header(document.output)])

    def _links(self, path: str) -> list[Header]:
        """Where the earlier versions of a feed are, as it tells with itself."""
        return [link_of_original(versioned(self._state.site, path), None, None)]

    async def _send_absent(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """A former name leads to the present one; an output not yet written asks for patience."""
        fate = await self._documents.fate(path)
        if fate is None:
            answer = await self._answers.unknown_feed(scope, path.removeprefix("feeds/"))
        elif fate.state == "gone":
            answer = await self._answers.gone_feed(scope, output_of(path))
        elif fate.state == "moved":
            rest = path.removeprefix(f"feeds/{output_of(path)}")
            answer = self._answers.moved(self._state.site.uri(f"feeds/{fate.name}{rest}"))
        elif is_subscription(path):
            answer = self._answers.not_yet_published(scope)
        else:
            answer = await self._answers.unknown_feed(scope, path.removeprefix("feeds/"))
        await answer(scope, receive, send)
