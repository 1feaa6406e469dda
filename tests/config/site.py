"""A web site on loopback for tests: paths → answers, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[str, bytes] | tuple[str, bytes, dict[str, str]]

FEED = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>{title}</title><link>http://127.0.0.1/</link>
<item><title>旧闻</title><guid>1</guid><pubDate>Sat, 21 Nov 2026 08:00:00 GMT</pubDate></item>
<item><title>全国新闻</title><guid>2</guid><pubDate>Sun, 22 Nov 2026 08:00:00 GMT</pubDate></item>
</channel></rss>"""


def feed(title: str = "南湖新闻", kind: str = "application/rss+xml") -> Answer:
    return kind, FEED.format(title=title).encode()


def page(head: str = "", body: str = "") -> Answer:
    html = f"<!doctype html><title>x</title>{head}<body>{body}"
    return "text/html; charset=utf-8", html.encode()


@contextmanager
def site(paths: dict[str, Answer]) -> Iterator[str]:
    """The address of a site with these paths (with query); anything else is a 404."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = paths.get(self.path)
            kind, body = found[:2] if found else ("text/plain", b"nothing here")
            headers = found[2] if found and len(found) == 3 else {}
            self.send_response(302 if "Location" in headers else 200 if found else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
