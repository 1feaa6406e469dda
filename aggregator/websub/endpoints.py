"""Requests to `/hub` → what the hub makes of them, as plain text (WebSub 5.1.2)."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import Receive, Scope, Send

from aggregator.websub.hub import Hub
from aggregator.websub.protocol import MAX_FORM, BadRequest, read_form, read_request

RETRY_AFTER_S = 60
_HELLO = (
    "This is the WebSub hub of this site's feeds (https://www.w3.org/TR/websub/).\n"
    "POST hub.mode, hub.topic and hub.callback here to subscribe.\n"
)
_NO_HUB = "This site has no hub of its own; its feeds name the one they have, if any.\n"


async def answer_hub(hub: Hub | None, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request; `hub` None: there is none of our own."""
    method = scope["method"]
    if hub is None:
        await say(send, 404, _NO_HUB)
    elif method in ("GET", "HEAD"):
        await say(send, 200, _HELLO if method == "GET" else "")
    elif method != "POST":
        await say(send, 405, "POST subscribes.\n", {"allow": "GET, HEAD, POST"})
    else:
        try:
            body = await read_body(receive, MAX_FORM)
            hub.accept(read_request(read_form(body, header(scope, b"content-type"))))
        except BadRequest as error:
            again = error.status in (429, 503)
            extra = {"retry-after": str(RETRY_AFTER_S)} if again else {}
            await say(send, error.status, f"{error}.\n", extra)
        else:
            await say(send, 202, "Accepted: your callback is asked now.\n")


async def read_body(receive: Receive, limit: int) -> bytes:
    """The body of a request. Raises BadRequest when it is over `limit` bytes, or breaks off."""
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise BadRequest(400, "the request broke off")
        piece = message.get("body", b"")
        size += len(piece)
        if size > limit:
            raise BadRequest(413, f"over {limit} bytes")
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)


def header(scope: Scope, name: bytes) -> str | None:
    """The value of a request's header, or None."""
    return next((v.decode("latin-1") for key, v in scope["headers"] if key == name), None)


async def say(send: Send, status: int, text: str, extra: Mapping[str, str] | None = None) -> None:
    """Send a plain text that no browser takes for anything else, and nobody keeps."""
    body = text.encode("utf-8", "replace")
    headers = {
        "content-type": "text/plain; charset=utf-8",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        **(extra or {}),
    }
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
