"""The pages over real HTTP: what is shown, in which language, and what must never be."""

import gzip
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from aggregator.config import ConfigError, load_config
from aggregator.model import Evidence, PollState
from aggregator.web.words import WORDS, Words
from tests.web.builder import START, Site, entry
from tests.web.client import Served

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


class Page(HTMLParser):
    """The elements of a page, each with its attributes; refuses what is not closed."""

    VOID = frozenset(["meta", "link", "input", "br", "img"])

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_front_page_lists_the_feeds_with_their_newest_stories(site: Site) -> None:
    site.add_source("paper", "嘉兴日报")
    hours = [START - timedelta(hours=h) for h in (0, 1, 30)]
    site.save("paper", *[entry(f"e{n}", f"第{n}条", published=h) for n, h in enumerate(hours)])
    with Served(site) as served:
        text = served.ask("/").text
    page = Page(text)
    shown = re.findall(r'class="headline"[^>]*>([^<]*)<', text)
    assert shown[:3] == ["第0条", "第1条", "第2条"]
    assert "3 篇" in text
    assert [time["datetime"] for time in page.all("time")[:3]] == [
        "2026-11-23T12:30:00+08:00",
        "2026-11-23T11:30:00+08:00",
        "2026-11-22T06:30:00+08:00",
    ]
    assert ">12:30<" in text
    assert ">11月22日<" in text
    addresses = [f"http://127.0.0.1:8000/feeds/{name}.atom" for name in ("domestic", "all")]
    fields = [one for one in page.all("input") if one["type"] == "text"]
    assert [field["value"] for field in fields][:2] == addresses
    assert all("readonly" in field for field in fields)
    found = [link["href"] for link in page.all("link") if link["rel"] == "alternate"]
    assert found == [*addresses, "http://127.0.0.1:8000/feeds/uncategorized.atom"]


def test_a_changed_store_is_seen_at_the_next_request_and_an_unchanged_page_is_304(
    site: Site,
) -> None:
    site.add_source("paper")
    with Served(site) as served:
        first = served.ask("/")
        assert served.ask("/", If_None_Match=first.headers["etag"]).status == 304
        site.save("paper", entry("e1", "刚刚发生"))
        second = served.ask("/", If_None_Match=first.headers["etag"])
    assert second.status == 200
    assert "刚刚发生" in second.text


def test_what_strangers_wrote_is_text_and_their_links_are_web_links(site: Site) -> None:
    site.add_source("evil", ATTACK, "https://evil.example/x")
    site.save(
        "evil",
        entry("t", ATTACK, link="javascript:alert(1)"),
        entry(
            "h",
            f"<b>粗体</b> {ATTACK}",
            link="https://a.example/?a=\"'><script>",
            title_kind="html",
        ),
        entry("l", "语言", link="data:text/html,x", language='en" onload="alert(1)'),
    )
    site.fail("evil", f"it said {ATTACK}")
    with Served(site) as served:
        served.state.config_error = ATTACK
        pages = [served.ask(path).text for path in ("/", "/sources")]
    for text in pages:
        page = Page(text)
        assert not page.all("script")
        assert not page.all("img")
        for _, attributes in page.elements:
            assert not [name for name in attributes if name.startswith("on")]
            target = attributes.get("href") or ""
            assert not target.lower().strip().startswith(("javascript:", "data:text"))


