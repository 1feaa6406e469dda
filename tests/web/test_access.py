"""Who may read what: every route of the application × every kind of token, against a table.

The routes come from the router itself: one that is added must be given an address here, and its
row in access.txt, which is what is to be looked at when it changes.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.routing import Route

from aggregator.cli.logs import WithoutTokens
from aggregator.clock import FakeClock
from aggregator.model import Category, Evidence
from aggregator.publish import Publisher
from aggregator.web.app import CALLBACKS, FEEDS, HUB
from aggregator.web.private import digest_of
from tests.web.builder import Site, entry
from tests.web.client import Reply, Served

TABLE = Path(__file__).with_name("access.txt")
RIGHT, REVOKED, OTHERS = "right-token-0123456789", "revoked-token", "token-of-another"
PRESENTED = {"none": None, "wrong": "nonsense", "revoked": REVOKED, "others": OTHERS,
             "right": RIGHT}  # fmt: skip
SECRET = "秘密的分类"


@pytest.fixture
def private(site: Site) -> Site:
    """A site with a public category, and a private one of which nothing may show."""
    site.config = replace(
        site.config,
        categories=(*site.config.categories, Category("secret", SECRET, private=True),
                    Category("other", "另一个", private=True)),
    )  # fmt: skip
    with site.store.transaction():
        site.store.put_output("secret", "category", SECRET, site.now, private=True)
        site.store.put_output("other", "category", "另一个", site.now, private=True)
    site.add_source("paper", "嘉兴日报", categories=("secret",))
    site.save("paper", entry("a", "只在秘密里"), categories=("secret",))
    numbers = {one.name: one.output_id for one in site.store.all_outputs()}
    with site.store.transaction():
        site.store.add_token(numbers["secret"], "手机", digest_of(RIGHT), site.now)
        site.store.add_token(numbers["secret"], "旧手机", digest_of(REVOKED), site.now)
        site.store.revoke_token(numbers["secret"], "旧手机", site.now)
        site.store.add_token(numbers["other"], "别人", digest_of(OTHERS), site.now)
    with site.store.transaction():
        unsure = {"unsure": Evidence("text", {"text": "?"})}
        site.store.change_category_alarms("secret", unsure, (), site.now)
    Publisher(site.store, site.config, FakeClock(site.now)).publish()
    return site


def key_of(site: Site) -> str:
    everything = next(one for one in site.store.outputs() if one.kind == "all")
    return site.store.listed_stories(everything.output_id, 1)[0].key


def addresses(site: Site, served: Served) -> Iterator[tuple[str, str]]:
    """Each route's pattern with an address of it; of feeds every document of the private one."""
    key, stamp = key_of(site), "20261123043000"
    filled = {"item": key, "stamp": stamp, "name": "secret.atom", "category": "secret",
              "output": "secret", "id": "secret", "key": key, "kind": "atom"}  # fmt: skip
    for route in served.app.routes:
        assert isinstance(route, Route)
        yield route.path, route.path_format.format(**filled)
    for name in ("secret.atom", "secret.rss", "secret.json", f"secret/{stamp}.atom",
                 "secret/2026-11.atom", "secret.opml", "secret", "all.atom", "domestic.atom",
                 "index.opml", "sources.opml", "removed.atom"):  # fmt: skip
        yield FEEDS, f"{FEEDS}{name}"
    for name in ("/search", "/search.atom", "/search.rss", "/search.json"):
        yield name, f"{name}?q=%E9%87%8C"
    yield HUB, HUB
    yield CALLBACKS, f"{CALLBACKS}nonsense"


def asked(served: Served, address: str, token: str | None) -> Reply:
    if token is None:
        return served.ask(address)
    return served.ask(address, Authorization=f"Bearer {token}")


def test_every_route_for_every_kind_of_token(private: Site) -> None:
    key = key_of(private)
    lines = []
    with Served(private) as served:
        for _, address in addresses(private, served):
            statuses = [asked(served, address, token).status for token in PRESENTED.values()]
            shown = address.replace(key, "ITEM")
            lines.append(f"{shown:<40} {' '.join(str(one) for one in statuses)}")
    head = f"{'':<40} {' '.join(PRESENTED)}"
    assert "\n".join([head, *lines]) + "\n" == TABLE.read_text(encoding="utf-8")


def test_nothing_that_is_shown_to_all_names_it(private: Site) -> None:
    with Served(private) as served:
        for _, address in addresses(private, served):
            if address.startswith(("/feeds/secret", "/timemap/feeds/secret")):
                continue
            for language in ("zh", "en"):
                text = served.ask(address, Accept_Language=language).text
                assert SECRET not in text, address
                assert "secret" not in text, address
    for file in Path(private.config.publish.directory).rglob("*"):
        assert "secret" not in str(file)
        if file.is_file():
            assert SECRET.encode() not in file.read_bytes()


@pytest.mark.parametrize("form", ["atom", "rss", "json"])
def test_the_right_token_by_each_way(private: Site, form: str) -> None:
    path = f"/feeds/secret.{form}"
    password = b64encode(f"anybody:{RIGHT}".encode()).decode()
    with Served(private) as served:
        for reply in (
            served.ask(path, Authorization=f"Bearer {RIGHT}"),
            served.ask(path, Authorization=f"Basic {password}"),
            served.ask(f"{path}?token={RIGHT}"),
        ):
            assert reply.status == 200
            assert "只在秘密里" in reply.text
            assert reply.headers["cache-control"] == "private, no-store"
            assert reply.headers["referrer-policy"] == "no-referrer"
            assert RIGHT not in reply.text
            assert "hub" not in reply.headers.get("link", "")
            again = served.ask(path, Authorization=f"Bearer {RIGHT}",
                               If_None_Match=reply.headers["etag"])  # fmt: skip
            assert again.status == 304
            assert again.headers["cache-control"] == "private, no-store"
        refused = served.ask(path, Authorization="Basic !!!")
        assert refused.status == 401
        assert refused.headers["www-authenticate"].startswith("Basic ")
        assert refused.headers["cache-control"] == "private, no-store"


def test_the_last_use_is_noted(private: Site) -> None:
    with Served(private) as served:
        assert served.ask(f"/feeds/secret.atom?token={RIGHT}").status == 200
        served.app._feeds._private.settle()
    used = {one.name: one.last_used_at for one in private.store.tokens()}
    assert used == {"手机": private.now, "旧手机": None, "别人": None}


def test_the_log_of_requests_has_no_token() -> None:
    import logging

    line = ("127.0.0.1", "GET", f"/feeds/secret.atom?token={RIGHT}&x=1", "1.1", 200)
    record = logging.LogRecord("uvicorn.access", 20, "", 0, '%s - "%s %s HTTP/%s" %d', line, None)
    assert WithoutTokens().filter(record)
    assert RIGHT not in record.getMessage()
    assert "/feeds/secret.atom?token=***&x=1" in record.getMessage()


def test_one_that_becomes_private_loses_its_files(private: Site) -> None:
    publisher = Publisher(private.store, private.config, FakeClock(private.now))
    with private.store.transaction():
        private.store.put_output("secret", "category", SECRET, private.now)
    publisher.publish()
    file = Path(private.config.publish.directory, "feeds/secret.atom")
    assert file.exists()
    with private.store.transaction():
        private.store.put_output("secret", "category", SECRET, private.now, private=True)
    publisher.replace_config(private.config)
    publisher.publish()
    assert not file.exists()
    assert "feeds/secret.atom" not in private.store.documents()
