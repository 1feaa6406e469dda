"""A request for `/feeds/…` → the published document, a 304, or where it is now: plain ASGI.

No framework stands between: most of what a feed server does all day is to answer 304.
"""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from aggregator.store import StoreError
from aggregator.web.answers import Answers
from aggregator.web.asked import asked_of
from aggregator.web.documents import FEED_KINDS, Document, Documents, kind_of, output_of
from aggregator.web.freshness import Freshness
from aggregator.web.resource import Answer, answer_of
from aggregator.web.state import WebState

METHODS = ("GET", "HEAD")


class Feeds:
    """Answers requests whose path begins with `/feeds/`."""

    def __init__(self, state: WebState, answers: Answers) -> None:
        self._state = state
        self._answers = answers
        self._documents = Documents(state)
        self._freshness = Freshness(state)

    async def handle(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request for `path` (as under the site's root: `/feeds/all.atom`)."""
        if scope["method"] not in METHODS:
            await self._answers.wrong_method(METHODS)(scope, receive, send)
            return
        name = path[1:]
        try:
            document = self._documents.fresh(name) or await self._documents.find(name)
            if document is None:
                await self._send_absent(name, scope, receive, send)
                return
            if self._freshness.is_stale():
                await self._freshness.follow()
        except StoreError as error:
            await self._answers.store_unreadable(scope, error)(scope, receive, send)
            return
        answer = self._answer(document, scope)
        start = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        await send(start)
        await send({"type": "http.response.body", "body": answer.body})

    def _answer(self, document: Document, scope: Scope) -> Answer:
        fresh = self._freshness.header(document.output)
        return answer_of(document.resource, asked_of(scope), [fresh])

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
        elif kind_of(path) in FEED_KINDS and path.count("/") == 1:
            answer = self._answers.not_yet_published(scope)
        else:
            answer = await self._answers.unknown_feed(scope, path.removeprefix("feeds/"))
        await answer(scope, receive, send)
