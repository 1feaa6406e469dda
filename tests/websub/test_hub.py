"""Every MUST that the WebSub Recommendation lays on a hub, by section, over real HTTP on loopback.

The subscriber is independent: tests/websub/subscriber.py, from the Recommendation alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.websub.hubs import HubSite
from tests.websub.subscriber import Asked, Subscriber, form, is_signed_with

Scenario = Callable[[HubSite, Subscriber], Coroutine[Any, Any, None]]


def play(hub_site: HubSite, scenario: Scenario, **given: Any) -> None:
    """Run a scenario between a served hub and a subscriber."""

    async def run() -> None:
        async with hub_site.served(), Subscriber(**given) as subscriber:
            await scenario(hub_site, subscriber)

    asyncio.run(run())


async def subscribe(
    site: HubSite, subscriber: Subscriber, path: str = "/cb", **more: str | int
) -> None:
    """Subscribe and wait until it is verified and kept."""
    asked = {"mode": "subscribe", "topic": site.topic, "callback": subscriber.callback(path)}
    status, _, said = await site.post(form(**asked, **more))
    assert status == 202, said
    await site.settled()


# ---------------------------------------------------------------- 4, publisher and hub


def test_4_a_feed_names_its_hub_and_itself_in_one_link_header(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, _: Subscriber) -> None:
        status, headers, _body = await site.post(b"", None, "GET", "/feeds/all.atom")
        assert status == 200
        hub = f"{site.site.config.base_url}/hub"
        links = headers["link"].split(", ")
        assert links[:2] == [f'<{hub}>; rel="hub"', f'<{site.topic}>; rel="self"']
        # Where the feed as it stood is asked for, follows (RFC 7089); a hub is named once.
        assert sum("hub" in link or "self" in link for link in links) == 2

    play(hub_site, scenario)


# ---------------------------------------------------------------- 5.1, the request


def test_5_1_takes_callback_mode_and_topic_and_answers_202(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await subscribe(site, subscriber)
        assert [row[:2] for row in site.rows()] == [("feeds/all.atom", subscriber.callback())]

    play(hub_site, scenario)


def test_5_1_ignores_parameters_it_does_not_understand(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await subscribe(site, subscriber, verify="async", verify_token="x")
        assert len(site.rows()) == 1

    play(hub_site, scenario)


@pytest.mark.parametrize("length", [199, 200])
def test_5_1_a_secret_is_less_than_200_bytes(hub_site: HubSite, length: int) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        request = form(
            mode="subscribe", topic=site.topic, callback=subscriber.callback(), secret="s" * length
        )
        assert (await site.post(request))[0] == (202 if length < 200 else 400)

    play(hub_site, scenario)


def test_5_1_a_new_request_overrides_the_old_one_once_it_is_verified(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await subscribe(site, subscriber, secret="old", lease_seconds=3600)
        subscriber.agrees = lambda asked: False
        await subscribe(site, subscriber, secret="stolen", lease_seconds=7200)
        sql = "select secret, lease_until from hub_subscriptions"
        until = site.clock.now() + timedelta(hours=1)
        assert site.rows(sql) == [("old", until.isoformat(timespec="microseconds")[:-6] + "Z")]
        subscriber.agrees = lambda asked: True
        await subscribe(site, subscriber, lease_seconds=7200)
        assert site.rows("select secret from hub_subscriptions") == [(None,)]

    play(hub_site, scenario)


def test_5_1_an_unsubscription_is_verified_and_its_lease_is_ignored(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await subscribe(site, subscriber)
        leave = form(
            mode="unsubscribe",
            topic=site.topic,
            callback=subscriber.callback(),
            lease_seconds="a few",
        )
        subscriber.agrees = lambda asked: asked.one("hub.mode") == "subscribe"
        assert (await site.post(leave))[0] == 202
        await site.settled()
        assert len(site.rows()) == 1  # nobody agreed
        subscriber.agrees = lambda asked: True
        assert (await site.post(leave))[0] == 202
        await site.settled()
        assert site.rows() == []
        asked = subscriber.verifications[-1]
        assert (asked.one("hub.mode"), asked.one("hub.topic")) == ("unsubscribe", site.topic)

    play(hub_site, scenario)


def test_5_1_1_unreserved_characters_are_decoded(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        spelt = site.topic.replace("all.atom", "%61ll%2Eatom")
        request = form(mode="subscribe", topic=spelt, callback=subscriber.callback())
        assert (await site.post(request))[0] == 202
        await site.settled()
        assert [row[0] for row in site.rows()] == ["feeds/all.atom"]
        assert subscriber.verifications[0].one("hub.topic") == spelt  # as it was given

    play(hub_site, scenario)


def test_5_1_1_the_callbacks_own_query_stays_before_the_hubs(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        path = "/cb?foo=b%20r&hub.mode=mine"
        await subscribe(site, subscriber, path)
        target = subscriber.verifications[0].target
        assert target.startswith("/cb?foo=b%20r&hub.mode=mine&hub.mode=subscribe&hub.topic=")
        await site.publish(b"<feed>second</feed>")
        await site.settled()
        assert [one.target for one in subscriber.delivered] == [path]  # 8.3: exactly that one

    def answer(asked: Asked) -> tuple[int, bytes]:
        if asked.method == "POST":
            return 204, b""
        return 200, asked.one("hub.challenge").encode()

    play(hub_site, scenario, answer=answer)


WRONG = {
    "no mode": ({"topic": "T", "callback": "C"}, 400),
    "unknown mode": ({"mode": "listen", "topic": "T", "callback": "C"}, 400),
    "no topic": ({"mode": "subscribe", "callback": "C"}, 400),
    "no callback": ({"mode": "subscribe", "topic": "T"}, 400),
    "another's topic": (
        {"mode": "subscribe", "topic": "https://x.example/f", "callback": "C"},
        404,
    ),
    "a topic that is not": ({"mode": "subscribe", "topic": "T/../no.atom", "callback": "C"}, 404),
    "no http": ({"mode": "subscribe", "topic": "T", "callback": "ftp://x.example/"}, 400),
    "no URL": ({"mode": "subscribe", "topic": "T", "callback": "http://"}, 400),
    "a lease of words": (
        {"mode": "subscribe", "topic": "T", "callback": "C", "lease_seconds": "ten"},
        400,
    ),
    "a lease of nothing": (
        {"mode": "subscribe", "topic": "T", "callback": "C", "lease_seconds": "0"},
        400,
    ),
    "publishing": ({"mode": "publish", "topic": "T", "url": "T"}, 400),
}


@pytest.mark.parametrize("name", WRONG)
def test_5_1_2_errors_are_told_with_a_status_and_in_plain_text(
    hub_site: HubSite, name: str
) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        given, status = WRONG[name]
        filled = {
            key: {"T": site.topic, "C": subscriber.callback()}.get(value, value)
            for key, value in given.items()
        }
        told, headers, body = await site.post(form(**filled))
        assert told == status
        assert headers["content-type"].startswith("text/plain")
        assert len(body) > 10
        assert subscriber.asked == []

    play(hub_site, scenario)


def test_5_1_the_form_is_urlencoded_utf_8(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        body = form(mode="subscribe", topic=site.topic, callback=subscriber.callback())
        assert (await site.post(body, "application/json"))[0] == 415
        assert (await site.post(body, None))[0] == 415
        kind = "application/x-www-form-urlencoded; charset=gb2312"
        assert (await site.post(body, kind))[0] == 415
        assert (await site.post(body + b"&hub.secret=%ff"))[0] == 400
        assert (await site.post(body + b"&hub.topic=" + b"x"))[0] == 400  # twice, and not the same
        assert (await site.post(b"a=" + b"x" * 20_000))[0] == 413
        assert (await site.post(b"&".join([b"a=1"] * 60)))[0] == 400
        assert subscriber.asked == []

    play(hub_site, scenario)


def test_5_1_2_the_answer_does_not_wait_for_the_verification(hub_site: HubSite) -> None:
    async def run() -> None:
        confirmed = asyncio.Event()

        async def slow(asked: Asked) -> tuple[int, bytes]:
            await confirmed.wait()
            return 200, asked.one("hub.challenge").encode()

        async with hub_site.served() as site, Subscriber(slow) as subscriber:
            body = form(mode="subscribe", topic=site.topic, callback=subscriber.callback())
            assert (await site.post(body))[0] == 202
            assert site.rows() == []
            confirmed.set()
            await site.settled()
            assert len(site.rows()) == 1

    asyncio.run(run())


# ---------------------------------------------------------------- 5.2, 5.3, validation and intent


def test_5_2_a_subscriber_is_told_when_it_is_denied(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await site.restart(max_per_host=1)
        await subscribe(site, subscriber, "/1")
        await subscribe(site, subscriber, "/2")
        denied = subscriber.verifications[-1]
        assert (denied.path, denied.one("hub.mode")) == ("/2", "denied")
        assert denied.one("hub.topic") == site.topic
        assert denied.one("hub.reason")
        await subscribe(site, subscriber, "/1")  # a renewal needs no more room
        assert [row[1] for row in site.rows()] == [subscriber.callback("/1")]

    play(hub_site, scenario)


def test_5_2_a_feed_that_is_gone_denies_its_subscriptions(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await subscribe(site, subscriber)

        def forget() -> None:
            with site.site.store.transaction():
                site.site.store.forget_documents(["feeds/all.atom"])

        await asyncio.to_thread(lambda: site._writer.submit(forget).result())
        await site.push.tick()
        await site.settled()
        assert subscriber.asked[-1].one("hub.mode") == "denied"
        assert site.rows() == []

    play(hub_site, scenario)


def test_5_3_verifies_with_mode_topic_a_random_challenge_and_the_lease(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await subscribe(site, subscriber, lease_seconds=86_400)
        await subscribe(site, subscriber)
        first, second = subscriber.verifications
        assert first.one("hub.mode") == "subscribe"
        assert first.one("hub.topic") == site.topic
        assert first.one("hub.lease_seconds") == "86400"
        assert second.one("hub.lease_seconds") == "864000"  # ten days (8.2)
        assert first.one("hub.challenge") != second.one("hub.challenge")
        assert len(first.one("hub.challenge")) >= 32

    play(hub_site, scenario)


@pytest.mark.parametrize("status", [301, 302, 404, 410])
def test_5_3_1_any_other_status_means_that_it_failed(hub_site: HubSite, status: int) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await subscribe(site, subscriber)
        assert site.rows() == []
        assert len(subscriber.asked) == 1

    def answer(asked: Asked) -> tuple[int, bytes]:
        return status, asked.one("hub.challenge").encode()

    play(hub_site, scenario, answer=answer)


@pytest.mark.parametrize("change", [lambda c: c[:-1], lambda c: c + b"!", lambda c: b""])
def test_5_3_1_a_body_that_is_not_the_challenge_means_that_it_failed(
    hub_site: HubSite, change: Callable[[bytes], bytes]
) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await subscribe(site, subscriber)
        assert site.rows() == []

    def answer(asked: Asked) -> tuple[int, bytes]:
        return 200, change(asked.one("hub.challenge").encode())

    play(hub_site, scenario, answer=answer)


def test_5_3_1_a_callback_that_cannot_be_reached_is_asked_again_a_little_later(
    hub_site: HubSite,
) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await subscribe(site, subscriber)
        assert site.rows() == []
        for wait in (3, 30):
            site.clock.advance(timedelta(seconds=wait))
            await site.push.tick()
            await site.settled()
        assert len(subscriber.asked) == 3
        assert len(site.rows()) == 1

    answers = iter([(500, b""), (503, b"")])

    def answer(asked: Asked) -> tuple[int, bytes]:
        return next(answers, (200, asked.one("hub.challenge").encode()))

    play(hub_site, scenario, answer=answer)


def test_5_3_1_leases_end_and_none_is_for_ever(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await subscribe(site, subscriber, "/long", lease_seconds="9" * 30)
        assert subscriber.verifications[0].one("hub.lease_seconds") == str(30 * 86_400)
        await subscribe(site, subscriber, "/short", lease_seconds=3600)
        site.clock.advance(timedelta(hours=1))
        await site.publish(b"<feed>second</feed>")
        await site.settled()
        assert [one.path for one in subscriber.delivered] == ["/long"]
        assert [row[1] for row in site.rows()] == [subscriber.callback("/long")]

    play(hub_site, scenario)


# ---------------------------------------------------------------- 7, content distribution


def test_7_delivers_the_whole_document_as_it_is_served(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await subscribe(site, subscriber)
        body = "<feed>第二版</feed>".encode()
        await site.publish(body)
        await site.settled()
        (delivered,) = subscriber.delivered
        served = await site.post(b"", None, "GET", "/feeds/all.atom")
        assert delivered.body == body == served[2]
        assert delivered.headers["content-type"] == served[1]["content-type"]
        hub = f"{site.site.config.base_url}/hub"
        assert delivered.headers["link"] == f'<{hub}>; rel="hub", <{site.topic}>; rel="self"'
        assert "x-hub-signature" not in delivered.headers

    play(hub_site, scenario)


def test_7_each_change_once_and_to_its_own_subscribers_only(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await site.publish(b"<feed>other</feed>", "domestic")
        await subscribe(site, subscriber, "/all")
        other = f"{site.site.config.base_url}/feeds/domestic.atom"
        request = form(mode="subscribe", topic=other, callback=subscriber.callback("/domestic"))
        assert (await site.post(request))[0] == 202
        await site.settled()
        assert subscriber.delivered == []  # what stood before is known already
        await site.publish(b"<feed>second</feed>")
        await site.push.tick()
        await site.settled()
        assert [one.path for one in subscriber.delivered] == ["/all"]

    play(hub_site, scenario)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 403, 404, 500, 503])
def test_7_everything_but_2xx_and_410_is_a_failure_and_tried_again(
    hub_site: HubSite, status: int
) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await subscribe(site, subscriber)
        failing["now"] = True
        await site.publish(b"<feed>second</feed>")
        await site.settled()
        assert len(subscriber.delivered) == 1
        failing["now"] = False
        await site.push.tick()
        await site.settled()
        assert len(subscriber.delivered) == 1  # not yet
        site.clock.advance(timedelta(seconds=40))
        await site.push.tick()
        await site.settled()
        assert [one.body for one in subscriber.delivered] == [b"<feed>second</feed>"] * 2
        assert len(site.rows()) == 1

    failing = {"now": False}

    def answer(asked: Asked) -> tuple[int, bytes]:
        if asked.method == "GET":
            return 200, asked.one("hub.challenge").encode()
        return (status, b"whatever") if failing["now"] else (200, b"whatever")

    play(hub_site, scenario, answer=answer)


def test_7_410_ends_the_subscription(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await subscribe(site, subscriber)
        await site.publish(b"<feed>second</feed>")
        await site.settled()
        assert site.rows() == []

    def answer(asked: Asked) -> tuple[int, bytes]:
        return (410, b"") if asked.method == "POST" else (200, asked.one("hub.challenge").encode())

    play(hub_site, scenario, answer=answer)


def test_7_a_document_is_given_up_after_a_day_but_the_subscription_is_not(
    hub_site: HubSite,
) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await subscribe(site, subscriber)
        up["now"] = False
        began = site.clock.now()
        await site.publish(b"<feed>second</feed>")
        await site.settled()
        waits = []
        for _ in range(200):
            (at,) = site.rows("select retry_at from hub_subscriptions")[0]
            if at is None:
                break
            moment = type(began).fromisoformat(at)
            waits.append(moment - site.clock.now())
            site.clock.set(moment)
            await site.push.tick()
            await site.settled()
        assert timedelta(hours=22) < site.clock.now() - began <= timedelta(days=1)
        assert len(subscriber.delivered) == len(waits) + 1
        assert waits[:4] == sorted(waits[:4])
        assert waits[3] > 3 * waits[0]
        assert len(site.rows()) == 1  # until the end of its lease
        up["now"] = True
        await site.push.tick()
        await site.settled()
        assert len(subscriber.delivered) == len(waits) + 1  # that one was given up
        await site.publish(b"<feed>third</feed>")
        await site.settled()
        assert subscriber.delivered[-1].body == b"<feed>third</feed>"

    up = {"now": True}

    def answer(asked: Asked) -> tuple[int, bytes]:
        if asked.method == "GET":
            return 200, asked.one("hub.challenge").encode()
        return (204, b"") if up["now"] else (500, b"")

    play(hub_site, scenario, answer=answer)


def test_7_1_what_was_asked_for_with_a_secret_is_signed(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await subscribe(site, subscriber, secret="密 geheim")
        await site.publish(b"<feed>second</feed>")
        await site.settled()
        (delivered,) = subscriber.delivered
        assert delivered.headers["x-hub-signature"].startswith("sha256=")
        assert is_signed_with(delivered, "密 geheim")

    play(hub_site, scenario)


# ---------------------------------------------------------------- what the issue asks beyond


def test_subscriptions_and_what_is_due_survive_a_restart(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await subscribe(site, subscriber, secret="s")
        await site.push.close()
        site.push = site._open()
        await asyncio.to_thread(
            lambda: site._writer.submit(
                site.site.publish, "all", b"<feed>while away</feed>"
            ).result()
        )
        await site.push.tick()
        await site.settled()
        assert [one.body for one in subscriber.delivered] == [b"<feed>while away</feed>"]

    play(hub_site, scenario)


def test_without_a_hub_of_our_own_the_address_says_so(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await site.restart(hub="none")
        body = urlencode({"hub.mode": "subscribe"}).encode()
        assert (await site.post(body))[0] == 404

    play(hub_site, scenario)


def test_the_address_tells_a_person_what_it_is(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, _: Subscriber) -> None:
        status, headers, body = await site.post(b"", None, "GET")
        assert (status, b"WebSub hub" in body) == (200, True)
        assert headers["x-content-type-options"] == "nosniff"
        assert (await site.post(b"", None, "PUT"))[0] == 405

    play(hub_site, scenario)
