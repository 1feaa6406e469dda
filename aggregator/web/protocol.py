"""uvicorn's HTTP protocol, with bounds on what a request may be before the program sees it.

uvicorn's parser sets none: headers would be collected until the memory ends, and a connection that
never finishes its first request would stay for ever.

What the application can answer from memory at once is answered without the task, the events and the
scope that an ASGI application is given: they cost twice what a 304 does otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from aggregator.web.resource import Answer, Header

# Request line and headers together. Two thousand ETags fit; who sends ten thousand is told so and
# can ask without.
MOST_BYTES = 65_536
MOST_HEADERS = 200
# A request must be there this soon after its connection, or after the answer before it.
REQUEST_WITHIN_S = 20.0
_TEXT = b"The head of a request may have 64 KB here.\n"
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_TEXT), _TEXT)
)


Quick = Callable[[str, bytes, Sequence[Header]], Answer | None]


class TooLarge(Exception):
    """The head of a request is larger than MOST_BYTES, or has more lines than MOST_HEADERS."""


class BoundedProtocol(HttpToolsProtocol):
    """Refuses requests whose head is too large, and ends connections that do not come to one."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._in_head = False
        self._head_size = self._coming = 0
        self._too_large = False
        self._waiting: asyncio.TimerHandle | None = None
        # As App.quick; whatever else is served answers by ASGI alone.
        self._quick: Quick | None = getattr(self.app, "quick", None)
        self._is_answered = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request, of several, or of a part of one."""
        self._coming = len(data)
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        # The parser tells of a header only when it is whole, so what it holds is counted here.
        self._head_size += len(data)
        if self._head_size > MOST_BYTES:
            self._too_large = True
            self.send_400_response("")
        elif self._waiting is None:
            self._wait()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head, self._head_size = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is there: answer it, unless it is too large. Raises TooLarge."""
        self._in_head = False
        self._wait_no_more()
        if len(self.headers) > MOST_HEADERS or self._is_too_large():
            self._too_large = True
            raise TooLarge  # the parser then gives up, and data_received refuses
        self._is_answered = self._is_plain() and self._answered()
        if not self._is_answered:
            super().on_headers_complete()

    def _is_too_large(self) -> bool:
        """Whether the head is; its bytes are added up only where so many have come."""
        if self._head_size + self._coming <= MOST_BYTES:
            return False
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        return size > MOST_BYTES

    def on_body(self, body: bytes) -> None:
        """A part of a body: of no interest once the request is answered."""
        if not self._is_answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        if not self._is_answered:
            super().on_message_complete()

    def _is_plain(self) -> bool:
        """Whether nothing is under way here, and the connection goes on after the answer."""
        return (
            (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            and not self.access_log
            and not self.expect_100_continue
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and self.parser.get_http_version() == "1.1"
        )

    def _answered(self) -> bool:
        """Answer at once, where the application can; whether it did."""
        if self._quick is None or self.transport.is_closing():
            return False
        answer = self._quick(self.parser.get_method().decode(), self.url, self.headers)
        if answer is None:
            return False
        parts = [STATUS_LINE[answer.status]]
        for name, value in (*self.server_state.default_headers, *answer.headers):
            parts += (name, b": ", value, b"\r\n")
        parts.append(b"\r\n")
        self.transport.writelines([b"".join(parts), answer.body])
        self.on_response_complete()
        return True

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be understood (400), or what is too large (431, RFC 6585 5)."""
        if self.transport.is_closing():
            return
        if self._too_large:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        else:
            super().send_400_response(msg)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(REQUEST_WITHIN_S, self._give_up)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self.transport.is_closing():
            self.transport.close()
