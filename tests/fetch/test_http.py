"""A plain fetch over loopback: what goes out, what comes back."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import zlib

import brotli
import pytest
import zstandard

from aggregator import __version__
from aggregator.fetch import FakeFetcher, open_fetcher
from aggregator.model import Fetched, FetchFailed, FetchRequest, NotModified
from tests.fetch.loopback import Origin, Request, fetch_from, fetcher, reply, run

BODY = "<rss><channel><title>世界</title></channel></rss>".encode() * 50


def test_a_200_is_fetched_with_all_that_is_said_of_it() -> None:
    outcome, requests = fetch_from(
        lambda _: reply(
            BODY,
            'ETag: W/"a,b"',
            "Last-Modified: Mon, 23 Nov 2026 07:00:00 GMT",
            "Content-Type: application/rss+xml; charset=utf-8",
            "Cache-Control: public, max-age=900",
            'Link: </hub>; rel="hub", <https://x.org/>; rel=self',
        )
    )
    assert isinstance(outcome, Fetched)
    assert outcome.body == BODY
    assert outcome.body_digest == hashlib.sha256(BODY).hexdigest()
    assert outcome.etag == 'W/"a,b"'
    assert outcome.last_modified == "Mon, 23 Nov 2026 07:00:00 GMT"
    assert outcome.content_type == "application/rss+xml; charset=utf-8"
    assert outcome.freshness.max_age is not None
    assert outcome.freshness.max_age.total_seconds() == 900
    assert outcome.links[0][0] == "hub"
    assert outcome.links[0][1].endswith("/hub")
    assert outcome.links[1] == ("self", "https://x.org/")
    assert outcome.moved_to is None
    (request,) = requests
    assert request.method == "GET"
    assert set(request.headers) == {"host", "user-agent", "accept", "accept-encoding"}


def test_a_304_to_a_conditional_request_is_not_modified() -> None:
    outcome, requests = fetch_from(
        lambda _: reply(b"", 'ETag: "new"', status=304),
        request=lambda url: FetchRequest(url, etag='"old"', last_modified="x"),
    )
    assert outcome == NotModified(outcome.url, 304, etag='"new"')
    assert requests[0].headers["if-none-match"] == '"old"'
    assert requests[0].headers["if-modified-since"] == "x"


@pytest.mark.parametrize("gzipped", [False, True])
def test_the_same_wire_bytes_are_not_modified_and_not_inflated(gzipped: bool) -> None:
    # A coding that would fail to inflate proves that nobody tried.
    wire = b"\x1f\x8bno gzip at all" if gzipped else BODY
    lines = ["Content-Encoding: gzip"] if gzipped else []
    outcome, _ = fetch_from(
        lambda _: reply(wire, 'ETag: "2"', *lines),
        request=lambda url: FetchRequest(url, body_digest=hashlib.sha256(wire).hexdigest()),
    )
    assert isinstance(outcome, NotModified)
    assert (outcome.status, outcome.etag) == (200, '"2"')


RAW = zlib.compressobj(wbits=-15)
ENCODED = {
    "gzip": gzip.compress(BODY),
    "x-gzip": gzip.compress(BODY[:100]) + gzip.compress(BODY[100:]),
    "deflate": zlib.compress(BODY),
    "Deflate": RAW.compress(BODY) + RAW.flush(),
    "br": brotli.compress(BODY),
    "zstd": zstandard.compress(BODY),
    "gzip, br": brotli.compress(gzip.compress(BODY)),
    "identity": BODY,
}


@pytest.mark.parametrize("coding", ENCODED)
def test_every_coding_is_inflated_and_digested_as_it_came(coding: str) -> None:
    outcome, _ = fetch_from(lambda _: reply(ENCODED[coding], f"Content-Encoding: {coding}"))
    assert isinstance(outcome, Fetched)
    assert outcome.body == BODY
    assert outcome.body_digest == hashlib.sha256(ENCODED[coding]).hexdigest()


def test_chunked_bodies_and_bodies_until_the_end_of_the_connection_are_read() -> None:
    chunked = b"5\r\n<rss/\r\n1;x=y\r\n>\r\n0\r\nTrailer: x\r\n\r\n"
    outcome, _ = fetch_from(lambda _: reply(chunked, "Transfer-Encoding: chunked"))
    assert isinstance(outcome, Fetched)
    assert outcome.body == b"<rss/>"

    async def until_closed(_: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n<rss/>")
        return False

    outcome, _ = fetch_from(until_closed)
    assert isinstance(outcome, Fetched)
    assert outcome.body == b"<rss/>"


def test_the_user_agent_bears_the_version_and_a_public_address_only() -> None:
    async def agents() -> list[str]:
        async with Origin(lambda _: reply(BODY)) as origin:
            for base in (None, "https://news.example.org/", "http://127.0.0.1:8000", "http://nas/"):
                from aggregator.clock import SystemClock
                from tests.fetch.loopback import settings

                door = open_fetcher(settings(), SystemClock(), base_url=base)
                await door.fetch(FetchRequest(origin.url()))
                await door.close()
            return [request.headers["user-agent"] for request in origin.requests]

    plain = f"aggregator/{__version__}"
    assert run(agents()) == [plain, f"{plain} (+https://news.example.org/)", plain, plain]


def test_equal_requests_under_way_are_one_request() -> None:
    async def go() -> int:
        async with Origin(lambda _: reply(BODY)) as origin:
            door = fetcher()
            request = FetchRequest(origin.url())
            outcomes = await asyncio.gather(*(door.fetch(request) for _ in range(5)))
            assert all(outcome is outcomes[0] for outcome in outcomes)
            for outcome in outcomes:
                door.release(outcome)
            await door.close()
            return len(origin.requests)

    assert run(go()) == 1


def test_a_caller_that_goes_away_does_not_take_the_others_with_it() -> None:
    async def go() -> None:
        async def slow(_: Request, writer: asyncio.StreamWriter) -> bool:
            await asyncio.sleep(0.05)
            writer.write(reply(BODY))
            return True

        async with Origin(slow) as origin:
            door = fetcher()
            request = FetchRequest(origin.url())
            first = asyncio.create_task(door.fetch(request))
            second = asyncio.create_task(door.fetch(request))
            await asyncio.sleep(0.01)
            first.cancel()
            assert isinstance(await second, Fetched)
            assert first.cancelled()
            await door.close()

    run(go())


def test_the_fake_answers_from_its_script() -> None:
    async def go() -> None:
        gone = FetchFailed("http://a/", "http-410", "gone", gone=True)
        same = NotModified("http://a/", 304)
        fake = FakeFetcher({"http://a/": [same, gone], "http://b/": lambda r: same})
        request = FetchRequest("http://a/", etag='"1"')
        assert [await fake.fetch(request) for _ in range(3)] == [same, gone, gone]
        assert await fake.fetch(FetchRequest("http://b/")) is same
        unknown = await fake.fetch(FetchRequest("http://c/"))
        assert isinstance(unknown, FetchFailed)
        assert unknown.reason == "dns"
        assert fake.requests[0] is request
        await fake.close()
        assert fake.closed

    run(go())
