"""What the WebSub Recommendation lays on a subscriber, by section, against an independent hub.

The hub is a few lines from the Recommendation alone, over real HTTP on loopback.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from aggregator.model import PollState, PushStanding, WebSubSettings
from aggregator.pushes import DISAPPOINTED, advertised, relaxed, score_after_poll
from tests.builders import NOW, feed, source
from tests.websub.hubs import LOOPBACK, HubSite
from tests.websub.subscriber import Asked, Subscriber

TOPIC = "https://origin.example/feed"
BODY = b"<feed>pushed</feed>"


class ForeignHub(Subscriber):
    """A hub that answers 202 to requests and asks callbacks when told to."""

    status: int = 202

    def usual(self, asked: Asked) -> tuple[int, bytes]:
        return self.status, b""

    @property
    def forms(self) -> list[dict[str, str]]:
        """The requests it had, as forms."""
        parsed = (parse_qs(one.body.decode(), keep_blank_values=True) for one in self.delivered)
        return [{name: value for name, (value,) in form.items()} for form in parsed]


class Following(HubSite):
    """A site with one source whose feed names a hub."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, hub="none")
        self.site.add_source("origin", url=TOPIC)

    def store(self, work: Callable[[Any], Any]) -> Any:
        """Something done with the store, in a transaction, on its thread."""

        def saved() -> Any:
            with self.site.store.transaction():
                return work(self.site.store)

        return self._writer.submit(saved).result()

    @asynccontextmanager
    async def following(self, hub: ForeignHub) -> AsyncIterator[Following]:
        async with self.served():
            websub = WebSubSettings(
                hub="none", callback=f"http://{self.address}", allow_private=LOOPBACK
            )
            self.site.config = replace(self.site.config, websub=websub)
            self.push.replace_config(self.site.config)
            self.store(lambda s: s.save_advert(1, hub.callback("/"), TOPIC, self.clock.now()))
            await self.look()
            yield self

    async def look(self) -> None:
        self.clock.advance(timedelta(seconds=3))
        await self.push.tick()
        await self.push.settled()

    async def ask(self, callback: str, **said: str) -> tuple[int, bytes]:
        """A GET of the hub to a callback."""
        query = urlencode({f"hub.{name}": value for name, value in said.items()})
        path = "/" + callback.split("/", 3)[3]
        status, _, body = await self.post(b"", None, "GET", f"{path}?{query}")
        return status, body

    async def verify(self, callback: str, lease: str = "864000") -> None:
        answer = await self.ask(
            callback, mode="subscribe", topic=TOPIC, challenge="c h&a", lease_seconds=lease
        )
        assert answer == (200, b"c h&a")
        await self.push.settled()

    async def deliver(
        self, form: dict[str, str], body: bytes = BODY, method: str = "sha256", **more: str
    ) -> int:
        """A content distribution request, signed as the form asked for."""
        digest = hmac.new(form["hub.secret"].encode(), body, getattr(hashlib, method))
        header = more.get("signature", f"{method}={digest.hexdigest()}")
        path = "/" + form["hub.callback"].split("/", 3)[3]
        kind = "application/atom+xml" + (f"\r\nX-Hub-Signature: {header}" if header else "")
        status, _, _ = await self.post(body, kind, "POST", path)
        await self.push.settled()
        return status

    @property
    def states(self) -> list[str]:
        return [row[0] for row in self.rows("select state from push_callbacks order by asked_at")]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Following]:
    made = Following(tmp_path)
    yield made
    made.close()


def play(site: Following, scenario: Callable[[Following, ForeignHub], Any]) -> None:
    async def run() -> None:
        async with ForeignHub() as hub, site.following(hub):
            await scenario(site, hub)

    asyncio.run(run())


# ---------------------------------------------------------------- 4, discovery

HUB_LINKS = (("hub", "https://h.example/"), ("self", "https://o.example/self"))


def test_4_link_headers_come_first() -> None:
    said = feed(hubs=("https://in.example/",), self_link="https://in.example/self")
    found = advertised(HUB_LINKS, said, TOPIC)
    assert found == ("https://h.example/", "https://o.example/self")


def test_4_without_link_headers_the_document_is_looked_at() -> None:
    said = feed(hubs=("https://in.example/",), self_link="https://in.example/self")
    assert advertised((), said, TOPIC) == ("https://in.example/", "https://in.example/self")
    assert advertised((("next", "https://x.example/"),), said, TOPIC) is not None


