"""uvicorn's HTTP protocol, with bounds on what a request may be before the program sees it.

uvicorn's parser sets none: headers would be collected until the memory ends, and a connection that
never finishes its first request would stay for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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


class TooLarge(Exception):
    """The head of a request is larger than MOST_BYTES, or has more lines than MOST_HEADERS."""


class BoundedProtocol(HttpToolsProtocol):
    """Refuses requests whose head is too large, and ends connections that do not come to one."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._in_head = False
        self._head_size = 0
        self._too_large = False
        self._waiting: asyncio.TimerHandle | None = None

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
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MOST_BYTES or len(self.headers) > MOST_HEADERS:
            self._too_large = True
            raise TooLarge  # the parser then gives up, and data_received refuses
        super().on_headers_complete()

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
