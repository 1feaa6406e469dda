"""What HTTP promises of every resource: parts, preconditions, freshness, and no fear of anybody."""

import socket
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from aggregator.model import Category, PollState
from tests.web.builder import Site
from tests.web.client import Reply, Served

BODY = b"<?xml version='1.0' encoding='UTF-8'?>\n<feed>" + "嘉兴日报 ".encode() * 500 + b"</feed>"
PATH = "/feeds/domestic.atom"


@pytest.fixture
def served(site: Site) -> Served:
    """The site with one feed, and a page's ETag as well as a feed's to be had of it."""
    site.publish("domestic", BODY)
    return Served(site)


# ---------------------------------------------------------------- parts


def test_a_part(served: Served) -> None:
    with served:
        reply = served.ask(PATH, Range="bytes=10-19")
        headed = served.ask(PATH, "HEAD", Range="bytes=10-19")
    assert (reply.status, reply.body) == (206, BODY[10:20])
    assert reply.headers["content-range"] == f"bytes 10-19/{len(BODY)}"
    assert reply.headers["content-length"] == "10"
    assert {"etag", "last-modified", "cache-control", "vary"} <= set(reply.headers)
    assert headed.status == 200  # Range is defined for GET alone (RFC 9110 14.2)


def test_several_parts(served: Served) -> None:
    with served:
        reply = served.ask(PATH, Range="bytes=0-4, -6")
    assert reply.status == 206
    assert "content-range" not in reply.headers
    kind = reply.headers["content-type"]
    message = message_from_bytes(f"content-type: {kind}\r\n\r\n".encode() + reply.body)
    parts = message.get_payload()
    assert isinstance(parts, list)
    assert [part.get_payload(decode=True) for part in parts] == [BODY[:5], BODY[-6:]]
    ranges = [part["content-range"] for part in parts]
    assert ranges == [
        f"bytes 0-4/{len(BODY)}",
        f"bytes {len(BODY) - 6}-{len(BODY) - 1}/{len(BODY)}",
    ]
    assert int(reply.headers["content-length"]) == len(reply.body)


def test_a_part_that_is_not_there(served: Served) -> None:
    with served:
        reply = served.ask(PATH, Range=f"bytes={len(BODY)}-")
    assert reply.status == 416
    assert reply.headers["content-range"] == f"bytes */{len(BODY)}"


def test_a_part_of_the_compressed_form_has_that_form_s_tag(served: Served) -> None:
    with served:
        whole = served.ask(PATH, Accept_Encoding="gzip")
        tag = whole.headers["etag"]
        part = served.ask(PATH, Accept_Encoding="gzip", Range="bytes=0-9", If_Range=tag)
        other = served.ask(PATH, Range="bytes=0-9", If_Range=tag)
    assert (part.status, part.body) == (206, whole.body[:10])
    assert part.headers["content-encoding"] == "gzip"
    assert (other.status, other.body) == (200, BODY)


def test_if_range_with_another_version_gives_the_whole(served: Served) -> None:
    with served:
        for said in ('"1-000000000000"', "Mon, 23 Nov 2026 04:29:59 GMT", "nonsense"):
            reply = served.ask(PATH, Range="bytes=0-9", If_Range=said)
            assert (reply.status, reply.body) == (200, BODY)
        date = served.ask(PATH).headers["last-modified"]
        assert served.ask(PATH, Range="bytes=0-9", If_Range=date).status == 206


def test_preconditions_go_before_parts(served: Served) -> None:
    with served:
        tag = served.ask(PATH).headers["etag"]
        assert served.ask(PATH, Range="bytes=0-9", If_None_Match=tag).status == 304
        assert served.ask(PATH, Range="bytes=0-9", If_Match='"x"').status == 412


# ---------------------------------------------------------------- every resource


