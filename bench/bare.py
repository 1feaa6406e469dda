"""A server that does nothing else: uvicorn around a bare ASGI application, the peer of `serving`.

    python -m bench.bare

It listens on a free port, which it prints. A request with If-None-Match gets a 304, any other the
same 120 KB, with as many headers as the program sends.
"""

from __future__ import annotations

import socket
import sys

import uvicorn
from starlette.types import Receive, Scope, Send

BODY = b"x" * 120_000
_LASTING = [
    (b"etag", b'"1-0123456789ab"'),
    (b"vary", b"Accept-Encoding, A-IM, Accept-Datetime"),
    (b"cache-control", b"public, max-age=840, stale-while-revalidate=60"),
]
_DESCRIBED = [
    *_LASTING,
    (b"content-type", b"application/atom+xml; charset=utf-8"),
    (b"accept-ranges", b"bytes"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"link", b"<http://127.0.0.1:8000/hub>; rel=hub, <http://127.0.0.1:8000/feeds/all.atom>"),
    (b"last-modified", b"Mon, 23 Nov 2026 04:30:00 GMT"),
    (b"content-length", str(len(BODY)).encode()),
]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without looking at anything but one header."""
    known = any(name == b"if-none-match" for name, _ in scope["headers"])
    status, headers = (304, _LASTING) if known else (200, _DESCRIBED)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if known else BODY})


def main() -> int:
    """Serve until told to end."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=2_048)
    print(f"serving 127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none")
    uvicorn.Server(config).run([listening])
    return 0


if __name__ == "__main__":
    sys.exit(main())
