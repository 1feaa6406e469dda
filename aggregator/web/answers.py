"""Pages and messages → HTTP responses with the headers that keep a reader safe."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from aggregator.store import StoreError
from aggregator.web.asked import asked_of
from aggregator.web.memento import LINK_FORMAT
from aggregator.web.negotiate import preferred_language
from aggregator.web.resource import Answer, Header, Resource, answer_of, make_resource
from aggregator.web.state import WebState
from aggregator.web.view import language_of, read_feed_names
from aggregator.web.words import Words

log = logging.getLogger(__name__)

# Everything shown comes from strangers: no script, nothing from elsewhere, no frame; the one form
# asks this site.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
SAFE_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
# Asked for again each time; a page depends on words, config and clock, so no date would be true.
_ASK_AGAIN: Header = (b"cache-control", b"no-cache")
_A_DAY: Header = (b"cache-control", b"public, max-age=86400")
_PAGE_VARY = "Accept-Language, Accept-Encoding"
RETRY_AFTER_S = 30
_LIST_AT_MOST = 50


class Answers:
    """Renders the templates and wraps what comes out."""

    def __init__(self, state: WebState) -> None:
        self._state = state
        self._templates = Environment(
            loader=PackageLoader("aggregator.web", "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )
        self._templates.globals["language_of"] = language_of
        css = resources.files("aggregator.web").joinpath("static/site.css").read_bytes()
        self._css_digest = hashlib.sha256(css).hexdigest()
        self._css = make_resource(
            css,
            self._css_digest[:16],
            "text/css; charset=utf-8",
            "Accept-Encoding",
            brotli_quality=11,
        )

    def words(self, scope: Scope) -> Words:
        """The words in the language that the request asks for."""
        language = preferred_language(_header(scope, b"accept-language"))
        return Words(language, self._state.zone, self._state.clock.now())

    def render(self, template: str, words: Words, **values: Any) -> bytes:
        """A template with what every page needs, as UTF-8."""
        state = self._state
        page = self._templates.get_template(template)
        return page.render(
            words=words,
            site=state.site,
            site_title=state.config.title,
            css=f"{state.site.local('static/site.css')}?v={self._css_digest[:8]}",
            **values,
        ).encode("utf-8", "replace")

    def page(self, scope: Scope, resource: Resource, fresh: Header = _ASK_AGAIN) -> Response:
        """A page that changes with the store: kept by clients, but asked for again each time."""
        return response_of(answer_of(resource, asked_of(scope), [fresh]))

    def style_sheet(self, scope: Scope) -> Response:
        """The one style sheet; its address changes with it."""
        return response_of(answer_of(self._css, asked_of(scope), [_A_DAY]))

    def message(self, scope: Scope, status: int, key: str, **values: Any) -> Response:
        """A page that says what is the matter and leads back; `key` names its words."""
        words = self.words(scope)
        filled = {"feeds": (), "name": "", **values}
        text = words(f"{key}_text", name=filled["name"])
        title = words(f"{key}_title")
        body = self.render("message.html", words, title=title, text=text, feeds=filled["feeds"])
        headers = {
            **SAFE_HEADERS,
            "cache-control": "no-cache" if status < 500 else "no-store",
            "vary": "Accept-Language",
        }
        return Response(body, status, headers, media_type="text/html")

    def lost(self, scope: Scope) -> Response:
        """404 for a path where nothing is."""
        return self.message(scope, 404, "lost")

    def removed(self, scope: Scope, legal: bool) -> Response:
        """410 for what was taken down; by a legal demand 451, with who blocks it (RFC 7725 4)."""
        if not legal:
            return self.message(scope, 410, "removed_item")
        response = self.message(scope, 451, "blocked_item")
        response.headers["link"] = f'<{self._state.site.uri("")}>; rel="blocked-by"'
        return response

    def wrong_method(self, allowed: tuple[str, ...]) -> Response:
        """405 with the methods that there are (RFC 9110 15.5.6)."""
        allow = ", ".join(allowed)
        return Response(
            f"This address answers to {allow} only.\n",
            405,
            {"allow": allow, "x-content-type-options": "nosniff"},
            media_type="text/plain",
        )

    async def no_hub(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """501 for WebSub where a process only serves: it may not write to the store."""
        said = "This process only serves; WebSub is part of `aggregator run`.\n"
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        answer = Response(said, 501, headers, media_type="text/plain")
        await answer(scope, receive, send)

    async def unknown_feed(self, scope: Scope, name: str) -> Response:
        """404 for a feed that is not there, with those that are."""
        feeds = await self._state.read(read_feed_names)
        shown = name[:80]
        return self.message(scope, 404, "lost_feed", name=shown, feeds=feeds[:_LIST_AT_MOST])

    async def gone_feed(self, scope: Scope, name: str) -> Response:
        """410 for a feed that was taken out of force (RFC 9110 15.5.11), with those that are."""
        feeds = await self._state.read(read_feed_names)
        return self.message(scope, 410, "gone_feed", name=name[:80], feeds=feeds[:_LIST_AT_MOST])

    def not_yet_published(self, scope: Scope) -> Response:
        """503 for an output whose document is still to be written."""
        return self._patience(self.message(scope, 503, "soon"))

    def store_unreadable(self, scope: Scope, error: StoreError) -> Response:
        """503 while the store cannot be read; the log says why."""
        log.error("%s", error)
        return self._patience(self.message(scope, 503, "store"))

    def failed(self, scope: Scope) -> Response:
        """500 for a mistake of this program."""
        return self.message(scope, 500, "failed")

    def moved(self, address: str) -> Response:
        """301 to where a document has its place now."""
        headers = {"location": address, "cache-control": "public, max-age=300"}
        return Response(b"", 301, {**headers, "x-content-type-options": "nosniff"})

    def chosen_version(self, address: str, link: Header) -> Response:
        """302 to the version that was in force at a time (RFC 7089 4.1.2)."""
        response = Response(b"", 302, {"location": address, "vary": "Accept-Datetime"})
        response.raw_headers += [link, _ASK_AGAIN]
        return response

    def wrong_datetime(self, scope: Scope) -> Response:
        """400 for an Accept-Datetime that is no date (RFC 7089 4.5.3)."""
        return self.message(scope, 400, "wrong_datetime")

    def timemap(self, scope: Scope, body: bytes) -> Response:
        """A TimeMap: application/link-format (RFC 6690), which is in UTF-8 by itself."""
        digest = hashlib.sha256(body).hexdigest()[:16]
        resource = make_resource(body, digest, LINK_FORMAT, "Accept-Encoding")
        return response_of(answer_of(resource, asked_of(scope), [_ASK_AGAIN]))

    def _patience(self, response: Response) -> Response:
        response.headers["retry-after"] = str(RETRY_AFTER_S)
        return response


def make_page(body: bytes, headers: Sequence[Header] = (), vary: str = _PAGE_VARY) -> Resource:
    """A page ready to be sent in any form; `headers` go with every answer."""
    digest = hashlib.sha256(body).hexdigest()[:16]
    safe = [(name.encode(), value.encode()) for name, value in SAFE_HEADERS.items()]
    return make_resource(
        body, digest, "text/html; charset=utf-8", vary, headers=headers, described=safe
    )


def response_of(answer: Answer) -> Response:
    """An answer as Starlette sends it."""
    response = Response(answer.body, answer.status)
    response.raw_headers = answer.headers
    return response


def _raw(scope: Scope, name: bytes) -> bytes | None:
    values = [value for key, value in scope["headers"] if key == name]
    return b",".join(values) if values else None


def _header(scope: Scope, name: bytes) -> str | None:
    value = _raw(scope, name)
    return None if value is None else value.decode("latin-1")