@pytest.mark.parametrize("path", ["/", "/sources", "/nowhere", "/feeds/nothing.atom"])
def test_every_page_is_safe_and_loads_nothing_from_elsewhere(site: Site, path: str) -> None:
    site.config = replace(site.config, base_url="https://news.example.org/daily")
    with Served(site) as served:
        reply = served.ask_with(
            path, "GET", {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
        )
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert "unsafe" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert "server" not in reply.headers
    assert "evil.example" not in reply.text
    page = Page(reply.text)
    named = ("alternate", "search")  # told to browsers, loaded by none
    loaded = [link["href"] or "" for link in page.all("link") if link["rel"] not in named]
    assert all(href.startswith(("/daily/static/", "data:image/svg+xml,")) for href in loaded)


def test_the_style_sheet_is_served_and_kept(site: Site) -> None:
    with Served(site) as served:
        href = str(Page(served.ask("/").text).all("link")[0]["href"])
        reply = served.ask(href, Accept_Encoding="gzip")
        assert b"--paper" in gzip.decompress(reply.body)
        assert reply.headers["content-type"] == "text/css; charset=utf-8"
        again = served.ask(href, Accept_Encoding="gzip", If_None_Match=reply.headers["etag"])
        assert again.status == 304


def test_sources_are_shown_broken_first_and_without_secrets(site: Site) -> None:
    site.add_source("good", "好来源", "https://www.good.example/rss?key=geheim99")
    site.add_source("new", "新来源")
    site.add_source("off", "停用的", enabled=False)
    site.add_source("bad", "坏来源", "https://u5er:pa55w0rd@bad.example/rss?token=tok3n123")
    site.add_source("gone", "消失的")
    site.save("good", entry("e1"), entry("e2", link="https://origin.example/2"))
    site.fail("bad", "https://u5er:pa55w0rd@bad.example/rss?token=tok3n123 refused: tok3n123", 4)
    site.fail("gone", "410", gone=True)
    with Served(site) as served:
        served.clock.advance(timedelta(minutes=5))
        text = served.ask("/sources").text
    Page(text)
    rows = re.findall(r'<tr class="(\w+)">', text)
    assert rows == ["gone", "failing", "part", "new", "ok", "off"]
    assert "5 个来源，2 个有问题" in text
    assert "自 2026-11-23 08:30 起，连续 4 次" in text
    assert "good.example" in text
    assert "5 分钟前" in text
    assert "新增 2 条" in text
    assert "25 分钟后" in text
    for secret in ("u5er", "pa55w0rd", "tok3n123", "geheim99"):
        assert secret not in text


def test_a_broken_edit_is_shown_without_where_the_file_is_or_what_it_says(site: Site) -> None:
    file = Path(site.config.path)
    file.write_text("title: a\n\ntitel: {Authorization: n3wsecret}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as broken:
        load_config(file)
    with Served(site) as served:
        served.state.config_error = str(broken.value)
        served.state.last_publish_error = f"no space left: {site.config.publish.directory}"
        text = served.ask("/sources").text
        health = json.loads(served.ask("/healthz").body)
        served.state.config_error = served.state.last_publish_error = None
        after = served.ask("/sources").text
    assert "feeds.yaml:3:1: unknown key `titel`" in text
    assert "Authorization" in str(broken.value)
    assert "Authorization" not in text + json.dumps(health)
    assert str(site.folder) not in text
    assert health["status"] == "degraded"
    assert any("feeds.yaml:3:1: unknown key `titel`" in said for said in health["problems"])
    assert str(site.folder) not in json.dumps(health)
    assert "titel" not in after


def test_health_counts_and_says_what_is_wrong(site: Site) -> None:
    for name in ("a", "b", "c"):
        site.add_source(name)
        site.save(name, entry(name))
    for output in ("all", "uncategorized", "domestic"):
        site.publish(output, b"<feed/>")
    with Served(site) as served:
        well = served.ask("/healthz")
        site.fail("a", "timeout")
        served.clock.advance(timedelta(seconds=3))
        one = json.loads(served.ask("/healthz").body)
        site.fail("b", "timeout")
        served.clock.advance(timedelta(seconds=3))
        most = json.loads(served.ask("/healthz").body)
        served.clock.advance(timedelta(hours=1))
        late = json.loads(served.ask("/healthz").body)
    assert well.status == 200
    assert well.headers["content-type"] == "application/json"
    said = json.loads(well.body)
    assert (said["status"], said["problems"], said["stories"], said["outputs"]) == ("ok", [], 3, 3)
    assert (one["status"], one["sources"]["failing"]) == ("ok", 1)  # one speaks for none else
    assert (most["status"], most["problems"]) == ("degraded", ["2 of 3 polled sources fail"])
    assert "1 source is overdue by more than 15 minutes: is anyone polling?" in late["problems"]


def test_an_unknown_page_is_a_friendly_404(site: Site) -> None:
    with Served(site) as served:
        chinese = served.ask("/nowhere")
        english = served.ask("/nowhere", Accept_Language="en")
    assert chinese.status == english.status == 404
    assert "没有这个页面" in chinese.text
    assert "There is no such page" in english.text
    assert '<html lang="en">' in english.text


def test_english_pages_hold_no_chinese_words_of_the_interface(site: Site) -> None:
    site.config = replace(site.config, title="My feeds")
    site.add_source("s", "Source")
    site.save("s", entry("e", "Title"), categories=())
    with site.store.transaction():
        site.store.put_output("domestic", "category", "Domestic", site.now)
    with Served(site) as served:
        for path in ("/", "/sources", "/nowhere"):
            reply = served.ask(path, Accept_Language="en-GB,en;q=0.9")
            assert not re.search("[\u4e00-\u9fff]", reply.text), path
            assert "Accept-Language" in reply.headers["vary"]


def test_every_word_stands_in_both_languages_with_the_same_blanks() -> None:
    for key, (chinese, english) in WORDS.items():
        assert chinese, key
        assert english, key
        blanks = [sorted(re.findall(r"{\w+}", said)) for said in (chinese, english)]
        assert blanks[0] == blanks[1], key


@pytest.mark.parametrize(
    ("seconds", "chinese", "english"),
    [
        (0, "刚刚", "just now"),
        (-59, "刚刚", "just now"),
        (-60, "1 分钟前", "1 min ago"),
        (-3599, "59 分钟前", "59 min ago"),
        (-3600, "1 小时前", "1 h ago"),
        (-200_000, "2 天前", "2 d ago"),
        (30, "即将", "due now"),
        (7200, "2 小时后", "in 2 h"),
    ],
)
def test_times_are_told_as_people_do(seconds: int, chinese: str, english: str) -> None:
    moment = START + timedelta(seconds=seconds)
    assert Words("zh", UTC, START).relative(moment) == chinese
    assert Words("en", UTC, START).relative(moment) == english


def test_a_date_that_cannot_be_true_gives_way_to_the_time_it_was_taken(site: Site) -> None:
    site.add_source("s")
    site.save(
        "s",
        entry("future", "未来", published=START + timedelta(days=400)),
        entry("zero", "零点", published=datetime(1970, 1, 1, tzinfo=UTC)),
    )
    with Served(site) as served:
        times = [time["datetime"] for time in Page(served.ask("/").text).all("time")]
    assert set(times) == {"2026-11-23T12:30:00+08:00"}


def test_an_unusual_source_says_why_since_when_and_what_to_do(site: Site) -> None:
    site.add_source("odd", "嘉兴日报")
    site.add_source("well", "好来源")
    record = site.store.source_records()["odd"]
    with site.store.transaction():
        site.store.save_states([(record.source_id, PollState(last_poll_at=site.now, alarms="x"))])
        site.store.change_alarms(
            record.source_id, {"empty": Evidence("encoding", {"title": "<b>坏"})}, (), site.now
        )
    with Served(site) as served:
        page = served.ask("/sources").text
        english = served.ask("/sources", Accept_Language="en").text
        told = json.loads(served.ask("/healthz").text)
    assert Page(page).all("table")
    assert told["sources"]["unusual"] == 1
    assert page.index("嘉兴日报") < page.index("好来源")
    assert "文字与编码不符，例如“&lt;b&gt;坏”" in page
    assert "the text does not fit its encoding, as in “&lt;b&gt;坏”" in english
    assert "打开这个订阅看看" in page
    assert "open the feed" in english


def test_a_category_that_drifts_is_told_with_its_evidence_in_both_languages(site: Site) -> None:
    site.add_source("good", "好来源")
    site.save("good", entry("e1"))
    site.drift("domestic")
    with Served(site) as served:
        chinese = served.ask("/sources", Accept_Language="zh").text
        english = served.ask("/sources", Accept_Language="en").text
    Page(chinese)
    assert "国内 的分类把握下降" in chinese
    assert "2026-11-17 至 2026-11-23 的 70 条平均把握 75%" in chinese
    assert "国内 is recognised with less confidence" in english
    assert "75 % sure on average of 70 entries" in english
    assert "→ see its newest entries" in english
