"""Pages as Chinese sites really write them: encodings, frames, lazy pictures, refreshes, junk."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import PageRecipe, PageRecord
from aggregator.pages import PageError, open_page, read_article, read_index, refresh_of
from aggregator.pages.days import dated, day_in_address, moment_in
from aggregator.pages.decode import decode_page
from aggregator.pages.page import Page, clean_address

URL = "https://paper.example/html/2026-11/23/node_1.htm"
ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def page(html: str, url: str = URL) -> Page:
    return open_page(html.encode(), url, "text/html")


def record(url: str = URL, **values: str | None) -> PageRecord:
    return PageRecord(1, "paper", url, "article", 0, "a0001", NOW, **values)  # type: ignore[arg-type]


# ------------------------------------------------------------ encodings


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("gbk", "gb2312", "text/html"),
        ("gb18030", "gb2312", "text/html"),
        ("gbk", "utf-8", "text/html"),  # the page lies
        ("gbk", "gbk", "text/html; charset=utf-8"),  # the server lies
        ("gbk", None, "text/html; charset=GB2312"),
        ("gbk", None, None),
        ("utf-8", "gb2312", "text/html; charset=gbk"),  # both lie
        ("utf-8-sig", None, None),
        ("utf-16", None, None),
        ("big5", "big5", None),
    ],
)
def test_the_text_is_read_whatever_is_claimed(
    encoding: str, declared: str | None, content_type: str | None
) -> None:
    text = "嘉興新聞" if encoding == "big5" else "嘉兴日报,沈筠摄"
    text += "镕" if encoding == "gb18030" else ""
    meta = f'<meta charset="{declared}">' if declared else ""
    body = f"<html><head>{meta}</head><body><p>{text}</p></body></html>".encode(encoding)
    assert text in decode_page(body, content_type)[0]


@given(st.binary(max_size=300))
def test_any_bytes_are_some_text(body: bytes) -> None:
    text, encoding = decode_page(body, "text/html; charset=zlib_codec")
    assert isinstance(text, str)
    assert encoding


@pytest.mark.parametrize("body", [b"", b"   ", b"<!-- -->"])
def test_an_empty_page_is_told(body: bytes) -> None:
    with pytest.raises(PageError):
        open_page(body, URL)


# ------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("node_2.htm", "https://paper.example/html/2026-11/23/node_2.htm"),
        ("//cdn.example/a.jpg", "https://cdn.example/a.jpg"),
        ("../../a.htm#top", "https://paper.example/html/a.htm"),
        ("/a;jsessionid=AB12?x=1", "https://paper.example/a?x=1"),
        ("/a?id=7&PHPSESSID=abc", "https://paper.example/a?id=7"),
        ("/a?PHPSESSID=abc", "https://paper.example/a"),
        ("\n /a\tb.htm ", "https://paper.example/ab.htm"),
        ("/新闻.htm", "https://paper.example/%E6%96%B0%E9%97%BB.htm"),
        ("/a?q=%B9%FA", "https://paper.example/a?q=%B9%FA"),
        ("javascript:void(0)", None),
        ("mailto:a@b.example", None),
        ("http://[broken/", None),
        ("http://host:port/", None),
        ("", None),
    ],
)
def test_links_are_absolute_and_without_session_junk(link: str, address: str | None) -> None:
    assert clean_address(link, URL) == address


def test_a_base_element_counts() -> None:
    found = page('<base href="/other/"><a href="a.htm">一</a>')
    (link,) = read_index(found, PageRecipe(entries="a"), 0).links
    assert link.url == "https://paper.example/other/a.htm"


@pytest.mark.parametrize(
    ("html", "target"),
    [
        ('<meta http-equiv="refresh" content="0;URL=2026-11/24/node_1.htm">', True),
        ("<META HTTP-EQUIV=Refresh CONTENT=\"0; url='2026-11/24/node_1.htm'\">", True),
        ("<script>window.location.href='2026-11/24/node_1.htm';</script>", True),
        ('<script>location.replace("2026-11/24/node_1.htm")</script>', True),
        ('<meta http-equiv="refresh" content="300">', False),
        ('<meta http-equiv="refresh" content="300;url=2026-11/24/node_1.htm">', False),
        ('<p>正文</p><script>function f(){location.href="/login"}</script>', False),
        ('<meta http-equiv="refresh" content="0;url=javascript:x">', False),
        (f'<meta http-equiv="refresh" content="0;url={URL}">', False),
    ],
)
def test_a_refresh_to_todays_edition_is_followed(html: str, target: bool) -> None:
    wanted = "https://paper.example/html/2026-11/23/2026-11/24/node_1.htm" if target else None
    assert refresh_of(page(f"<html><head>{html}</head></html>")) == wanted


# ------------------------------------------------------------ pages of links


def test_pages_and_articles_of_an_edition() -> None:
    html = """
    <div id=list><a href="node_1.htm">第01版:要闻</a>
      <a href="node_2.htm"><img src=b.gif></a><a href="node_2.htm">第02版:综合</a>
      <a href="x.pdf">PDF</a></div>
    <map><area href="content_1.htm" alt="区域"></map>
    <ul><li><p><a href="content_1.htm">一号</a></p></li>
      <li><div>二号<a href="content_2.htm">详细</a></div></li><li>无</li></ul>"""
    recipe = PageRecipe(follow=("#list a",), entries="area, ul li")
    index = read_index(page(html), recipe, 0)
    assert index.own_name == "第01版:要闻"
    assert [(one.kind, one.url.rpartition("/")[2], one.name) for one in index.links] == [
        ("index", "node_2.htm", "第02版:综合"),
        ("article", "content_1.htm", "区域"),
        ("article", "content_2.htm", "详细"),
    ]
    assert all(one.kind == "article" for one in read_index(page(html), recipe, 1).links)


def test_several_levels_are_followed_one_after_the_other() -> None:
    recipe = PageRecipe(follow=("#a a", "#b a"), entries="#c a")
    html = "<p id=a><a href=1>1</a></p><p id=b><a href=2>2</a></p><p id=c><a href=3>3</a></p>"
    for level, name in ((0, "1"), (1, "2")):
        (link,) = (one for one in read_index(page(html), recipe, level).links if one.level)
        assert (link.level, link.name) == (level + 1, name)


def test_a_frameset_leads_to_its_frames_on_the_same_level() -> None:
    html = '<frameset><frame src="left.htm"><frame src="right.htm"></frameset>'
    index = read_index(page(html), PageRecipe(follow=("#list a",), entries="#x a"), 0)
    assert [(one.url.rpartition("/")[2], one.level) for one in index.links] == [
        ("left.htm", 0),
        ("right.htm", 0),
    ]
    assert index.misses == ()


def test_xpath_does_what_css_does() -> None:
    html = "<div id=list><a href=a.htm>一</a></div>"
    for selector in ("#list a", "xpath://div[@id='list']/a", "xpath://div[@id='list']/a/@href"):
        (link,) = read_index(page(html), PageRecipe(entries=selector), 0).links
        assert link.url.endswith("/a.htm")


def test_what_matches_nothing_is_told_with_the_nearest_names() -> None:
    html = '<div id="article-list" class="main news"><founder-content>x</founder-content></div>'
    index = read_index(page(html), PageRecipe(entries="#articlelist a"), 0)
    assert index.is_barren
    assert str(index.misses[0]) == (
        f"`entries: #articlelist a` matches nothing on {URL}; the page has #article-list"
    )
    none = read_index(page("<p>x</p>"), PageRecipe(entries="#zz"), 0).misses[0]
    assert str(none) == f"`entries: #zz` matches nothing on {URL}"


# ------------------------------------------------------------ articles


def test_an_article_by_its_selectors() -> None:
    html = """<h1 id=t> 标题 <br>副题</h1><span class=d>2024年04月01日 06:45</span>
    <i class=w>记者 蒋彧淼</i><b class=o>本文转自:嘉兴日报</b>
    <div id=c>开头<!-- x --><script>bad()</script><p>一</p>
    <img src=blank.gif data-original="//i.example/1.jpg">
    <p>二</p></div>尾巴"""
    recipe = PageRecipe(
        title="#t", content="#c", published=".d", author=".w", outlet=".o", entries="a"
    )
    entry, misses = read_article(page(html), recipe, record(section="第 03 版：要闻"), ZONE)
    assert misses == ()
    assert entry.title is not None
    assert entry.title.value == "标题 副题"
    assert entry.published == datetime(2024, 3, 31, 22, 45, tzinfo=UTC)
    assert entry.authors == ("记者 蒋彧淼",)
    assert entry.origin is not None
    assert entry.origin.title == "嘉兴日报"
    assert (entry.tags[0].term, entry.tags[0].label) == ("要闻", "第 03 版：要闻")
    assert entry.content is not None
    assert entry.content.base == URL
    assert "bad()" not in entry.content.value
    assert "尾巴" not in entry.content.value
    assert entry.content.value.startswith("开头")
    assert 'src="https://i.example/1.jpg"' in entry.content.value
    assert [(e.url, e.type) for e in entry.enclosures] == [
        ("https://i.example/1.jpg", "image/jpeg")
    ]


@pytest.mark.parametrize(
    ("head", "outlet"),
    [
        ('<meta name="source" content=" 来源：南城日报 ">', "南城日报"),
        ('<meta property="article:source" content="南城日报">', "南城日报"),
        ('<meta name="source" content="https://x.example/">', None),
        (f'<meta name="source" content="{"长" * 41}"><meta name="source" content="">', None),
        ('<meta name="author" content="南城日报">', None),
    ],
)
def test_the_head_of_a_page_may_name_the_outlet(head: str, outlet: str | None) -> None:
    html = f"<html><head>{head}</head><body><h1 id=t>标题</h1><div id=c><p>一</p></div>"
    recipe = PageRecipe(title="#t", content="#c", entries="a")
    entry, _ = read_article(page(html), recipe, record(), ZONE)
    assert (entry.origin.title if entry.origin is not None else None) == outlet


def test_without_selectors_the_main_text_and_the_links_text_serve() -> None:
    story = "".join(
        f"<p>第{n}段,讲的是新塍镇社工站的事,句子要足够长,才像一篇文章。</p>" for n in range(8)
    )
    menu = "".join(f"<li><a href=/{n}>栏目{n}</a></li>" for n in range(30))
    html = f"<title>网站</title><ul class=menu>{menu}</ul><div class=article>{story}</div>"
    entry, _ = read_article(page(html), PageRecipe(), record(name="链接的字"), ZONE, NOW)
    assert entry.title is not None
    assert entry.title.value == "链接的字"
    assert entry.published == NOW
    assert entry.content is not None
    assert "第7段" in entry.content.value
    assert "栏目3" not in entry.content.value


def test_a_content_selector_without_a_match_is_told_and_the_main_text_serves() -> None:
    html = f"<title>题</title><div id=zoom><p>{'正文很长,' * 60}</p></div>"
    entry, misses = read_article(page(html), PageRecipe(content="#ozoom"), record(), ZONE)
    assert entry.content is not None
    assert "正文很长" in entry.content.value
    assert misses[0].nearest == ("#zoom",)


def test_no_text_twice_where_a_selector_matches_inside_itself() -> None:
    html = "<title>题</title><div class=c><p>甲</p><div class=c>乙</div></div><div class=c>丙</div>"
    entry, _ = read_article(page(html), PageRecipe(content=".c"), record(), ZONE)
    assert entry.content is not None
    assert entry.content.value.count("乙") == 1
    assert "丙" in entry.content.value


# ------------------------------------------------------------ days


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-04-01", datetime(2024, 3, 31, 16, tzinfo=UTC)),
        ("2024年04月01日 星期一 第A01版", datetime(2024, 3, 31, 16, tzinfo=UTC)),
        ("发布时间:2024-04-01 06:45:00 来源:嘉兴日报", datetime(2024, 3, 31, 22, 45, tzinfo=UTC)),
        ("2024年4月1日06时45分", datetime(2024, 3, 31, 22, 45, tzinfo=UTC)),
        ("2024/4/1", datetime(2024, 3, 31, 16, tzinfo=UTC)),
        ("20240401", datetime(2024, 3, 31, 16, tzinfo=UTC)),
        ("2024-04-01T06:45:00+08:00", datetime(2024, 3, 31, 22, 45, tzinfo=UTC)),
        ("2024-04-01T06:45:00Z", datetime(2024, 4, 1, 6, 45, tzinfo=UTC)),
        ("2024-13-01", None),
        ("2024-02-30", None),
        ("第 2024 期", None),
        ("", None),
    ],
)
def test_moments_of_pages(text: str, moment: datetime | None) -> None:
    assert moment_in(text, ZONE) == moment


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("https://a.example/layout/202404/01/node_01.html", date(2024, 4, 1)),
        ("https://a.example/html/2024-04/01/content_7.htm", date(2024, 4, 1)),
        ("https://a.example/20240401/7.htm", date(2024, 4, 1)),
        ("https://a.example/content_20245178.html", None),
        ("https://a.example/?date=2024-04-01", date(2024, 4, 1)),
        ("https://a.example/", None),
    ],
)
def test_the_day_in_an_address(url: str, day: date | None) -> None:
    assert day_in_address(url) == day


@given(st.dates(date(1999, 1, 1), date(2099, 12, 31)))
def test_a_dated_address_names_its_day(day: date) -> None:
    for form in ("%Y%m/%d", "%Y-%m/%d", "%Y/%m/%d", "%Y%m%d"):
        url = dated(f"https://a.example/p/{{date:{form}}}/node_1.htm", day)
        assert day_in_address(url) == day