def test_4_a_feed_that_does_not_name_itself_is_where_it_was_found() -> None:
    assert advertised((), feed(hubs=("https://in.example/",)), TOPIC) == (
        "https://in.example/",
        TOPIC,
    )


@pytest.mark.parametrize("hub", ["ftp://h.example/", "javascript:x", "https:", "http://[", "x" * 9])
def test_4_what_is_no_hub_is_none(hub: str) -> None:
    assert advertised((("hub", hub),), feed(), TOPIC) is None


def test_8_2_a_hub_by_https_is_preferred() -> None:
    said = feed(hubs=("http://a.example/", "https://b.example/"))
    assert advertised((), said, TOPIC) == ("https://b.example/", TOPIC)


# ---------------------------------------------------------------- 5.1, the request


def test_5_1_asks_the_hub_with_a_form(site: Following) -> None:
    async def scenario(site: Following, hub: ForeignHub) -> None:
        (asked,) = hub.delivered
        assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
        (form,) = hub.forms
        assert form["hub.mode"] == "subscribe"
        assert form["hub.topic"] == TOPIC
        assert int(form["hub.lease_seconds"]) > 0
        assert 32 <= len(form["hub.secret"].encode()) < 200
        token = re.fullmatch(rf"http://{site.address}/websub/([\w-]+)", form["hub.callback"])
        assert token is not None
        assert len(token[1]) >= 43  # 256 bits

    play(site, scenario)


def test_5_1_2_a_hub_may_lead_to_another(site: Following) -> None:
    async def run() -> None:
        async with ForeignHub() as other, ForeignHub() as hub:

            async def redirecting(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter
            ) -> None:
                await reader.readuntil(b"\r\n\r\n")
                head = f"HTTP/1.1 308 X\r\nLocation: {other.callback()}\r\nContent-Length: 0"
                writer.write(f"{head}\r\nConnection: close\r\n\r\n".encode())
                writer.close()
                await writer.wait_closed()

            server = await asyncio.start_server(redirecting, "127.0.0.1", 0)
            hub.port = server.sockets[0].getsockname()[1]
            async with site.following(hub):
                assert [form["hub.topic"] for form in other.forms] == [TOPIC]
            server.close()

    asyncio.run(run())


def test_5_1_a_request_that_is_not_verified_is_made_again_later(site: Following) -> None:
    async def scenario(site: Following, hub: ForeignHub) -> None:
        await site.look()
        assert len(hub.forms) == 1
        for wait in (11, 21):
            site.clock.advance(timedelta(minutes=wait))
            await site.look()
        first, second, third = hub.forms
        assert len({form["hub.callback"] for form in hub.forms}) == 3
        assert (
            await site.ask(first["hub.callback"], mode="subscribe", topic=TOPIC, challenge="x")
        )[0] == 404
        await site.verify(third["hub.callback"])
        assert site.states == ["active"]
        assert second != third

    play(site, scenario)


# ---------------------------------------------------------------- 5.3, verification


def test_5_3_1_confirms_what_it_asked_for(site: Following) -> None:
    async def scenario(site: Following, hub: ForeignHub) -> None:
        await site.verify(hub.forms[0]["hub.callback"])
        assert site.states == ["active"]
        await site.verify(hub.forms[0]["hub.callback"])  # hubs may reconfirm

    play(site, scenario)


WRONG = {
    "another topic": {"mode": "subscribe", "topic": "https://x.example/", "challenge": "c"},
    "no topic": {"mode": "subscribe", "challenge": "c"},
    "no challenge": {"mode": "subscribe", "topic": TOPIC},
    "not unsubscribed": {"mode": "unsubscribe", "topic": TOPIC, "challenge": "c"},
    "an unknown mode": {"mode": "listen", "topic": TOPIC, "challenge": "c"},
}


@pytest.mark.parametrize("name", WRONG)
def test_5_3_1_answers_404_to_what_it_did_not_ask_for(site: Following, name: str) -> None:
    async def scenario(site: Following, hub: ForeignHub) -> None:
        callback = hub.forms[0]["hub.callback"]
        assert (await site.ask(callback, **WRONG[name]))[0] == 404
        assert site.states == ["asked"]
        guessed = callback[:-1] + ("a" if callback[-1] != "a" else "b")
        assert (await site.ask(guessed, mode="subscribe", topic=TOPIC, challenge="c"))[0] == 404

    play(site, scenario)


