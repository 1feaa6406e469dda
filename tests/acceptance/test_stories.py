"""A day of an e-paper and three portals that repost it: one entry an article, carriers named."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from html import escape
from pathlib import Path

from opencc import OpenCC

from aggregator.model import PageRecipe, Source
from tests.acceptance.days import Days
from tests.acceptance.epaper import Article, Edition, Paper
from tests.acceptance.origin import Origin, serve
from tests.dedupe.articles import PARAGRAPHS, TITLE

DAY = date(2026, 11, 23)
SIX = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)  # six in the morning in 嘉兴
BUSES = (
    "嘉北街道昨天起新开通社区微公交环线，串联起菜市场、卫生院和地铁口，全程8.6公里，设站点17个，首班车早上6时发车。",
    "线路由街道与公交公司共同规划，前期走访了1200余户居民，根据大家的出行习惯调整了其中5个站点的位置。",
    "家住文昌苑的陈阿姨说，过去去卫生院要转两趟车，现在出门走几步就能上车，来回方便多了，老邻居们都很高兴。",
)
FISH = (
    "入冬以来，汾湖的水产养殖户迎来捕捞季，今年全镇清水蟹产量预计达到460吨，比去年增加一成多，价格保持平稳。",
    "养殖户老沈的塘里装上了水质监测仪，溶解氧和水温数据每隔10分钟传到手机上，成活率提高到了92%。",
    "镇农技站组织技术人员下塘指导，帮助26户养殖户改造了尾水处理设施，明年还将推广稻蟹共作。",
)
SHORT = ("明天阴有小雨，气温6到11摄氏度，东北风3到4级，早晚请注意添衣保暖。",)


def rss(title: str, *items: tuple[str, str, str]) -> str:
    """A portal's feed of (number, title, HTML)."""
    body = "".join(
        f"<item><guid isPermaLink='false'>{title}-{number}</guid><title>{escape(name)}</title>"
        f"<link>https://{title}.example/{number}.html</link>"
        f"<pubDate>Mon, 23 Nov 2026 0{number}:30:00 GMT</pubDate>"
        f"<description>{escape(html)}</description></item>"
        for number, name, html in items
    )
    return (
        f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>{title}</title>"
        f"<link>https://{title}.example/</link><description>d</description>{body}</channel></rss>"
    )


def html(*paragraphs: str) -> str:
    """Paragraphs as a page has them."""
    return "".join(f"<p>{text}</p>" for text in paragraphs)


def portals(origin: Origin) -> list[Source]:
    """Three portals: other titles, cuts, advertisements, a summary, traditional characters."""
    altered = [text.replace("460", "780").replace("92%", "71%") for text in FISH]
    head = ("本文转自：嘉兴日报", "■记者 蒋彧淼 通讯员 沈筠")
    tail = "以上内容为资讯信息快照,由爬虫进行采集并收录,不代表本站立场。"
    first = rss(
        "kuaibao",
        (1, "快讯！社工月来了", html(*head, *PARAGRAPHS[:4], tail)),
        (2, "汾湖蟹又肥", html(*altered)),
    )
    second = rss(
        "xinwen",
        (1, TITLE, html("扫码关注本报微信公众号", PARAGRAPHS[0], "【推荐阅读】全国联播快讯",
                        *PARAGRAPHS[1:], "广告：全场满300减50，点击了解详情", "责任编辑：张三")),
        (2, "微公交开到家门口", f"{BUSES[0]}{BUSES[1][:20]}……[详细]"),
    )  # fmt: skip
    traditional = OpenCC("s2tw").convert
    third = rss(
        "fanti",
        (1, traditional(TITLE), traditional(html("轉自：嘉興日報", *PARAGRAPHS))),
        (2, traditional("清水蟹豐收"), traditional(html(*FISH, "（來源：嘉興日報）"))),
    )
    feeds = {"kuaibao": first, "xinwen": second, "fanti": third}
    return [
        Source(
            name,
            name,
            origin.put(f"/{name}.xml", body),
            categories=("local",),
            every=timedelta(hours=1),
        )
        for name, body in feeds.items()
    ]


def test_a_day_of_reposts(tmp_path: Path) -> None:
    with serve() as origin:
        paper = Paper(origin)
        articles = [
            [Article(1, TITLE, PARAGRAPHS, picture=True), Article(2, "微公交环线开通", BUSES)],
            [Article(3, "汾湖清水蟹喜获丰收", FISH), Article(4, "明日天气", SHORT)],
        ]
        edition = Edition(DAY, articles)
        paper.publish(edition)
        origin.put("/robots.txt", "User-agent: *\nDisallow:\n", content_type="text/plain")
        own = Source(
            "jiaxing-daily",
            "嘉兴日报",
            paper.url,
            at="0 6 * * *",
            page=PageRecipe(base="founder"),
            categories=("local",),
        )
        with Days(tmp_path, own, *portals(origin), start=SIX) as running:
            running.until(SIX + timedelta(hours=3))
            check_stories(running, origin)
            check_correction(running, paper, edition)


def check_stories(running: Days, origin: Origin) -> None:
    """One entry an article, each with its carriers' links and times; the altered one alone."""
    found = {}
    for entry in running.feed().entries:
        details = running.details(entry.id)
        names = {carrier.source_name for carrier in details.story.carriers}
        found[frozenset(names), entry.title] = entry
    together = {frozenset(names): entry for (names, _), entry in found.items()}
    assert sorted(sorted(names) for names, _ in found) == [
        ["fanti", "jiaxing-daily"],
        ["fanti", "jiaxing-daily", "kuaibao", "xinwen"],
        ["jiaxing-daily"],
        ["jiaxing-daily", "xinwen"],
        ["kuaibao"],
    ]
    assert together[frozenset({"kuaibao"})].title == "汾湖蟹又肥"
    whole = together[frozenset({"fanti", "jiaxing-daily", "kuaibao", "xinwen"})]
    related = {link.href: link.title for link in whole.links if link.rel == "related"}
    shown = whole.link
    addresses = {f"https://{name}.example/1.html" for name in ("kuaibao", "xinwen", "fanti")}
    addresses.add(f"{origin.base}/jxrbPaper/pc/content/202611/23/content_1.html")
    assert {*related, shown} == addresses
    assert all("2026-11-2" in title for title in related.values())
    details = running.details(whole.id)
    assert details.story.origin == "jiaxing-daily"


def check_correction(running: Days, paper: Paper, edition: Edition) -> None:
    """A correction in the paper becomes a version of the paper's entry and of nothing else."""
    before = {entry.id: entry for entry in running.feed().entries}
    corrected = edition.pages[1][0]
    corrected.paragraphs = tuple(text.replace("26户", "28户") for text in corrected.paragraphs)
    paper.publish(edition)
    running.until(running.clock.now() + timedelta(days=1, hours=2))
    after = {entry.id: entry for entry in running.feed().entries}
    assert after.keys() == before.keys()
    numbers = {
        (carrier.source_name, carrier.title): [
            snapshot.number
            for snapshot in running.details(one).snapshots
            if snapshot.entry_id == carrier.entry_id
        ]
        for one in after
        for carrier in running.details(one).story.carriers
    }
    assert numbers.pop(("jiaxing-daily", corrected.title)) == [1, 2]
    assert all(versions == [1] for versions in numbers.values()), numbers
