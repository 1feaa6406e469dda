"""Feeds over real HTTP: bytes, validators, 304, gzip, methods, names that changed or never were."""

import gzip
import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import brotli
import pytest

from aggregator.web.documents import LOOK_EVERY
from tests.web.builder import START, Site
from tests.web.client import Served

BODY = b"<?xml version='1.0' encoding='UTF-8'?>\n<feed>" + "嘉兴日报 ".encode() * 500 + b"</feed>"
OTHER = b"<?xml version='1.0' encoding='UTF-8'?>\n<feed>other</feed>"
PATH = "/feeds/domestic.atom"
ROOT = "http://127.0.0.1:8000"


def etag_of(revision: int, body: bytes, suffix: str = "") -> str:
    return f'"{revision}-{hashlib.sha256(body).hexdigest()[:12]}{suffix}"'


def test_a_feed_is_served_byte_for_byte_with_its_validators(site: Site) -> None:
    record = site.publish("domestic", BODY, START + timedelta(microseconds=999_999))
    with Served(site) as served:
        reply = served.ask(PATH)
    assert (reply.status, reply.body) == (200, BODY)
    assert {name: reply.headers[name] for name in sorted(reply.headers) if name != "date"} == {
        "accept-ranges": "bytes",
        "cache-control": "public, max-age=840, stale-while-revalidate=60",
        "connection": "close",
        "content-length": str(len(BODY)),
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "content-type": "application/atom+xml; charset=utf-8",
        "etag": etag_of(record.revision, BODY),
        "last-modified": "Mon, 23 Nov 2026 04:30:00 GMT",
        "link": f'<{ROOT}/hub>; rel="hub", <{ROOT}{PATH}>; rel="self", '
        f'<{ROOT}{PATH}>; rel="original timegate", '
        f'<{ROOT}/timemap{PATH}>; rel="timemap"; type="application/link-format"',
        "vary": "Accept-Encoding, A-IM, Accept-Datetime",
        "x-content-type-options": "nosniff",
    }


def test_head_says_what_get_would_without_the_bytes(site: Site) -> None:
    site.publish("domestic", BODY)
    with Served(site) as served:
        got, headed = served.ask(PATH), served.ask(PATH, "HEAD")
    assert (headed.status, headed.body) == (200, b"")
    assert headed.headers | {"date": ""} == got.headers | {"date": ""}


def test_gzip_is_another_representation_with_a_tag_of_its_own(site: Site) -> None:
    record = site.publish("domestic", BODY)
    packed_tag = etag_of(record.revision, BODY, "-gz")
    with Served(site) as served:
        reply = served.ask(PATH, Accept_Encoding="gzip")
        again = served.ask(PATH, Accept_Encoding="gzip")
        known = served.ask(PATH, Accept_Encoding="gzip", If_None_Match=packed_tag)
        plain = served.ask(PATH, If_None_Match=packed_tag)
    assert gzip.decompress(reply.body) == BODY
    assert reply.body == again.body
    assert reply.headers["content-encoding"] == "gzip"
    assert reply.headers["etag"] == packed_tag
    assert reply.headers["content-length"] == str(len(reply.body))
    assert known.status == 304
    assert plain.status == 200  # those bytes are not the ones it would be sent


def test_brotli_where_it_is_as_welcome(site: Site) -> None:
    record = site.publish("domestic", BODY)
    with Served(site) as served:
        reply = served.ask(PATH, Accept_Encoding="gzip, deflate, br, zstd")
    assert brotli.decompress(reply.body) == BODY
    assert reply.headers["content-encoding"] == "br"
    assert reply.headers["etag"] == etag_of(record.revision, BODY, "-br")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_known_tag_gives_304_with_the_headers_that_last(site: Site, method: str) -> None:
    tag = etag_of(site.publish("domestic", BODY).revision, BODY)
    with Served(site) as served:
        for said in (tag, f"W/{tag}", "*", f'"x", W/"y,z" , {tag}'):
            reply = served.ask(PATH, method, If_None_Match=said)
            assert (reply.status, reply.body) == (304, b"")
            assert set(reply.headers) == {"etag", "cache-control", "vary", "date", "connection"}
            assert reply.headers["etag"] == tag


def test_if_none_match_goes_before_if_modified_since(site: Site) -> None:
    tag = etag_of(site.publish("domestic", BODY).revision, BODY)
    now, past = "Mon, 23 Nov 2026 04:30:00 GMT", "Mon, 23 Nov 2026 04:29:59 GMT"
    with Served(site) as served:

        def status(**headers: str) -> int:
            return served.ask(PATH, **headers).status

        assert status(If_Modified_Since=now) == 304
        assert status(If_Modified_Since=past) == 200
        assert status(If_None_Match='"other"', If_Modified_Since=now) == 200
        assert status(If_None_Match=tag, If_Modified_Since=past) == 304
        assert status(If_Modified_Since="tomorrow") == 200
        assert status(If_Modified_Since="2026-11-23T04:30:00Z") == 200


def test_what_another_process_publishes_is_served_a_moment_later(site: Site) -> None:
    first = site.publish("domestic", BODY)
    with Served(site) as served:
        tag = served.ask(PATH).headers["etag"]
        second = site.publish("domestic", OTHER)
        served.clock.advance(LOOK_EVERY)
        reply = served.ask(PATH, If_None_Match=tag)
    assert (reply.status, reply.body) == (200, OTHER)
    assert reply.headers["etag"] == etag_of(second.revision, OTHER)
    assert second.revision > first.revision


