"""A loopback origin for whole-program tests: documents by path, honest about validators."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    """What a path answers."""

    body: bytes
    content_type: str = "application/xml"
    status: int = 200
    etag: str | None = None


@dataclass
class Origin:
    """The running origin: its address, what it answers, and what it was asked."""

    base: str
    pages: dict[str, Page] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str], int]] = field(default_factory=list)
    on_request: Callable[[str], object] = lambda path: None

    def put(self, path: str, body: bytes | str, **options: str | int) -> str:
        """Answer `body` at `path`, with an ETag made of it; returns the address."""
        data = body.encode() if isinstance(body, str) else body
        etag = '"' + hashlib.sha256(data).hexdigest()[:12] + '"'
        self.pages[path] = Page(data, **{"etag": etag, **options})  # type: ignore[arg-type]
        return self.base + path

    def statuses(self, path: str) -> list[int]:
        """What was answered at `path`, in order."""
        return [status for asked, _, status in self.requests if asked == path]


@contextmanager
def serve() -> Iterator[Origin]:
    """An origin on a free loopback port, for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            page = origin.pages.get(self.path, Page(b"nothing here", "text/plain", 404))
            status = page.status
            if page.etag and self.headers.get("If-None-Match") == page.etag:
                status = 304
            origin.requests.append((self.path, dict(self.headers), status))
            origin.on_request(self.path)
            self.send_response(status)
            if page.etag:
                self.send_header("ETag", page.etag)
            if status != 304:
                self.send_header("Content-Type", page.content_type)
                self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            if status != 304:
                self.wfile.write(page.body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    origin = Origin(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield origin
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def rss(*items: tuple[str, str, str], title: str = "Feed") -> str:
    """An RSS 2.0 document of (guid, title, text) items."""
    body = "".join(
        f"<item><guid isPermaLink='false'>{guid}</guid><title>{name}</title>"
        f"<link>https://example.com/{guid}</link>"
        f"<pubDate>Mon, 23 Nov 2026 0{number % 10}:00:00 GMT</pubDate>"
        f"<description>{text}</description></item>"
        for number, (guid, name, text) in enumerate(items)
    )
    return (
        f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>{title}</title>"
        f"<link>https://example.com/</link><description>d</description>{body}</channel></rss>"
    )
