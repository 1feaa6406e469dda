"""An outside hub is told of each change (WebSub 6), and again when it did not take it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs

from tests.websub.hubs import HubSite
from tests.websub.subscriber import Asked, Subscriber


def pinged(hub: Subscriber) -> list[str]:
    """The topics that a hub was told of, in order."""
    forms = [parse_qs(one.body.decode()) for one in hub.delivered]
    assert all(form["hub.mode"] == ["publish"] for form in forms)
    assert all(form["hub.url"] == form["hub.topic"] for form in forms)
    return [form["hub.url"][0] for form in forms]


def name_hub(site: HubSite, hub: Subscriber) -> str:
    websub = replace(site.site.config.websub, hub=hub.callback("/hub"))
    site.site.config = replace(site.site.config, websub=websub)
    site.push.replace_config(site.site.config)
    return f"{site.site.config.base_url}/feeds"


def test_it_is_told_of_each_feed_that_changed(hub_site: HubSite) -> None:
    async def run() -> None:
        async with Subscriber() as hub:
            feeds = name_hub(hub_site, hub)
            async with hub_site.served() as site:
                await site.settled()
                assert pinged(hub) == [f"{feeds}/all.atom"]
                await site.publish(b"<feed>1</feed>", "domestic")
                await site.settled()
                await site.push.tick()
                await site.settled()
                assert pinged(hub) == [f"{feeds}/all.atom", f"{feeds}/domestic.atom"]
                head = (await site.post(b"", None, "GET", "/feeds/all.atom"))[1]
                assert head["link"].startswith(f'<{hub.callback("/hub")}>; rel="hub"')
                assert hub.delivered[0].target == "/hub"
                kind = "application/x-www-form-urlencoded"
                assert hub.delivered[0].headers["content-type"] == kind

    asyncio.run(run())


def test_a_hub_that_fails_is_told_again_after_a_restart_too(hub_site: HubSite) -> None:
    async def run() -> None:
        status = {"now": 503}

        def answer(asked: Asked) -> tuple[int, bytes]:
            return status["now"], b""

        async with Subscriber(answer) as hub:
            name_hub(hub_site, hub)
            async with hub_site.served() as site:
                await site.settled()
                assert len(hub.delivered) == 1
                await site.push.tick()
                await site.settled()
                assert len(hub.delivered) == 1
                await site.restart()
                await site.settled()
                assert len(hub.delivered) == 1  # its time has not come
                status["now"] = 204
                site.clock.advance(timedelta(minutes=1))
                await site.push.tick()
                await site.settled()
                assert len(hub.delivered) == 2
                site.clock.advance(timedelta(days=1))
                await site.push.tick()
                await site.settled()
                assert len(hub.delivered) == 2

    asyncio.run(run())