def test_the_same_bytes_written_again_keep_their_tag(site: Site) -> None:
    site.publish("domestic", BODY)
    with Served(site) as served:
        tag = served.ask(PATH).headers["etag"]
        site.write("feeds/domestic.atom", BODY)
        served.clock.advance(LOOK_EVERY)
        assert served.ask(PATH, If_None_Match=tag).status == 304


def test_a_file_that_its_record_does_not_know_is_served_as_it_is(site: Site) -> None:
    record = site.publish("domestic", BODY)
    with Served(site) as served:
        site.write("feeds/domestic.atom", OTHER)
        served.clock.advance(LOOK_EVERY)
        reply = served.ask(PATH)
        assert reply.body == OTHER
        assert reply.headers["etag"] == etag_of(record.revision, OTHER)
        after = site.publish("domestic", OTHER)
        served.clock.advance(timedelta(seconds=2))
        assert served.ask(PATH).headers["etag"] == etag_of(after.revision, OTHER)


def test_a_document_that_is_taken_away_is_gone_at_once(site: Site) -> None:
    site.publish("domestic", BODY)
    with Served(site) as served:
        assert served.ask(PATH).status == 200
        Path(site.config.publish.directory, "feeds/domestic.atom").unlink()
        with site.store.transaction():
            site.store.remove_output("domestic", site.now)
            site.store.forget_documents(["feeds/domestic.atom"])
        served.clock.advance(timedelta(seconds=2))
        reply = served.ask(PATH)
    assert reply.status == 410
    assert "domestic" in reply.text


def test_an_output_without_a_document_asks_to_come_back(site: Site) -> None:
    with Served(site) as served:
        reply = served.ask(PATH)
        assert (reply.status, reply.headers["retry-after"]) == (503, "30")
        assert "尚未发布" in reply.text
        site.publish("domestic", BODY)
        assert served.ask(PATH).status == 200


def test_a_new_output_is_found_within_two_seconds(site: Site) -> None:
    site.publish("domestic", BODY)
    with Served(site) as served:
        assert served.ask("/feeds/sports.atom").status == 404
        site.publish("sports", OTHER)
        served.clock.advance(timedelta(seconds=2))
        assert served.ask("/feeds/sports.atom").body == OTHER


def test_a_former_name_leads_to_the_present_one(site: Site) -> None:
    site.config = replace(site.config, base_url="https://news.example.org/daily")
    site.publish("domestic", BODY)
    with site.store.transaction():
        site.store.rename_output("domestic", "china")
        site.store.forget_documents(["feeds/domestic.atom"])
    with Served(site) as served:
        reply = served.ask_with(PATH, "GET", {"Host": "evil.example"})
    assert reply.status == 301
    assert reply.headers["location"] == "https://news.example.org/daily/feeds/china.atom"


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/nothing.atom",
        "/feeds/",
        "/feeds/domestic",
        "/feeds/domestic.atom/",
        "/feeds/../feeds.yaml",
        "/feeds/..%2f..%2faggregator.db",
        "/feeds/%2e%2e/%2e%2e/aggregator.db",
        "/feeds//domestic.atom",
        "/feeds/domestic.atom%00",
        "/feeds/.domestic.atom.new",
        "/feeds/%3Cscript%3Ealert(1)%3C/script%3E.atom",
        "/feeds/" + "a" * 3000 + ".atom",
        "/feeds/%ff%fe.atom",
    ],
)
def test_only_names_the_store_knows_are_looked_up(site: Site, path: str) -> None:
    site.publish("domestic", BODY)
    (site.folder / "feeds.yaml").write_text("title: secret")
    with Served(site) as served:
        reply = served.ask(path)
    assert reply.status == 404
    assert "<script" not in reply.text
    assert "domestic.atom" in reply.text
    assert len(reply.body) < 8_000


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("path", [PATH, "/", "/sources", "/feeds/nothing.atom"])
def test_nothing_but_reading_is_allowed(site: Site, path: str, method: str) -> None:
    with Served(site) as served:
        reply = served.ask(path, method)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


def test_the_prefix_of_base_url_may_be_cut_by_a_proxy_or_not(site: Site) -> None:
    site.config = replace(site.config, base_url="https://example.org/新闻")
    site.publish("domestic", BODY)
    with Served(site) as served:
        assert served.ask("/feeds/domestic.atom").body == BODY
        assert served.ask("/%E6%96%B0%E9%97%BB/feeds/domestic.atom").body == BODY
        assert served.ask("/%E6%96%B0%E9%97%BB/sources").status == 200
        assert served.ask("/%E6%96%B0%E9%97%BB/").status == 200


def test_another_publish_directory_is_followed(site: Site) -> None:
    site.publish("domestic", BODY)
    with Served(site) as served:
        assert served.ask(PATH).body == BODY
        elsewhere = replace(site.config.publish, directory=str(site.folder / "elsewhere"))
        site.config = replace(site.config, publish=elsewhere)
        site.publish("domestic", OTHER)
        served.state.replace_config(site.config)
        assert served.ask(PATH).body == OTHER


def test_without_a_store_the_answer_is_503_until_there_is_one(tmp_path: Path) -> None:
    site = Site(tmp_path)
    address = site.config.store
    site.publish("domestic", BODY)
    site.config = replace(site.config, store=f"sqlite:{tmp_path / 'later.db'}")
    with Served(site) as served:
        reply = served.ask(PATH)
        assert (reply.status, reply.headers["retry-after"]) == (503, "30")
        assert served.ask("/").status == 503
        assert served.ask("/healthz").status == 503
        site.store.close()
        Path(address.partition(":")[2]).rename(tmp_path / "later.db")
        assert served.ask(PATH).body == BODY
