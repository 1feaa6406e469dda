"""A request for `/feeds/…` → the published document, a 304, or where it is now: plain ASGI.

No framework stands between: most of what a feed server does all day is to answer 304.
"""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from aggregator.store import StoreError
from aggregator.web.answers import Answers
from aggregator.web.conditional import is_not_modified
from aggregator.web.documents import Document, Documents
from aggregator.web.negotiate import wants_gzip
from aggregator.web.state import WebState

METHODS = ("GET", "HEAD")


class Feeds:
    """Answers requests whose path begins with `/feeds/`."""

    def __init__(self, state: WebState, answers: Answers) -> None:
        self._state = state
        self._answers = answers
        self._documents = Documents(state)

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
        except StoreError as error:
            await self._answers.store_unreadable(scope, error)(scope, receive, send)
            return
        await _send_document(document, scope, send)

    async def _send_absent(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """A former name leads to the present one; an output not yet written asks for patience."""
        if await self._documents.is_known(path):
            answer = self._answers.not_yet_published(scope)
        else:
            name = path.removeprefix("feeds/")
            stem, dot, kind = name.rpartition(".")
            present = None
            if dot and kind == "atom" and "/" not in stem:
                present = await self._state.read(lambda reader: reader.former_output(stem))
            if present is None:
                answer = await self._answers.unknown_feed(scope, name)
            else:
                answer = self._answers.moved(self._state.site.full(f"feeds/{present}.{kind}"))
        await answer(scope, receive, send)


async def _send_document(document: Document, scope: Scope, send: Send) -> None:
    encoding = none_match = since = None
    for key, value in scope["headers"]:
        if key == b"accept-encoding":
            encoding = value if encoding is None else encoding + b"," + value
        elif key == b"if-none-match":
            none_match = value if none_match is None else none_match + b"," + value
        elif key == b"if-modified-since":
            since = value
    shown = document.gzip if wants_gzip(encoding) else document.plain
    status, headers, body = 200, shown.headers, shown.body
    if is_not_modified(none_match, since, shown.etag, document.last_modified):
        status, headers, body = 304, shown.headers_not_modified, b""
    elif scope["method"] == "HEAD":
        body = b""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
