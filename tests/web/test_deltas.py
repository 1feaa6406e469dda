"""Feeds for clients that ask for what is new alone (RFC 3229), read by feedparser and by hand."""

import gzip
import json
from dataclasses import replace
from datetime import timedelta

import feedparser
import pytest

from aggregator.clock import FakeClock
from aggregator.publish import Publisher
from aggregator.web.delta import cut, known_base, wants_delta
from tests.web.builder import Site, entry
from tests.web.client import Reply, Served

PATH = "/feeds/domestic.atom"


class Living:
    """A site that is published as it changes, and served."""

    def __init__(self, site: Site) -> None:
        self.site = site
        site.add_source("paper", "嘉兴日报")
        self.clock = FakeClock(site.now)
        self.publisher = Publisher(site.store, site.config, self.clock)
        self.served = Served(site)

    def say(self, *titles: str, text: str = "<p>正文</p>") -> None:
        """The source says entries, each known by its title; a minute goes by."""
        self.site.save("paper", *[entry(title, title, text) for title in titles])
        self.publish()

    def publish(self) -> None:
        self.publisher.publish()
        for clock in (self.clock, self.served.clock):
            clock.advance(timedelta(minutes=1))
        self.site.now += timedelta(minutes=1)

    def ask(self, tag: str | None = None, path: str = PATH, **headers: str) -> Reply:
        """Ask for what came since `tag`."""
        known = {"If_None_Match": tag} if tag is not None else {}
        return self.served.ask(path, A_IM="feed", **known, **headers)


@pytest.fixture
def living(site: Site) -> Living:
    made = Living(site)
    made.say("一", "二", "三")
    return made


def titles_in(reply: Reply) -> list[str]:
    found = feedparser.parse(reply.body)
    assert not found.bozo
    return [one.title for one in found.entries]


def test_only_what_came_or_changed_since_is_sent(living: Living) -> None:
    with living.served:
        first = living.ask()
        living.say("四")
        came = living.ask(first.headers["etag"])
        living.say("二", text="<p>改了</p>")
        changed = living.ask(came.headers["etag"])
        both = living.ask(first.headers["etag"])
        nothing = living.ask(changed.headers["etag"])
        whole = living.served.ask(PATH)
    assert first.status == 200
    assert sorted(titles_in(first)) == sorted(["一", "二", "三"])
    assert (came.status, titles_in(came)) == (226, ["四"])
    assert (changed.status, titles_in(changed)) == (226, ["二"])
    assert "改了" in changed.text
    assert sorted(titles_in(both)) == sorted(["四", "二"])
    assert nothing.status == 304
    assert nothing.headers["etag"] == changed.headers["etag"] == whole.headers["etag"]
    assert len(titles_in(whole)) == 4


def test_the_headers_of_a_delta(living: Living) -> None:
    with living.served:
        tag = living.ask().headers["etag"]
        living.say("四")
        reply = living.ask(tag)
        headed = living.served.ask(PATH, "HEAD", A_IM="feed", If_None_Match=tag)
        whole = living.served.ask(PATH)
    assert reply.headers["im"] == "feed"
    assert reply.headers["delta-base"] == tag
    assert reply.headers["etag"] == whole.headers["etag"]
    assert reply.headers["last-modified"] == whole.headers["last-modified"]
    assert reply.headers["content-type"] == whole.headers["content-type"]
    assert reply.headers["cache-control"].startswith("no-store, im, max-age=")
    assert {"A-IM", "If-None-Match", "Accept-Encoding"} <= set(reply.headers["vary"].split(", "))
    assert "accept-ranges" not in reply.headers
    assert (headed.status, headed.body) == (226, b"")
    assert headed.headers["content-length"] == str(len(reply.body))
    assert "A-IM" in whole.headers["vary"]


@pytest.mark.parametrize("kind", ["atom", "rss", "json"])
def test_in_every_format(living: Living, kind: str) -> None:
    path = f"/feeds/domestic.{kind}"
    with living.served:
        tag = living.ask(path=path).headers["etag"]
        living.say("四")
        reply = living.ask(tag, path)
    assert reply.status == 226
    if kind == "json":
        assert [one["title"] for one in json.loads(reply.body)["items"]] == ["四"]
    else:
        assert titles_in(reply) == ["四"]


