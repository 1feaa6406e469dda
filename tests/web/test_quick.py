"""Feeds on connections that stay open are answered at once, from memory: as they would be else."""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Iterator, Mapping

import pytest

from tests.web.builder import Site
from tests.web.client import Reply, Served

BODY = b"<?xml version='1.0' encoding='UTF-8'?>\n<feed>" + "嘉兴日报 ".encode() * 500 + b"</feed>"
PATH = "/feeds/domestic.atom"


@pytest.fixture
def served(site: Site) -> Iterator[Served]:
    site.publish("domestic", BODY)
    with Served(site) as running:
        running.ask(PATH)  # the document and the plan are in memory from now on
        yield running


def connect(served: Served) -> http.client.HTTPConnection:
    host, port = served.server.addresses[0].rsplit(":", 1)
    return http.client.HTTPConnection(host, int(port), timeout=10)


def ask(
    connection: http.client.HTTPConnection,
    method: str,
    headers: Mapping[str, str],
    path: str = PATH,
) -> Reply:
    """One request on a connection that stays open."""
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    found = {name.lower(): value for name, value in answer.getheaders()}
    return Reply(answer.status, found, answer.read())


def told(reply: Reply) -> tuple[int, dict[str, str], bytes]:
    """What is to be the same: all but the moment, and whether the connection ends."""
    headers = {k: v for k, v in reply.headers.items() if k not in ("date", "connection")}
    return reply.status, headers, reply.body


HEADERS: list[dict[str, str]] = [
    {},
    {"Accept-Encoding": "gzip"},
    {"Accept-Encoding": "br, gzip;q=0.5"},
    {"If-None-Match": "ETAG"},
    {"If-None-Match": 'W/ETAG, "x"'},
    {"If-None-Match": '"x"', "If-Modified-Since": "Mon, 23 Nov 2026 04:30:00 GMT"},
    {"If-Modified-Since": "Mon, 23 Nov 2026 04:30:00 GMT"},
    {"If-Match": '"x"'},
    {"Range": "bytes=0-99"},
    {"Range": "bytes=0-9,20-29"},
    {"Range": "bytes=999999-"},
    {"A-IM": "feed", "If-None-Match": "ETAG"},
    {"A-IM": "feed", "If-None-Match": '"x"'},
    {"Accept-Datetime": "Mon, 23 Nov 2026 04:30:00 GMT"},
    {"Accept-Datetime": "no date"},
    {"Expect": "100-continue"},
]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_the_answer_is_the_same_as_by_the_usual_way(served: Served, method: str) -> None:
    etag = served.ask(PATH).headers["etag"]
    connection = connect(served)
    for asked in HEADERS:
        headers = {name: value.replace("ETAG", etag) for name, value in asked.items()}
        usual = served.ask_with(PATH, method, headers)
        assert told(ask(connection, method, headers)) == told(usual), headers
    connection.close()


@pytest.mark.parametrize(
    "path", ["/feeds/none.atom", "/feeds/domestic.atom?x=1", "/feeds/%61ll.atom"]
)
def test_so_it_is_for_what_is_not_in_memory(served: Served, path: str) -> None:
    connection = connect(served)
    usual = served.ask_with(path, "GET", {})
    assert told(ask(connection, "GET", {}, path)) == told(usual)
    connection.close()


def exchanged(served: Served, request: bytes) -> bytes:
    """What comes back on one connection until it is closed by the last request's own wish."""
    host, port = served.server.addresses[0].rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        answered = b""
        while piece := connection.recv(65536):
            answered += piece
        return answered


def test_requests_that_come_together_are_answered_in_their_order(served: Served) -> None:
    etag = served.ask(PATH).headers["etag"]
    get = f"GET {PATH} HTTP/1.1\r\nHost: x\r\n"
    known = f"{get}If-None-Match: {etag}\r\n\r\n"
    slow = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    last = f"{get}Connection: close\r\n\r\n"
    answered = exchanged(served, "".join([known, slow, known, f"{get}\r\n", last]).encode())
    statuses = re.findall(rb"HTTP/1.1 (\d+)", answered)
    assert statuses == [b"304", b"200", b"304", b"200", b"200"]
    assert answered.count(BODY) == 2
    assert answered.endswith(BODY)


def test_a_body_that_nobody_asked_for_does_no_harm(served: Served) -> None:
    get = f"GET {PATH} HTTP/1.1\r\nHost: x\r\n"
    request = f"{get}Content-Length: 5\r\n\r\nhello{get}Connection: close\r\n\r\n"
    assert exchanged(served, request.encode()).count(BODY) == 2


def test_a_client_that_does_not_read_is_not_sent_without_end(served: Served) -> None:
    host, port = served.server.addresses[0].rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        get = f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        connection.sendall(get * 500)
        connection.sendall(get.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answered = b""
        while piece := connection.recv(65536):
            answered += piece
    assert answered.count(BODY) == 501
