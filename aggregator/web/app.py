"""A WebState → the ASGI application: feeds by the short way, pages through Starlette."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from aggregator.store import StoreError
from aggregator.web.answers import Answers
from aggregator.web.feeds import METHODS, Feeds
from aggregator.web.items import Items
from aggregator.web.pages import Pages
from aggregator.web.resource import Answer, Header
from aggregator.web.search import Search
from aggregator.web.state import WebState

FEEDS = "/feeds/"
HUB = "/hub"
CALLBACKS = "/websub/"
# Answers a request for a path under the site's root: the daemon's own part in WebSub.
PushEndpoints = Callable[[str, Scope, Receive, Send], Awaitable[None]]


class App(Starlette):
    """Starlette, but that feeds are answered before any of its layers."""

    def __init__(self, state: WebState, push: PushEndpoints | None = None) -> None:
        self._web = state
        self._push = push
        self._answers = Answers(state)
        self._feeds = Feeds(state, self._answers)
        pages = Pages(state, self._answers)
        items = Items(state, self._answers)
        search = Search(state, self._answers)
        super().__init__(
            routes=[
                Route("/", pages.home),
                Route("/items/{item}", items.item),
                Route("/items/{item}/diff", items.diff),
                Route("/items/{item}/{stamp}", items.snapshot),
                Route("/timemap/items/{item}", items.timemap),
                Route("/timemap/feeds/{name}", self._feeds.timegate.timemap),
                Route("/search", search.page),
                Route("/search.{kind:str}", search.feed),
                Route("/opensearch.xml", search.description),
                Route("/sources", pages.sources),
                Route("/removed", pages.removed),
                Route("/healthz", pages.healthz),
                Route("/readyz", pages.readyz),
                Route("/metrics", pages.metrics),
                Route("/static/site.css", pages.css),
            ],
            exception_handlers=self._handlers(),
        )
        self.router.redirect_slashes = False  # it would answer with the Host of the request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            path = self._web.site.inner_path(scope["path"])
            if path.startswith(FEEDS):
                await self._feeds.handle(path, scope, receive, send)
                return
            if path == HUB or path.startswith(CALLBACKS):
                await (self._push or self._answers.no_hub)(path, scope, receive, send)
                return
            if path != scope["path"]:
                scope = {**scope, "path": path}
        await super().__call__(scope, receive, send)

    def quick(self, method: str, target: bytes, headers: Sequence[Header]) -> Answer | None:
        """The answer to a request for a feed that is in memory; None: it goes the usual way.

        `target` is that of the request line, as it came.
        """
        if not target.isascii() or b"%" in target or b"?" in target:
            return None
        path = self._web.site.inner_path(target.decode())
        return self._feeds.quick(method, path, headers) if path.startswith(FEEDS) else None

    def _handlers(self) -> Mapping[Any, Any]:
        async def on_status(request: Request, error: Exception) -> Response:
            if isinstance(error, HTTPException) and error.status_code == 405:
                return self._answers.wrong_method(METHODS)
            return self._answers.lost(request.scope)

        async def on_store_error(request: Request, error: Exception) -> Response:
            assert isinstance(error, StoreError)
            return self._answers.store_unreadable(request.scope, error)

        async def on_mistake(request: Request, error: Exception) -> Response:
            return self._answers.failed(request.scope)

        return {HTTPException: on_status, StoreError: on_store_error, Exception: on_mistake}


def create_app(state: WebState, push: PushEndpoints | None = None) -> Starlette:
    """The application over `state`, which its owner may change while it serves.

    `push` answers for WebSub, where the process writes to the store; without it there is no hub.
    """
    return App(state, push)
