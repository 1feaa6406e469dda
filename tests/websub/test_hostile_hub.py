"""What strangers try with a hub: to reach inside, to flood it, to hold it up."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest

from aggregator.websub import hub as hub_module
from aggregator.websub.protocol import USUAL_LEASE, BadRequest, SubscriptionRequest
from tests.websub.hubs import HubSite
from tests.websub.subscriber import Asked, Subscriber, form
from tests.websub.test_hub import play, subscribe

INTERNAL = [
    "http://127.0.0.1:1/",
    "http://[::1]:1/",
    "http://10.0.0.1/",
    "http://192.168.1.1/admin",
    "http://169.254.169.254/latest/meta-data/",
    "http://0x7f.1/",
    "http://2130706433/",
    "http://[::ffff:127.0.0.1]/",
]


@pytest.mark.parametrize("callback", INTERNAL)
def test_a_callback_at_a_private_address_is_refused_at_once(
    hub_site: HubSite, callback: str
) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await site.restart(allow_private=())
        request = form(mode="subscribe", topic=site.topic, callback=callback)
        assert (await site.post(request))[0] == 403

    play(hub_site, scenario)


def test_a_name_that_leads_inside_is_never_asked(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await site.restart(allow_private=())
        callback = f"http://localhost:{subscriber.port}/cb"
        request = form(mode="subscribe", topic=site.topic, callback=callback)
        assert (await site.post(request))[0] == 202  # names are looked up when asked, not before
        await site.settled()
        assert subscriber.asked == []
        assert site.rows() == []

    play(hub_site, scenario)


def test_what_sources_may_reach_is_closed_to_strangers(hub_site: HubSite) -> None:
    """`fetch.allow_private` is for addresses that the operator wrote, not for callbacks."""

    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        await site.restart(allow_private=())
        assert site.site.config.fetch.allow_private == ("127.0.0.0/8",)
        request = form(mode="subscribe", topic=site.topic, callback=subscriber.callback())
        assert (await site.post(request))[0] == 403
        assert subscriber.asked == []

    from dataclasses import replace

    fetch = replace(hub_site.site.config.fetch, allow_private=("127.0.0.0/8",))
    hub_site.site.config = replace(hub_site.site.config, fetch=fetch)
    play(hub_site, scenario)


def test_a_redirect_leads_nowhere(hub_site: HubSite) -> None:
    async def run() -> None:
        async with hub_site.served() as site, Subscriber() as inside:

            async def redirecting(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter
            ) -> None:
                await reader.readuntil(b"\r\n\r\n")
                lines = f"HTTP/1.1 307 X\r\nLocation: {inside.callback()}\r\nContent-Length: 0"
                writer.write(f"{lines}\r\n\r\n".encode())
                writer.close()
                await writer.wait_closed()

            server = await asyncio.start_server(redirecting, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            callback = f"http://127.0.0.1:{port}/"
            request = form(mode="subscribe", topic=site.topic, callback=callback)
            assert (await site.post(request))[0] == 202
            await site.settled()
            server.close()
            assert inside.asked == []
            assert site.rows() == []

    asyncio.run(run())


@pytest.mark.parametrize("answer", ["endless", "headers"])
def test_an_answer_without_end_is_cut_off(hub_site: HubSite, answer: str) -> None:
    async def run() -> None:
        sent = 0

        async def flooding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            await reader.readuntil(b"\r\n\r\n")
            start = b"HTTP/1.1 200 X\r\n"
            start += b"\r\n" if answer == "endless" else b""
            piece = b"X-A: " + b"y" * 1_000 + b"\r\n"
            try:
                writer.write(start)
                while sent < 100_000_000:
                    writer.write(piece)
                    sent += len(piece)
                    await writer.drain()
            except ConnectionError:
                pass
            finally:
                writer.close()

        async with hub_site.served() as site:
            server = await asyncio.start_server(flooding, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            request = form(mode="subscribe", topic=site.topic, callback=f"http://127.0.0.1:{port}/")
            assert (await site.post(request))[0] == 202
            await site.settled()
            server.close()
            assert site.rows() == []
            assert sent < 50_000_000

    asyncio.run(run())


def test_a_hundred_thousand_requests_cost_neither_rows_nor_memory(hub_site: HubSite) -> None:
    """Requests of 1,000 hosts where nobody is: what waits is bounded, and so is what is held."""

    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        hub = site.push._hub
        refused: list[int] = []
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for number in range(100_000):
            callback = f"http://127.1.{number % 1_000 // 250}.{number % 250}:1/{number}"
            request = SubscriptionRequest("subscribe", site.topic, callback, USUAL_LEASE, "s" * 100)
            try:
                hub.accept(request)
            except BadRequest as error:
                refused.append(error.status)
        held = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        assert hub.waiting <= hub_module.MAX_WAITING
        assert set(refused) <= {429, 503}
        assert len(refused) >= 100_000 - hub_module.MAX_WAITING - hub_module.AT_ONCE
        assert held < 20_000_000
        assert site.rows() == []

    play(hub_site, scenario)


def test_one_host_cannot_take_the_room_of_all(hub_site: HubSite) -> None:
    async def run() -> None:
        open_up = asyncio.Event()

        async def slow(asked: Asked) -> tuple[int, bytes]:
            await open_up.wait()
            return 404, b""

        async with (
            hub_site.served() as site,
            Subscriber(slow, host="127.0.0.2") as hog,
            Subscriber() as other,
        ):
            statuses = []
            for number in range(hub_module.MAX_WAITING_PER_HOST + 10):
                callback = hog.callback(f"/{number}")
                request = form(mode="subscribe", topic=site.topic, callback=callback)
                statuses.append((await site.post(request))[0])
            assert statuses.count(429) == 10 - hub_module.AT_ONCE_PER_HOST
            request = form(mode="subscribe", topic=site.topic, callback=other.callback())
            assert (await site.post(request))[0] == 202
            await other.until(lambda: len(other.asked) == 1)
            assert hog.most_at_once <= hub_module.AT_ONCE_PER_HOST
            open_up.set()
            await site.settled()
            assert [row[1] for row in site.rows()] == [other.callback()]

    asyncio.run(run())


def test_a_slow_subscriber_holds_up_nobody_else(hub_site: HubSite) -> None:
    async def run() -> None:
        open_up = asyncio.Event()

        async def slow(asked: Asked) -> tuple[int, bytes]:
            if asked.method == "GET":
                return 200, asked.one("hub.challenge").encode()
            await open_up.wait()
            return 204, b""

        async with (
            hub_site.served() as site,
            Subscriber(slow, host="127.0.0.2") as hog,
            Subscriber() as other,
        ):
            for number in range(60):
                await subscribe(site, hog, f"/{number}")
            await subscribe(site, other)
            await site.publish(b"<feed>second</feed>")
            await other.until(lambda: len(other.delivered) == 1)
            assert hog.delivered == []
            open_up.set()
            await site.settled()
            assert len(hog.delivered) == 60
            assert hog.most_at_once <= 4

    asyncio.run(run())


def test_a_flood_from_one_callback_is_one_request(hub_site: HubSite) -> None:
    async def scenario(site: HubSite, subscriber: Subscriber) -> None:
        request = form(mode="subscribe", topic=site.topic, callback=subscriber.callback())
        told = await asyncio.gather(*(site.post(request) for _ in range(50)))
        assert {status for status, _, _ in told} == {202}
        await site.settled()
        assert len(site.rows()) == 1

    play(hub_site, scenario)
