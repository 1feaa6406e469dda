"""Origins that break, lie or attack: each fetch ends soon, as a named failure, at a low cost."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest
import zstandard

from aggregator.model import Fetched, FetchFailed, FetchOutcome, FetchRequest, NotModified
from tests.fetch.loopback import LOOPBACK, Origin, Request, fetch_from, fetcher, reply, run

BODY = b"<rss/>" * 1000


def raw(data: bytes, *, close: bool = True) -> Callable[[Request, asyncio.StreamWriter], Any]:
    """A script that writes `data` as it stands."""

    async def script(_: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(data)
        await writer.drain()
        return not close

    return script


def drip(start: bytes, every: float, piece: bytes) -> Callable[..., Any]:
    """A script that writes `start` and then a piece now and again, for ever."""

    async def script(_: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(start)
        while True:
            await writer.drain()
            await asyncio.sleep(every)
            writer.write(piece)

    return script


def flood(start: bytes, piece: bytes) -> Callable[..., Any]:
    """A script that writes as fast as it is read, for ever."""

    async def script(_: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()

    return script


def head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode()


def failed(outcome: FetchOutcome) -> FetchFailed:
    assert isinstance(outcome, FetchFailed), outcome
    assert outcome.message.isprintable()
    return outcome


CHUNKED = head("Transfer-Encoding: chunked")

BROKEN = {
    "short body": (raw(reply(BODY, length=99999)), "truncated"),
    "bad chunk size": (raw(CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n"), "bad-response"),
    "chunk cut": (raw(CHUNKED + b"50\r\nabc"), "truncated"),
    "chunks without an end": (raw(CHUNKED + b"3\r\nabc\r\n"), "truncated"),
    "nothing at all": (raw(b""), "disconnected"),
    "half a head": (raw(b"HTTP/1.1 200 OK\r\nA: b"), "disconnected"),
    "no HTTP": (raw(b"<rss/>\r\n\r\n"), "bad-response"),
    "another protocol": (raw(b"SSH-2.0-OpenSSH_9\r\n"), "bad-response"),
    "HTTP/0.9 status": (raw(b"HTTP/1.1 twohundred OK\r\n\r\n"), "bad-response"),
    "huge length": (raw(head("Content-Length: 99999999999999999999999")), "bad-response"),
    "negative length": (raw(head("Content-Length: -5")), "bad-response"),
    "two lengths": (raw(head("Content-Length: 5", "Content-Length: 6") + b"12345"), "bad-response"),
    "body over the cap, announced": (raw(head("Content-Length: 999999999")), "too-large"),
    "unknown coding": (raw(reply(BODY, "Content-Encoding: rot13")), "bad-encoding"),
    "too many codings": (raw(reply(BODY, "Content-Encoding: " + "gzip," * 9)), "bad-encoding"),
    "no gzip": (raw(reply(BODY, "Content-Encoding: gzip")), "bad-encoding"),
    "cut gzip": (raw(reply(gzip.compress(BODY)[:-4], "Content-Encoding: gzip")), "truncated"),
    "cut deflate": (raw(reply(zlib.compress(BODY)[:-2], "Content-Encoding: deflate")), "truncated"),
    "cut br": (raw(reply(brotli.compress(BODY)[:-2], "Content-Encoding: br")), "truncated"),
    "cut zstd": (raw(reply(zstandard.compress(BODY)[:-2], "Content-Encoding: zstd")), "truncated"),
    "header with a NUL": (raw(head("A: \0", "Content-Length: 0")), "bad-response"),
    "length and chunks": (
        raw(head("Content-Length: 3", "Transfer-Encoding: chunked") + b"3\r\nabc\r\n0\r\n\r\n"),
        "bad-response",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_answers_are_failures(name: str) -> None:
    script, reason = BROKEN[name]
    outcome, requests = fetch_from(script)
    assert failed(outcome).reason == reason
    assert len(requests) == 1, "never an immediate retry"


STATUSES = [100, 101, 201, 202, 204, 205, 206, 207, 226, 299, 300, 304, 305, 306, 399, 400, 401]
STATUSES += [403, 404, 410, 418, 429, 451, 499, 500, 502, 503, 599, 600, 799, 999]


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_without_a_document_is_a_failure(status: int) -> None:
    body = b"" if status in (204, 205, 304) else BODY
    outcome, _ = fetch_from(raw(reply(body, status=status)), timeout=0.5)
    failure = failed(outcome)
    if status == 304:
        assert failure.reason == "unsolicited-304"
    elif status == 100:  # an interim answer, after which none comes: the body is no HTTP
        assert failure.reason == "bad-response"
    else:
        assert (failure.reason, failure.status) == (f"http-{status}", status)
    assert failure.gone is (status == 410)
    assert failure.host_rests is (status in (429, 503))


@pytest.mark.parametrize("line", ["HTTP/1.1 99 X", "HTTP/1.1 0 X", "HTTP/1.1 1000 X", "HTTP/1.1"])
def test_statuses_that_are_none_are_failures(line: str) -> None:
    outcome, _ = fetch_from(raw(f"{line}\r\nContent-Length: 0\r\n\r\n".encode()))
    assert failed(outcome).reason in ("bad-response", "http-99", "http-0", "http-1000")


SLOW = {
    "connected, silent": (drip(b"", 60, b""), "idle-timeout"),
    "head drips": (drip(b"HTTP/1.1 200 OK\r\n", 0.05, b"A: b\r\n"), "timeout"),
    "body drips": (drip(head("Content-Length: 9999"), 0.05, b"x"), "timeout"),
    "chunks drip": (drip(CHUNKED, 0.05, b"1\r\nx\r\n"), "timeout"),
    "body stops": (drip(head("Content-Length: 9999") + b"abc", 60, b""), "idle-timeout"),
    "interim answers drip": (drip(b"", 0.05, b"HTTP/1.1 102 Processing\r\n\r\n"), "timeout"),
}


@pytest.mark.parametrize("name", SLOW)
def test_slow_answers_end_in_time(name: str) -> None:
    script, reason = SLOW[name]
    outcome, _ = fetch_from(script, timeout=0.6, idle_timeout=0.3)
    assert failed(outcome).reason == reason


FLOODS = {
    "header lines": (flood(b"HTTP/1.1 200 OK\r\n", b"X-A: bbbbbbbb\r\n" * 64), "headers-too-large"),
    "one header line": (flood(b"HTTP/1.1 200 OK\r\nA: ", b"b" * 4096), "headers-too-large"),
    "a header's name": (flood(b"HTTP/1.1 200 OK\r\n", b"b" * 4096), "headers-too-large"),
    "status line": (flood(b"HTTP/1.1 200 ", b"b" * 4096), "headers-too-large"),
    "interim answers": (flood(b"", b"HTTP/1.1 102 P\r\n\r\n" * 64), "headers-too-large"),
    "chunked body": (flood(CHUNKED, b"1000\r\n" + b"x" * 4096 + b"\r\n"), "too-large"),
    "tiny chunks": (flood(CHUNKED, b"1\r\nx\r\n" * 512), "too-large"),
    "chunk extensions": (flood(CHUNKED + b"1;", b"x" * 4096), "too-large"),
    "trailers": (flood(CHUNKED + b"0\r\n", b"X-T: y\r\n" * 512), "too-large"),
    "endless body": (flood(head(), b"x" * 4096), "too-large"),
}


@pytest.mark.parametrize("name", FLOODS)
def test_floods_are_cut_at_their_cap(name: str) -> None:
    script, reason = FLOODS[name]
    outcome, _ = fetch_from(script, max_wire_bytes=2**20)
    assert failed(outcome).reason in (reason, "bad-response", "truncated")
    if name in ("header lines", "one header line", "interim answers", "chunked body"):
        assert failed(outcome).reason == reason


def test_headers_below_the_cap_pass_and_above_it_fail() -> None:
    lines = [f"X-{n}: {'v' * 90}" for n in range(600)]
    outcome, _ = fetch_from(raw(reply(BODY, *lines), close=False))
    assert isinstance(outcome, Fetched)
    outcome, _ = fetch_from(raw(reply(BODY, *lines, *lines), close=False))
    assert failed(outcome).reason == "headers-too-large"
    outcome, _ = fetch_from(raw(reply(BODY, "X: " + "v" * 40_000), close=False))
    assert isinstance(outcome, Fetched)


ZEROS = bytes(64 * 2**20)
BOMBS = {
    "gzip": gzip.compress(ZEROS, 6),
    "deflate": zlib.compress(ZEROS),
    "br": brotli.compress(ZEROS, quality=1),
    "zstd": zstandard.compress(ZEROS),
    "gzip, gzip": gzip.compress(gzip.compress(ZEROS)),
    "br, zstd": zstandard.compress(brotli.compress(ZEROS, quality=1)),
    "gzip, deflate": zlib.compress(gzip.compress(bytes(2**20)) * 100),
}


@pytest.mark.parametrize("coding", BOMBS)
def test_bombs_are_cut_while_they_are_inflated(coding: str) -> None:
    outcome, _ = fetch_from(lambda _: reply(BOMBS[coding], f"Content-Encoding: {coding}"))
    assert failed(outcome).reason == "too-large"


def test_many_parts_that_hold_nothing_are_refused() -> None:
    for coding, wire in (
        ("gzip", gzip.compress(b"") * 100_000),
        ("zstd", b"\x28\xb5\x2f\xfd\x00\x38" + bytes(3_000_000)),
        ("zstd", zstandard.compress(b"") * 100_000),
    ):
        outcome, _ = fetch_from(lambda _, w=wire, c=coding: reply(w, f"Content-Encoding: {c}"))
        assert failed(outcome).reason == "bad-encoding"


def test_the_caps_are_the_settings() -> None:
    small = lambda _: reply(b"x" * 2000)  # noqa: E731
    assert failed(fetch_from(small, max_wire_bytes=1999)[0]).reason == "too-large"
    assert isinstance(fetch_from(small, max_wire_bytes=2000)[0], Fetched)
    packed = lambda _: reply(gzip.compress(b"x" * 2000), "Content-Encoding: gzip")  # noqa: E731
    assert failed(fetch_from(packed, max_body_bytes=1999)[0]).reason == "too-large"
    assert isinstance(fetch_from(packed, max_body_bytes=2000)[0], Fetched)


# ---------------------------------------------------------------- redirects


def redirect(target: str, status: int = 302) -> Callable[[Request], bytes]:
    return lambda _: reply(b"", f"Location: {target}", status=status)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("file:///etc/passwd", "bad-scheme"),
        ("ftp://127.0.0.1/x", "bad-scheme"),
        ("javascript:alert(1)", "bad-scheme"),
        ("data:text/xml,<rss/>", "bad-scheme"),
        ("gopher://127.0.0.1/", "bad-scheme"),
        ("http://10.0.0.1/", "private-address"),
        ("http://192.168.1.1:8080/", "private-address"),
        ("http://[::1]/", "private-address"),
        ("http://169.254.169.254/latest/meta-data/", "private-address"),
        ("http://0.0.0.0/", "private-address"),
        ("http://[::ffff:10.0.0.1]/", "private-address"),
        ("http://0x0a000001/", "private-address"),
        ("http://user:secret@10.0.0.1/", "private-address"),
        ("/feed.xml", "redirect-loop"),
        ("//", "redirect-loop"),
        ("http://[::1", "bad-redirect"),
        ("http://x:99999/", "bad-redirect"),
        ("http://x:0/", "bad-redirect"),
        ("http://" + "a" * 9000 + "/", "bad-redirect"),
    ],
)
def test_redirects_to_where_no_fetch_may_go_end_it(target: str, reason: str) -> None:
    outcome, requests = fetch_from(redirect(target))
    failure = failed(outcome)
    assert failure.reason == reason
    assert "secret" not in failure.message
    assert len(requests) == 1


def test_a_redirect_without_an_address_and_one_of_raw_bytes_are_failures() -> None:
    outcome, _ = fetch_from(raw(reply(b"", status=302)))
    assert failed(outcome).reason == "bad-redirect"
    outcome, _ = fetch_from(
        raw(b"HTTP/1.1 302 X\r\nLocation: /\xff\xfe\r\nContent-Length: 0\r\n\r\n")
    )
    assert isinstance(outcome, FetchFailed)


def test_hops_are_counted_and_loops_are_found() -> None:
    def hop(request: Request) -> bytes:
        number = int(request.target.rpartition("/")[2])
        return reply(BODY) if number == 0 else reply(b"", f"Location: /{number - 1}", status=302)

    outcome, requests = fetch_from(hop, "/10")
    assert isinstance(outcome, Fetched)
    assert len(requests) == 11
    outcome, requests = fetch_from(hop, "/11")
    assert failed(outcome).reason == "too-many-redirects"
    assert len(requests) == 11

    ring = {"/a": "/b", "/b": "/c", "/c": "/a"}
    outcome, requests = fetch_from(
        lambda r: reply(b"", f"Location: {ring[r.target]}", status=301), "/a"
    )
    assert failed(outcome).reason == "redirect-loop"
    assert len(requests) == 3


def test_a_redirect_with_a_flood_for_a_body_is_followed_without_reading_it() -> None:
    async def script(request: Request, writer: asyncio.StreamWriter) -> bool:
        if request.target == "/b":
            writer.write(reply(BODY))
            return True
        writer.write(b"HTTP/1.1 302 X\r\nLocation: /b\r\nContent-Length: 99999999999\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    outcome, _ = fetch_from(script)
    assert isinstance(outcome, Fetched)


def test_credentials_stay_with_their_origin() -> None:
    async def go() -> None:
        async with Origin(lambda _: reply(BODY)) as other:

            def away(request: Request) -> bytes:
                if request.target == "/here":
                    return reply(BODY)
                to = "/here" if request.target == "/stay" else other.url("/there")
                return reply(b"", f"Location: {to}", status=302)

            async with Origin(away) as origin:
                door = fetcher()
                secret = (("Authorization", "Bearer t"), ("X-Key", "k"), ("Accept-Language", "zh"))
                for path in ("/go", "/stay"):
                    request = FetchRequest(origin.url(path), headers=secret)
                    assert isinstance(await door.fetch(request), Fetched)
                url = origin.url("/go").replace("http://", "http://me:pass@")
                outcome = await door.fetch(FetchRequest(url))
                assert isinstance(outcome, Fetched)
                assert "pass" not in outcome.url
                first, stay, here, basic = origin.requests
                assert first.headers["authorization"] == "Bearer t"
                assert here.headers["authorization"] == stay.headers["authorization"] == "Bearer t"
                assert basic.headers["authorization"].startswith("Basic ")
                for request_there in other.requests:
                    assert "authorization" not in request_there.headers
                    assert "x-key" not in request_there.headers
                assert other.requests[0].headers["accept-language"] == "zh"
                await door.close()

    run(go())


# ---------------------------------------------------------------- numbers and characters


@pytest.mark.parametrize(
    "line",
    [
        "Cache-Control: max-age=99999999999999999999999999999",
        "Cache-Control: max-age=-1",
        'Cache-Control: max-age="1", ,,=,;;"',
        "Cache-Control: " + "a=b," * 5000,
        "Expires: Fri, 31 Dec 9999 23:59:59 GMT",
        "Expires: 0",
        "Expires: Mon, 99 Foo 20260 99:99:99 +9999",
        "Date: Fri, 31 Dec 9999 23:59:59 GMT",
        "Age: 99999999999999999999999999",
        "Last-Modified: Fri, 31 Dec 9999 23:59:59 -1200",
        "Link: " + "<a>; rel=hub, " * 3000,
        "Link: <http://[>; rel=hub",
        "Set-Cookie: " + "a" * 5000,
        "Content-Type: \xff\xfe/\x7f",
    ],
)
def test_absurd_headers_harm_nothing(line: str) -> None:
    async def script(_: Request, writer: asyncio.StreamWriter) -> bool:
        text = f"HTTP/1.1 200 OK\r\n{line}\r\nContent-Length: 6\r\n\r\n<rss/>"
        writer.write(text.encode("latin-1"))
        return True

    outcome, _ = fetch_from(script)
    assert isinstance(outcome, Fetched) or failed(outcome).reason == "bad-response"


@pytest.mark.parametrize(
    "value", ["9" * 400, "-1", "Fri, 31 Dec 9999 23:59:59 GMT", "soon", "", "1e9", "٣"]
)
def test_absurd_retry_after_rests_the_host_for_a_bounded_time(value: str) -> None:
    from datetime import timedelta

    from tests.fetch.loopback import START

    async def script(_: Request, writer: asyncio.StreamWriter) -> bool:
        text = f"HTTP/1.1 503 X\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n"
        writer.write(text.encode())
        return True

    outcome, _ = fetch_from(script)
    failure = failed(outcome)
    assert failure.retry_after is not None
    assert timedelta(0) < failure.retry_after - START <= timedelta(days=7)


def test_a_connection_that_is_not_there_is_a_failure() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        outcome = run(_fetch(f"http://127.0.0.1:{port}/"))
    assert failed(outcome).reason == "connect"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "bad-scheme"),
        ("example.org/feed", "bad-scheme"),
        ("http://", "bad-url"),
        ("http://[::1/", "bad-url"),
        ("http://127.0.0.1:99999/", "bad-url"),
        ("http://127.0.0.1:0/", "bad-url"),
        ("http://a\x00b/", "bad-url"),
        ("http://\ud800/", "bad-url"),
        ("file:///etc/passwd", "bad-scheme"),
        ("/etc/passwd", "bad-scheme"),
        ("https://does-not-exist.invalid/", "dns"),
    ],
)
def test_urls_that_cannot_be_fetched_are_failures(url: str, reason: str) -> None:
    assert failed(run(_fetch(url))).reason == reason


@pytest.mark.parametrize(
    "url",
    [
        "http://me:s3cret@127.0.0.1:1/?token=s3cret",
        "http://me:s3cret@10.0.0.1/?token=s3cret",
        "http://me:s3cret@127.0.0.1:99999/",
        "http://me:s3cret@[::1/",
        "ftp://me:s3cret@127.0.0.1/",
        "http://me:s3c/ret@127.0.0.1/",
        "https://me:s3cret@does-not-exist.invalid/?token=s3cret",
    ],
)
def test_no_message_repeats_a_secret(url: str) -> None:
    failure = failed(run(_fetch(url)))
    assert "s3c" not in failure.message
    assert "me:s3cret" not in failure.url


def test_headers_that_cannot_be_sent_are_failures() -> None:
    for etag in ("a\r\nX: y", "a\nb"):
        outcome, requests = fetch_from(
            lambda _: reply(BODY), request=lambda url, e=etag: FetchRequest(url, etag=e)
        )
        assert failed(outcome).reason == "bad-request"
        assert requests == []


async def _fetch(url: str) -> FetchOutcome:
    door = fetcher(allow_private=LOOPBACK)
    try:
        return await door.fetch(FetchRequest(url))
    finally:
        await door.close()


def test_one_hostile_origin_holds_up_nobody_else() -> None:
    async def go() -> None:
        scripts = [script for script, _ in (*SLOW.values(), *FLOODS.values())]
        # None of them may end by a limit before the healthy ones do, however busy the machine is.
        door = fetcher(timeout=60.0, idle_timeout=60.0, max_wire_bytes=2**20)
        origins = [Origin(script) for script in scripts]
        async with Origin(lambda _: reply(BODY)) as healthy:
            for origin in origins:
                await origin.__aenter__()
            hostile = [asyncio.create_task(door.fetch(FetchRequest(o.url()))) for o in origins]
            await asyncio.sleep(0.01)
            outcomes = await asyncio.gather(
                *(door.fetch(FetchRequest(healthy.url(f"/{n}"))) for n in range(100))
            )
            assert not all(task.done() for task in hostile), "nobody waited for the slow ones"
            assert all(isinstance(outcome, Fetched) for outcome in outcomes)
            for task in hostile:
                task.cancel()
            await asyncio.gather(*hostile, return_exceptions=True)
            await door.close()
            for origin in origins:
                await origin.__aexit__()

    run(go())


def test_a_304_that_was_asked_for_by_date_alone_is_good() -> None:
    outcome, _ = fetch_from(
        raw(reply(b"", status=304), close=False),
        request=lambda url: FetchRequest(url, last_modified="Mon, 23 Nov 2026 07:00:00 GMT"),
    )
    assert isinstance(outcome, NotModified)


@pytest.mark.parametrize(
    "tail",
    [
        b"Content-Length: 500\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"Content-Length: 11\r\n\r\n<html>x</ht",
        b"\r\nNot modified",
        b"Connection: close\r\n\r\n",
    ],
)
def test_a_304_that_sends_a_body_against_the_rules_is_a_304_and_its_connection_ends(
    tail: bytes,
) -> None:
    async def go() -> None:
        async with Origin(raw(b'HTTP/1.1 304 X\r\nETag: "2"\r\n' + tail, close=False)) as origin:
            door = fetcher(per_host=1)
            requests = [FetchRequest(origin.url(f"/{n}"), etag='"1"') for n in range(5)]
            for outcome in await asyncio.gather(*map(door.fetch, requests)):
                assert isinstance(outcome, NotModified), outcome
                assert outcome.etag == '"2"'
            await door.close()

    run(go())
