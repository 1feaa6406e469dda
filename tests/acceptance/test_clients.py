"""Feed readers that people use, subscribed to a daemon through days that pass in seconds.

What each holds at the end is exactly what stood in the feed: nothing twice, nothing lost. Each
test skips where its reader is not installed (see clients.py).
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

import feedparser
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aggregator.clock import FakeClock
from aggregator.config import load_config
from aggregator.daemon import Daemon, DaemonStatus
from aggregator.store import open_store
from aggregator.web.app import create_app
from aggregator.web.server import build_server
from aggregator.web.state import WebState
from tests.acceptance.clients import Client, Newsboat, Reader, Sfeed
from tests.acceptance.origin import Origin, serve

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOURS = 72
FETCH_EVERY = 4
WORDS = (
    "社区居民上午广场活动记者报道学校老师学生医院医生公园天气交通地铁经济市场工厂农村河流".strip()
)


class Town:
    """Two papers that write through the days: one of its own, one that reposts and comments."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.words = random.Random(7)
        self.papers: dict[str, list[tuple[str, str, str, datetime]]] = {
            "morning": [],
            "evening": [],
        }

    def write(self, hour: int) -> None:
        """What comes in an hour: most often one, once many, sometimes a revision."""
        now = START + timedelta(hours=hour)
        for number in range(40 if hour == 30 else 1):
            self._add("morning", f"{hour}-{number}", now)
        if hour % 3 == 0:
            self._add("evening", f"e{hour}", now)
        if hour % 5 == 0:  # the other paper carries the same article
            guid, title, text, _ = self.papers["morning"][0]
            self.papers["evening"].insert(0, (f"repost-{guid}", title, text, now))
        if hour % 7 == 3:  # an article is added to; its title stays
            guid, title, text, when = self.papers["morning"][2]
            self.papers["morning"][2] = guid, title, f"{text}后续{hour}：活动在傍晚结束。", when
        for name, articles in self.papers.items():
            self.origin.put(f"/{name}.xml", self._rss(name, articles[:60]))

    def _add(self, paper: str, guid: str, now: datetime) -> None:
        about = "社工" if len(self.papers[paper]) % 4 == 0 else "新闻"
        text = "".join(self.words.choices(WORDS, k=120))
        self.papers[paper].insert(0, (guid, f"{about} {paper} {guid}", text, now))

    @staticmethod
    def _rss(name: str, articles: list[tuple[str, str, str, datetime]]) -> str:
        items = "".join(
            f"<item><guid isPermaLink='false'>{guid}</guid><title>{escape(title)}</title>"
            f"<link>http://paper.example/{name}/{guid}</link>"
            f"<description>{escape(text)}</description>"
            f"<pubDate>{when:%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"
            for guid, title, text, when in articles
        )
        return (
            f"<rss version='2.0'><channel><title>{name}</title><link>http://paper.example/</link>"
            f"<description>{name}</description>{items}</channel></rss>"
        )