@pytest.mark.parametrize("path", [PATH, "/", "/static/site.css"])
def test_conditional_requests_are_right_on_every_resource(served: Served, path: str) -> None:
    with served:
        first = served.ask(path)
        tag = first.headers["etag"]

        def status(method: str = "GET", **headers: str) -> int:
            return served.ask(path, method, **headers).status

        assert first.status == 200
        assert not tag.startswith("W/")
        assert status(If_None_Match=tag) == 304
        assert status("HEAD", If_None_Match=f"W/{tag}") == 304
        assert status(If_None_Match='"x"') == 200
        assert status(If_Match=tag) == 200
        assert status(If_Match='"x"') == 412
        assert status(Range="bytes=0-3") == 206
        headed = served.ask(path, "HEAD")
        assert (headed.status, headed.body) == (200, b"")
        assert headed.headers["content-length"] == str(len(first.body))
        for coding, end in (("gzip", '-gz"'), ("br", '-br"')):
            packed = served.ask(path, Accept_Encoding=coding)
            assert packed.headers["content-encoding"] == coding
            assert packed.headers["etag"].endswith(end)
            assert "Accept-Encoding" in packed.headers["vary"]


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("atom", "application/atom+xml; charset=utf-8"),
        ("rss", "application/rss+xml; charset=utf-8"),
        ("json", "application/feed+json; charset=utf-8"),
    ],
)
def test_each_kind_of_document_says_what_it_is(site: Site, kind: str, content_type: str) -> None:
    site.publish("domestic", BODY, kind=kind)
    with Served(site) as served:
        assert served.ask(f"/feeds/domestic.{kind}").headers["content-type"] == content_type


def test_documents_beside_those_of_outputs(site: Site) -> None:
    site.publish("index", b"<opml/>", kind="opml")
    site.publish("domestic/2026-11", b"<feed/>")
    with Served(site) as served:
        index, archive = served.ask("/feeds/index.opml"), served.ask("/feeds/domestic/2026-11.atom")
        absent = served.ask("/feeds/domestic/2026-10.atom")
    assert index.headers["content-type"] == "text/x-opml; charset=utf-8"
    assert archive.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert absent.status == 404


def test_what_was_renamed_leads_on_in_every_kind_and_what_ended_is_gone(site: Site) -> None:
    site.publish("domestic/2026-11", b"<feed/>")
    with site.store.transaction():
        site.store.rename_output("domestic", "china")
    kinds = ("domestic.atom", "domestic.rss", "domestic.json", "domestic/2026-11.atom")
    with Served(site) as served:
        found = [served.ask(f"/feeds/{name}") for name in kinds]
        with site.store.transaction():
            site.store.remove_output("china", site.now)
        served.clock.advance(timedelta(seconds=2))
        ended = [served.ask(f"/feeds/{name}") for name in (*kinds, "china.atom")]
    root = "http://127.0.0.1:8000/feeds"
    assert [reply.status for reply in found] == [301] * 4
    assert [reply.headers["location"] for reply in found] == [
        f"{root}/{name.replace('domestic', 'china')}" for name in kinds
    ]
    assert [reply.status for reply in ended] == [410] * 5


# ---------------------------------------------------------------- freshness


def test_a_document_may_be_kept_until_the_next_planned_change(site: Site) -> None:
    site.config = replace(site.config, categories=(Category("domestic", "国内"),))
    site.publish("domestic", BODY)
    site.publish("all", BODY)
    site.add_source("sorted")
    records = site.store.source_records()

    def plan(name: str, minutes: float) -> None:
        state = PollState(next_poll_at=site.now + timedelta(minutes=minutes))
        with site.store.transaction():
            site.store.save_states([(records[name].source_id, state)])

    def ages(served: Served) -> list[str]:
        served.clock.advance(timedelta(seconds=11))
        replies = [served.ask(f"/feeds/{name}.atom") for name in ("domestic", "all")]
        return [reply.headers["cache-control"].split(",")[1].strip() for reply in replies]

    with Served(site) as served:
        plan("sorted", 5)
        assert ages(served) == ["max-age=289"] * 2
        plan("sorted", 500)
        assert ages(served) == ["max-age=840"] * 2
        plan("sorted", -5)
        assert ages(served) == ["max-age=10"] * 2