def test_5_2_a_denial_ends_it_for_a_week(site: Following) -> None:
    async def scenario(site: Following, hub: ForeignHub) -> None:
        callback = hub.forms[0]["hub.callback"]
        await site.verify(callback)
        assert (await site.ask(callback, mode="denied", topic=TOPIC, reason="full"))[0] == 200
        assert site.states == []
        assert site.rows("select next_poll_at from source_states")[0][0] is not None
        site.clock.advance(timedelta(days=6))
        await site.look()
        assert len(hub.forms) == 1
        site.clock.advance(timedelta(days=2))
        await site.look()
        assert len(hub.forms) == 2

    play(site, scenario)


def test_5_3_1_renews_in_time_with_a_new_callback_and_leaves_the_old_one(site: Following) -> None:
    async def scenario(site: Following, hub: ForeignHub) -> None:
        first = hub.forms[0]
        await site.verify(first["hub.callback"], lease="86400")
        site.clock.advance(timedelta(hours=19))
        await site.look()
        assert len(hub.forms) == 1
        site.clock.advance(timedelta(minutes=15))
        await site.look()
        second = hub.forms[1]
        assert second["hub.callback"] != first["hub.callback"]
        assert second["hub.secret"] != first["hub.secret"]
        assert await site.deliver(first) == 200  # nothing is missed meanwhile
        await site.verify(second["hub.callback"])
        left = hub.forms[2]
        assert (left["hub.mode"], left["hub.callback"]) == ("unsubscribe", first["hub.callback"])
        assert await site.deliver(first, b"<feed>late</feed>") == 410
        answer = await site.ask(
            first["hub.callback"], mode="unsubscribe", topic=TOPIC, challenge="bye"
        )
        assert answer == (200, b"bye")
        assert site.states == ["active"]

    play(site, scenario)


def test_a_lease_that_ended_resumes_polling_and_asks_anew(site: Following) -> None:
    async def scenario(site: Following, hub: ForeignHub) -> None:
        await site.verify(hub.forms[0]["hub.callback"], lease="3600")
        hub.status = 500
        far = site.clock.now() + timedelta(days=1)
        site.store(lambda s: s.set_next_poll("origin", far))
        site.clock.advance(timedelta(hours=2))
        await site.look()
        assert "active" not in site.states
        assert site.store(lambda s: s.due_sources(site.clock.now())).keys() == {"origin"}
        assert len(hub.forms) >= 2

    play(site, scenario)


# ---------------------------------------------------------------- 7, content distribution


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_7_1_takes_what_is_signed_by_the_method_that_is_named(site: Following, method: str) -> None:
    async def scenario(site: Following, hub: ForeignHub) -> None:
        form = hub.forms[0]
        await site.verify(form["hub.callback"])
        assert await site.deliver(form, method=method) == 200
        ((_, source_id, _, digest, document),) = site.taken
        assert (source_id, digest) == (1, hashlib.sha256(BODY).hexdigest())
        assert (document.body, document.content_type) == (BODY, "application/atom+xml")

    play(site, scenario)


@pytest.mark.parametrize(
    "signature", ["", "sha256=", "sha256=" + "0" * 64, "md5=" + "0" * 32, "sha256", "=", "é=x"]
)
def test_7_1_2_ignores_what_is_not_signed_as_agreed(site: Following, signature: str) -> None:
    async def scenario(site: Following, hub: ForeignHub) -> None:
        form = hub.forms[0]
        await site.verify(form["hub.callback"])
        assert await site.deliver(form, signature=signature) == 403
        assert site.taken == []

    play(site, scenario)


def test_a_push_before_the_verification_counts_for_nothing(site: Following) -> None:
    async def scenario(site: Following, hub: ForeignHub) -> None:
        assert await site.deliver(hub.forms[0]) == 404
        assert site.taken == []

    play(site, scenario)


def test_a_replayed_push_is_acknowledged_and_ignored_after_a_restart_too(site: Following) -> None:
    async def scenario(site: Following, hub: ForeignHub) -> None:
        form = hub.forms[0]
        await site.verify(form["hub.callback"])
        assert await site.deliver(form) == 200
        token, digest = site.taken[0][2:4]
        site.store(lambda s: s.remember_push(token, digest))  # as the corridor does
        assert await site.deliver(form) == 200
        await site.restart()
        await site.look()
        assert await site.deliver(form) == 200
        assert len(site.taken) == 1
        assert await site.deliver(form, b"<feed>another</feed>") == 200
        assert len(site.taken) == 2

    play(site, scenario)


