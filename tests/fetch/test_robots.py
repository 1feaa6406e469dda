"""robots.txt: RFC 9309's rules, hostile files, and the cache."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.clock import FakeClock
from aggregator.fetch import FakeFetcher
from aggregator.fetch.robots import RobotsCache, parse_robots
from aggregator.model import Fetched, FetchFailed, FetchOutcome, FetchRequest
from tests.fetch.loopback import START, run

TWO_GROUPS = b"""
User-agent: *
Disallow: /

User-Agent: other
user-agent: AGGREGATOR/1.0  # a comment
Disallow: /private/
Allow: /private/open
Crawl-delay: 2.5

User-agent: third
Disallow: /third

User-agent: aggregator
Disallow: /more
"""


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", True),
        ("/private", True),
        ("/private/", False),
        ("/private/x?y", False),
        ("/private/open/x", True),
        ("/more", False),
        ("/third", True),
        ("/robots.txt", True),
    ],
)
def test_the_groups_that_name_the_product_are_merged_and_win(path: str, allowed: bool) -> None:
    robots = parse_robots(TWO_GROUPS)
    assert robots.allows("https://h.org" + path) is allowed
    assert robots.delay == timedelta(seconds=2.5)
    assert not parse_robots(TWO_GROUPS, "someone").allows("https://h.org/x")


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("Disallow:", "/x", True),
        ("Disallow: /a\nAllow: /a", "/a", True),
        ("Allow: /a\nDisallow: /a/b", "/a/b/c", False),
        ("Disallow: /*.gif$", "/x/y.gif", False),
        ("Disallow: /*.gif$", "/x/y.gif?z", True),
        ("Disallow: /*.gif", "/x/y.gif?z", False),
        ("Disallow: /a*b*c$", "/a-b-b-c", False),
        ("Disallow: /a*b*c$", "/a-c-b", True),
        ("Disallow: /x$", "/x", False),
        ("Disallow: /x$", "/xy", True),
        ("Disallow: *", "/anything", False),
        ("Disallow: /新闻", "/%E6%96%B0%E9%97%BB/1", False),
        ("Disallow: /%e6%96%b0", "/新", False),
        ("Disallow: /%7Ejoe", "/~joe/x", False),
        ("Disallow: /a%2Fb", "/a/b", True),
        ("Disallow: /a%2Fb", "/a%2fb", False),
        ("Disallow: /?q=", "/?q=1", False),
        ("disallow : /x", "/x", False),
        ("Noindex: /x\nDisallow /x", "/x", True),
    ],
)
def test_matching(rules: str, path: str, allowed: bool) -> None:
    robots = parse_robots(f"User-agent: *\n{rules}\n".encode())
    assert robots.allows("http://h.org" + path) is allowed


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_and_a_byte_order_mark_are_read(newline: str) -> None:
    text = newline.join(("User-agent: *", "Disallow: /x", ""))
    assert not parse_robots(b"\xef\xbb\xbf" + text.encode()).allows("http://h/x")


@given(st.binary(max_size=300), st.text(max_size=60))
def test_no_file_and_no_path_breaks_it(body: bytes, path: str) -> None:
    parse_robots(b"User-agent: *\nDisallow: " + body).allows("http://h/" + path.replace("[", ""))


def test_a_hostile_file_costs_little() -> None:
    body = b"User-agent: *\n" + b"Disallow: /" + b"*a" * 1000 + b"\nDisallow: /b\n" * 50_000
    robots = parse_robots(body)
    assert robots.allows("http://h/" + "a" * 900 + "!")
    assert not robots.allows("http://h/b")
    for value in ("nan", "inf", "-1", "1e400", "x"):
        assert parse_robots(f"User-agent: *\nCrawl-delay: {value}".encode()).delay is None


def _robots_body(text: str) -> FetchOutcome:
    return Fetched("http://h/robots.txt", 200, text.encode(), "")


@pytest.mark.parametrize(
    ("outcome", "allowed"),
    [
        (_robots_body("User-agent: *\nDisallow: /x"), False),
        (_robots_body("<html>not found</html>"), True),
        (FetchFailed("", "http-404", "", status=404), True),
        (FetchFailed("", "http-403", "", status=403), True),
        (FetchFailed("", "http-410", "", status=410, gone=True), True),
        (FetchFailed("", "redirect-loop", ""), True),
        (FetchFailed("", "http-429", "", status=429), False),
        (FetchFailed("", "http-503", "", status=503), False),
        (FetchFailed("", "dns", ""), False),
        (FetchFailed("", "timeout", ""), False),
    ],
)
def test_what_a_missing_file_means(outcome: FetchOutcome, allowed: bool) -> None:
    cache = RobotsCache(FakeFetcher({"http://h/robots.txt": outcome}), FakeClock(START))
    assert run(cache.allows(FetchRequest("http://h/x"))) is allowed


def test_a_copy_is_kept_for_a_day_per_site_and_a_failure_for_an_hour() -> None:
    broken = FetchFailed("", "http-500", "", status=500)
    rules = _robots_body("User-agent: aggregator\nDisallow: /x")
    fake = FakeFetcher({"http://h/robots.txt": [broken, rules], "https://h:8443/robots.txt": rules})
    clock = FakeClock(START)
    cache = RobotsCache(fake, clock)
    page = FetchRequest("http://H/y", etag='"1"', allow_private=("10.0.0.0/8",))

    async def go() -> None:
        assert not await cache.allows(page)
        assert not await cache.allows(page)
        clock.advance(timedelta(hours=1))
        assert await cache.allows(page)
        clock.advance(timedelta(hours=23))
        assert await cache.allows(page)
        assert len(fake.requests) == 2
        clock.advance(timedelta(hours=1))
        assert await cache.allows(page)
        assert not await cache.allows(FetchRequest("https://u:p@h:8443/x"))

    run(go())
    assert [request.url for request in fake.requests] == [
        "http://h/robots.txt",
        "http://h/robots.txt",
        "http://h/robots.txt",
        "https://h:8443/robots.txt",
    ]
    assert fake.requests[0].etag is None
    assert fake.requests[0].allow_private == ("10.0.0.0/8",)
    assert len(fake.released) == 3