def test_only_the_sources_of_a_category_are_planned_to_change_it(site: Site) -> None:
    site.publish("domestic", BODY)
    site.publish("all", BODY)
    site.add_source("elsewhere", categories=("sports",))
    site.add_source("here", categories=("domestic",))
    records = site.store.source_records()
    with site.store.transaction():
        for name, minutes in (("elsewhere", 2), ("here", 6)):
            state = PollState(next_poll_at=site.now + timedelta(minutes=minutes))
            site.store.save_states([(records[name].source_id, state)])
    with Served(site) as served:
        assert "max-age=360," in served.ask(PATH).headers["cache-control"]
        assert "max-age=120," in served.ask("/feeds/all.atom").headers["cache-control"]


# ---------------------------------------------------------------- hostile requests


def raw(served: Served, request: bytes, then: bytes = b"") -> bytes:
    """What comes back when these bytes are sent as they are; ends at the end of the connection."""
    host, port = served.server.addresses[0].rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        try:
            connection.sendall(request)
            connection.sendall(then)
        except OSError:  # it was refused before all of it was read
            pass
        answered = b""
        try:
            while piece := connection.recv(65536):
                answered += piece
        except OSError:
            pass
        return answered


def status_of(answered: bytes) -> int:
    return int(answered.split(b" ", 2)[1]) if answered else 0


GET = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode()


@pytest.mark.parametrize(
    "request_",
    [
        GET + b"X-Large: " + b"a" * 5_000_000 + b"\r\n\r\n",
        GET + b"".join(b"X-%d: a\r\n" % n for n in range(10_000)) + b"\r\n",
        GET
        + b"If-None-Match: "
        + b", ".join(b'"%d-0123456789ab"' % n for n in range(10_000))
        + b"\r\n\r\n",
        b"GET /" + b"a" * 5_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["one huge header", "ten thousand headers", "ten thousand tags", "a huge address"],
)
def test_a_head_without_end_is_refused(served: Served, request_: bytes) -> None:
    with served:
        assert status_of(raw(served, request_)) in (431, 0)  # 0: the rest met a closed connection
        assert served.ask(PATH).status == 200


def test_two_thousand_tags_are_read(served: Served) -> None:
    with served:
        tag = served.ask(PATH).headers["etag"]
        tags = ", ".join([*(f'"{n}-0123456789ab"' for n in range(2_000)), tag])
        assert served.ask(PATH, If_None_Match=tags).status == 304


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"BREW /feeds/domestic.atom HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 405}),
        (b"TRACE /feeds/domestic.atom HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {405}),
        (b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 404, 405}),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 404, 405}),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {400}),
        (b"GET /feeds/domestic.atom HTTP/9.9\r\n\r\n", {400, 505}),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {200}),
        (GET + b"Content-Length: -5\r\n\r\n", {400}),
        (GET + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
        (GET + b"Range: bytes=0-1\r\nRange: bytes=3-4\r\n\r\n", {200, 206}),
        (GET + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", {200, 400}),
        (GET + b"If-None-Match: \xff\xfe\r\nAccept-Encoding: \xff\r\n\r\n", {200}),
        (GET + b"If-Modified-Since: Mon, 99 Nov 99999 99:99:99 GMT\r\n\r\n", {200}),
    ],
)
def test_odd_requests_are_answered_and_the_next_one_too(
    served: Served, request_: bytes, expected: set[int]
) -> None:
    with served:
        assert status_of(raw(served, request_)) in expected
        assert served.ask(PATH).status == 200


@pytest.mark.parametrize("path", ["/%", "/%zz", "/%00", "/items/%2e%2e", "/..%2f..%2fetc/passwd"])
def test_odd_addresses_are_a_404(served: Served, path: str) -> None:
    with served:
        reply: Reply = served.ask(path)
    assert reply.status == 404


def test_nothing_outside_the_folder_is_reached(site: Site, tmp_path: Path) -> None:
    (tmp_path / "secret.atom").write_text("secret")
    site.publish("domestic", BODY)
    with Served(site) as served:
        for path in ("/feeds/../secret.atom", "/feeds/%2e%2e/secret.atom", "/feeds//etc/passwd"):
            reply = served.ask(path)
            assert reply.status == 404
            assert reply.body != b"secret"