class Counting:
    """The application, and how often each kind of client was answered how."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.statuses: dict[str, Counter[int]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                agent = dict(scope["headers"]).get(b"user-agent", b"").decode().lower()
                of_agent = self.statuses.setdefault(agent.partition("/")[0], Counter())
                of_agent[message["status"]] += 1
            await send(message)

        await self.app(scope, receive, counted if scope["type"] == "http" else send)


class Desk:
    """A daemon with its web server, on a clock that the test moves on."""

    def __init__(self, folder: Path, origin: Origin) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.base = f"http://{self.address}"
        self.file = folder / "feeds.yaml"
        self.origin = origin
        self.configure("local")
        self.clock = FakeClock(START)
        config = load_config(self.file)
        self.store = open_store(config.store)
        self.daemon = Daemon(config, self.store, self.clock)
        self.state = WebState(config, self.clock)
        self.daemon.status.on_change.append(self._tell)
        self.app = Counting(create_app(self.state, self.daemon.push.answer))
        self.server = build_server(self.app, self.address)

    def configure(self, category: str, was: str = "") -> None:
        self.file.write_text(
            f"base_url: {self.base}\nlisten: {self.address}\n"
            "fetch: {allow_private: [127.0.0.0/8]}\nwebsub: {hub: none}\n"
            f"categories:\n  - {{id: {category}, title: 地方{was}}}\n"
            "outputs:\n  - {id: social, title: 社工, query: 社工}\n"
            "sources:\n"
            f"  - {{id: morning, url: {self.origin.base}/morning.xml, every: 30m}}\n"
            f"  - {{id: evening, url: {self.origin.base}/evening.xml, every: 30m, "
            f"category: {category}}}\n",
            "utf-8",
        )

    def _tell(self, status: DaemonStatus) -> None:
        if status.config is not self.state.config:
            self.state.replace_config(status.config)

    async def hour(self) -> None:
        """An hour passes, and what is due is done."""
        self.clock.advance(timedelta(hours=1))
        await self.daemon.poll_due()
        while self.daemon._passes:
            await asyncio.wait(self.daemon._passes)
        await self.daemon.publish()

    async def live(self, day: Callable[[], Awaitable[None]]) -> None:
        """Run the daemon for the length of `day`."""
        begun = asyncio.Event()

        async def serving() -> None:
            begun.set()  # the socket listens already: who asks before the server is up waits
            await self.server.run_until_cancelled()

        running = asyncio.create_task(self.daemon.run(serving))
        try:
            await begun.wait()
            await day()
        finally:
            self.daemon.stop()
            await running
            self.state.close()
            self.store.close()


def mirrored(folder: Path, name: str) -> Counter[tuple[str, str]]:
    """A feed's whole history from its documents alone, as a mirror reads it (RFC 5005)."""
    root, path = folder / "public" / "feeds", f"{name}.atom"
    found: dict[str, str] = {}
    while path:
        feed = feedparser.parse((root / path).read_bytes())
        for one in feed.entries:
            found.setdefault(one.id, one.title)
        before = [link.href for link in feed.feed.links if link.rel == "prev-archive"]
        path = before[0].partition("/feeds/")[2] if before else ""
    return Counter(found.items())


CLIENTS = [Newsboat, Sfeed, Reader]


@pytest.mark.parametrize("kind", CLIENTS, ids=lambda kind: kind.__name__)
def test_a_reader_holds_exactly_what_was_in_the_feed(
    tmp_path: Path, kind: type[Newsboat] | type[Sfeed] | type[Reader]
) -> None:
    if not kind.is_here():
        pytest.skip(f"{kind.__name__} is not installed beside the project")
    with serve() as origin:
        asyncio.run(_days(tmp_path, origin, kind))


async def _days(
    folder: Path, origin: Origin, kind: type[Newsboat] | type[Sfeed] | type[Reader]
) -> None:
    town, desk = Town(origin), Desk(folder, origin)
    (folder / "client").mkdir()
    formats = ("atom", "rss", "json") if kind is Reader else ("atom", "rss")
    names = {"all": "all", "social": "social", "local": "town"}
    paths = [f"/feeds/{name}.{form}" for name in names for form in formats]
    client: Client = kind(folder / "client", [desk.base + path for path in paths])

    async def through() -> None:
        for hour in range(HOURS):
            town.write(hour)
            if hour == HOURS // 2:  # the category gets another name, and readers must not notice
                desk.configure("town", ", was: local")
                await desk.daemon.reload()
            await desk.hour()
            if hour % FETCH_EVERY == 0 or hour == HOURS - 1:
                await client.fetch()
        await client.fetch()  # with nothing new
        await client.close()

    await desk.live(through)
    held = client.held()
    for path in paths:
        name = path.removeprefix("/feeds/").partition(".")[0]
        assert held[desk.base + path] == mirrored(folder, names[name]), path
    assert len(mirrored(folder, "all")) == len(town.papers["morning"]) + HOURS // 3
    _used_deltas(kind, desk.app.statuses[kind.name], len(paths))


def _used_deltas(kind: type, statuses: Counter[int], subscribed: int) -> None:
    """Who asks for deltas has a feed whole at first, and once again when it is renamed.

    newsboat sends what it knows of a feed from the third time on only.
    """
    assert statuses.keys() <= {200, 226, 301, 304}, statuses
    assert statuses[304] == subscribed, statuses
    if kind is Sfeed:
        assert statuses[226] == 0, statuses
        return
    at_first = 2 if kind is Newsboat else 1
    renamed = subscribed // 3
    assert statuses[200] == at_first * subscribed + renamed, statuses
    assert statuses[226] > 10 * subscribed, statuses