def test_a_push_that_is_too_large_or_packed_is_refused(site: Following) -> None:
    async def scenario(site: Following, hub: ForeignHub) -> None:
        form = hub.forms[0]
        await site.verify(form["hub.callback"])
        fetch = replace(site.site.config.fetch, max_wire_bytes=1_000)
        site.site.config = replace(site.site.config, fetch=fetch)
        site.push.replace_config(site.site.config)
        assert await site.deliver(form, b"x" * 1_001) == 413
        path = "/" + form["hub.callback"].split("/", 3)[3]
        kind = "application/atom+xml\r\nContent-Encoding: gzip"
        assert (await site.post(b"x", kind, "POST", path))[0] == 415
        assert site.taken == []

    play(site, scenario)


def test_nothing_is_subscribed_where_hubs_cannot_reach_us_or_a_source_says_no(
    site: Following,
) -> None:
    async def run() -> None:
        async with ForeignHub() as hub, site.served():
            site.store(lambda s: s.save_advert(1, hub.callback("/"), TOPIC, site.clock.now()))
            await site.look()  # base_url is 127.0.0.1, and there is no callback
            assert hub.asked == []
            websub = replace(site.site.config.websub, callback=f"http://{site.address}")
            quiet = tuple(replace(one, websub=False) for one in site.site.config.sources)
            site.site.config = replace(site.site.config, websub=websub, sources=quiet)
            site.push.replace_config(site.site.config)
            await site.look()
            assert hub.asked == []

    asyncio.run(run())


def test_a_source_that_says_no_later_is_unsubscribed(site: Following) -> None:
    async def scenario(site: Following, hub: ForeignHub) -> None:
        await site.verify(hub.forms[0]["hub.callback"])
        quiet = tuple(replace(one, websub=False) for one in site.site.config.sources)
        site.site.config = replace(site.site.config, sources=quiet)
        site.push.replace_config(site.site.config)
        await site.look()
        assert hub.forms[-1]["hub.mode"] == "unsubscribe"
        assert site.states == ["leaving"]

    play(site, scenario)


def test_a_hub_inside_is_not_asked(site: Following) -> None:
    async def scenario(site: Following, hub: ForeignHub) -> None:
        websub = replace(site.site.config.websub, allow_private=())
        fetch = replace(site.site.config.fetch, allow_private=LOOPBACK)
        site.site.config = replace(site.site.config, websub=websub, fetch=fetch)
        site.push.replace_config(site.site.config)
        site.clock.advance(timedelta(days=1))
        await site.look()
        assert len(hub.asked) == 1  # the one from before

    play(site, scenario)


# ---------------------------------------------------------------- polling beside pushes

LIVE = PushStanding(1, "news", "h", "t", score=1, active_until=NOW + timedelta(days=5))
SOON = PollState(next_poll_at=NOW + timedelta(minutes=10))


def test_polling_is_relaxed_to_a_day_while_pushes_are_relied_on() -> None:
    assert relaxed(SOON, source(), LIVE, NOW).next_poll_at == NOW + timedelta(days=1)
    late = replace(SOON, next_poll_at=NOW + timedelta(days=3))
    assert relaxed(late, source(), LIVE, NOW) == late


@pytest.mark.parametrize(
    "standing",
    [
        None,
        replace(LIVE, score=0),
        replace(LIVE, active_until=None),
        replace(LIVE, active_until=NOW),
    ],
)
def test_polling_goes_on_where_they_are_not(standing: PushStanding | None) -> None:
    assert relaxed(SOON, source(), standing, NOW) == SOON


def test_a_persons_own_times_stand_and_so_does_back_off() -> None:
    assert relaxed(SOON, source(at="0 6 * * *"), LIVE, NOW) == SOON
    failing = replace(SOON, failures=1)
    assert relaxed(failing, source(), LIVE, NOW) == failing


def test_a_poll_that_knew_better_ends_it() -> None:
    assert score_after_poll(LIVE, 0, NOW) == 1
    assert score_after_poll(LIVE, 2, NOW) == DISAPPOINTED
    assert score_after_poll(replace(LIVE, score=0), 2, NOW) == 0