def test_compressed_and_weak_tags_are_known(living: Living) -> None:
    with living.served:
        packed = living.ask(Accept_Encoding="gzip").headers["etag"]
        plain = living.ask().headers["etag"]
        living.say("四", text="<p>" + "长文" * 1_000 + "</p>")
        for tag in (packed, plain, f"W/{plain}", f'"x", W/{packed}, "y"'):
            reply = living.ask(tag, Accept_Encoding="gzip")
            assert reply.status == 226
            assert reply.headers["content-encoding"] == "gzip"
            assert reply.headers["delta-base"] == plain
            found = feedparser.parse(gzip.decompress(reply.body))
            assert [one.title for one in found.entries] == ["四"]
            assert living.ask(reply.headers["etag"], Accept_Encoding="gzip").status == 304


def test_of_several_versions_the_newest_known_one_counts(living: Living) -> None:
    with living.served:
        first = living.ask().headers["etag"]
        living.say("四")
        second = living.ask().headers["etag"]
        living.say("五")
        assert titles_in(living.ask(f"{first}, {second}")) == ["五"]


def test_a_tag_that_was_never_given_out_gets_the_whole(living: Living) -> None:
    with living.served:
        tag = living.ask().headers["etag"]
        revision, digest = tag.strip('"').split("-")
        living.say("四")
        other = "0" if digest[0] != "0" else "1"
        for unknown in (
            f'"{revision}-{other}{digest[1:]}"',
            f'"{int(revision) + 1000}-{digest}"',
            f'"{revision}"',
            '"nonsense"',
            f'"{"9" * 400}-{digest}"',
            "",
            f'"{revision}-{digest}-zz"',
        ):
            reply = living.ask(unknown)
            assert reply.status == 200, unknown
            assert len(titles_in(reply)) == 4


def test_whoever_does_not_ask_for_deltas_gets_the_whole(living: Living) -> None:
    with living.served:
        tag = living.ask().headers["etag"]
        living.say("四")
        for a_im in (None, "gzip", "feed;q=0", "feeds", ""):
            said = {"A_IM": a_im} if a_im is not None else {}
            assert living.served.ask(PATH, If_None_Match=tag, **said).status == 200
        assert living.served.ask(PATH, If_None_Match=tag, A_IM="gzip, Feed;q=0.5").status == 226


def test_other_settings_give_the_whole_once(living: Living) -> None:
    with living.served:
        tag = living.ask().headers["etag"]
        living.publisher.replace_config(replace(living.site.config, title="别的名字"))
        living.publish()
        reply = living.ask(tag)
        assert reply.status == 200
        living.say("四")
        assert living.ask(reply.headers["etag"]).status == 226


def test_a_client_that_follows_deltas_holds_what_one_that_takes_the_whole_does(
    living: Living,
) -> None:
    held: dict[str, str] = {}
    tag: str | None = None
    statuses = set()
    with living.served:
        for turn in range(12):
            if turn % 4 != 3:
                living.say(f"新{turn}", *(["一"] if turn % 5 == 0 else []), text=f"<p>{turn}</p>")
            reply = living.ask(tag)
            statuses.add(reply.status)
            tag = reply.headers["etag"]
            if reply.status != 304:
                found = feedparser.parse(reply.body).entries
                held |= {one.id: one.content[0].value for one in found}
        whole = feedparser.parse(living.served.ask(PATH).body).entries
    assert statuses == {200, 226, 304}
    assert held == {one.id: one.content[0].value for one in whole}


def test_lists_and_archives_have_no_deltas(living: Living) -> None:
    with living.served:
        for path in ("/feeds/health.atom", "/feeds/index.opml"):
            reply = living.ask('"1-000000000000"', path)
            assert reply.status == 200


def test_a_document_is_cut_at_its_own_entries() -> None:
    body = (
        b"<feed><id>f</id>\n<entry>\n<source><id>s</id></source><id>a&amp;b</id>"
        b"<content>&lt;entry&gt;&lt;/entry&gt;</content></entry>\n<entry><id>c</id></entry>\n</feed>"
    )
    pieces = cut(body, "atom")
    assert [name for name, _ in pieces.entries] == ["a&b", "c"]
    assert pieces.only({"a&b", "c"}) == body
    assert pieces.only({"c"}) == b"<feed><id>f</id>\n<entry><id>c</id></entry>\n</feed>"
    assert cut(b"<feed></feed>", "atom").only(set()) == b"<feed></feed>"


def test_what_is_read_of_headers() -> None:
    assert wants_delta(b"feed")
    assert not wants_delta(b"feed;q=0.000")
    assert not wants_delta(None)
    assert not wants_delta(b"feed," * 1000)
    tags = b", ".join(b'"%d-0123456789ab"' % n for n in range(10_000))
    assert known_base(tags, {(7, "0123456789ab")}) == (7, "0123456789ab")
    assert known_base(tags, {(7_000, "0123456789ab")}) is None  # too many to look at all
