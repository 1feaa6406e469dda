"""A story's page, its snapshots, what changed between them, and how to get at them by time."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from aggregator.model import Enclosure
from tests.web.builder import START, Site, entry
from tests.web.client import Reply, Served
from tests.web.test_pages import ATTACK, Page

HOUR = timedelta(hours=1)


def key_of(site: Site, title: str = "") -> str:
    """The key of the one story, or of the one with this title."""
    everything = next(one for one in site.store.outputs() if one.kind == "all")
    stories = site.store.listed_stories(everything.output_id, 100)
    return next(s.key for s in stories if not title or (s.snapshot.title or "").value == title)  # type: ignore[union-attr]


@pytest.fixture
def revised(site: Site) -> Site:
    """A story of three versions, an hour apart, the first at START."""
    site.add_source("paper", "嘉兴日报", "https://paper.example/rss?key=geheim99")
    texts = (
        "<p>死亡3人。</p><p>全文</p>",
        "<p>死亡5人。</p><p>全文</p>",
        "<p>死亡6人。</p><p>全文</p>",
    )
    for text in texts:
        site.save("paper", entry("e1", "事故通报", text, published=START - HOUR))
        site.now += HOUR
    return site


def links_of(reply: Reply) -> dict[str, tuple[str, str]]:
    """rel → (address, attributes) of a Link header."""
    found = re.findall(r'<([^>]*)>; rel="([^"]*)"([^<]*)', reply.headers["link"])
    return {relation: (address, rest) for address, relation, rest in found}


# ---------------------------------------------------------------- the page


def test_the_page_of_a_story_shows_all_that_is_known_of_it(site: Site) -> None:
    site.add_source("paper", "嘉兴日报")
    site.add_source("wire", "每日看点快看")
    article = entry(
        "e1",
        "打通为民服务“最后一米”",
        "<p>本文转自：嘉兴日报</p><p>正文</p>",
        published=START - HOUR,
    )
    article = replace(
        article,
        authors=("蒋彧淼", "沈筠"),
        enclosures=(
            Enclosure("https://origin.example/a.mp3", "audio/mpeg", 1_500_000, None, None),
        ),
    )
    site.save("paper", article)
    site.now += HOUR
    site.save("wire", replace(article, guid="w1"))
    site.save("paper", entry("e2", "另一条"))
    with Served(site) as served:
        reply = served.ask(f"/items/{key_of(site, '打通为民服务“最后一米”')}")
    Page(reply.text)
    assert reply.status == 200
    for shown in (
        *(
            "打通为民服务“最后一米”</h1>",
            "我的订阅",
            "国内",
            "嘉兴日报",
            "每日看点快看",
            "蒋彧淼、沈筠",
        ),
        *(
            "本文转自：嘉兴日报",
            "<p>正文</p>",
            "2026-11-23 11:30:00",
            "2026-11-23 12:30:00",
            "sha256:",
        ),
        *("https://origin.example/e1", "1.5 MB", "资讯信息快照", "另一条"),
    ):
        assert shown in reply.text, shown
    assert reply.headers["vary"] == "Accept-Datetime, Accept-Language, Accept-Encoding"


def test_the_front_page_leads_to_stories(site: Site) -> None:
    site.add_source("paper")
    site.save("paper", entry("e1", "一"))
    with Served(site) as served:
        home = Page(served.ask("/").text)
        link = next(a["href"] for a in home.all("a") if a.get("class") == "headline")
        assert served.ask(str(link)).status == 200


def test_what_strangers_wrote_does_nothing_and_loads_nothing(site: Site) -> None:
    site.add_source("evil", ATTACK, "https://evil.example/x")
    text = (
        f"{ATTACK}<p onclick=alert(1)>x</p><a href='javascript:alert(1)'>y</a>"
        "<a href='https://big.example/'><img src='https://spy.example/1.gif' alt='\"><script>'></a>"
        "<video src='https://spy.example/v.mp4' poster='https://spy.example/p.png'>no film</video>"
        "<picture><source src='https://spy.example/2.webp'><img src='https://spy.example/2.png'>"
        "</picture><audio><source src='https://spy.example/a.ogg' type='audio/ogg'></audio>"
        "<iframe src='https://spy.example/'></iframe><img srcset='https://spy.example/3.png 2x'>"
    )
    article = replace(
        entry("t", ATTACK, text, link=f"https://a.example/?{ATTACK}"),
        authors=(ATTACK,),
        rights=ATTACK,
        enclosures=(
            Enclosure("javascript:alert(1)", ATTACK, 1, ATTACK, None),
            Enclosure(f"https://a.example/{ATTACK}", ATTACK, 1, ATTACK, None),
        ),
    )
    site.save("evil", article)
    site.now += HOUR
    site.save("evil", replace(article, content=entry("t", "", f"{text}<p>more {ATTACK}").content))
    key = key_of(site)
    with Served(site) as served:
        pages = [served.ask(f"/items/{key}{rest}").text for rest in ("", "/diff")]
    for shown in pages:
        page = Page(shown)
        for tag in ("script", "img", "video", "audio", "source", "iframe", "object"):
            assert not page.all(tag)
        assert [form["action"] for form in page.all("form")] == ["/search"]  # the site's own
        for _, attributes in page.elements:
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
            target = (attributes.get("href") or "").lower().strip()
            assert not target.startswith(("javascript:", "data:text"))
            if target.startswith(("http://", "https://")) and "127.0.0.1:8000" not in target:
                assert attributes["rel"] == "noopener noreferrer nofollow"
    links = [str(a["href"]) for a in Page(pages[0]).all("a") if a.get("class") == "media"]
    names = [link.rpartition("/")[2] for link in links if "spy.example" in link]
    assert names == ["1.gif", "v.mp4", "2.png", "a.ogg", "3.png"]
    assert "no film" in pages[0]


def test_no_secret_of_the_source_is_on_the_page(revised: Site) -> None:
    with Served(revised) as served:
        assert "geheim99" not in served.ask(f"/items/{key_of(revised)}").text


@pytest.mark.parametrize("rest", ["", "/20261123043000", "/diff"])
def test_pages_of_stories_are_in_english_too(revised: Site, rest: str) -> None:
    with Served(revised) as served:
        text = served.ask(f"/items/{key_of(revised)}{rest}", Accept_Language="en").text
    assert '<html lang="en">' in text
    assert "Category" in text or "What changed" in text


def test_an_article_without_text_or_title_has_a_page(site: Site) -> None:
    site.add_source("bare", "光杆")
    site.save("bare", entry("e1", None, "", published=datetime(1970, 1, 1, tzinfo=START.tzinfo)))
    with Served(site) as served:
        reply = served.ask(f"/items/{key_of(site)}")
    Page(reply.text)
    assert "没有附带正文" in reply.text
    assert "1970" not in reply.text


@pytest.mark.parametrize(
    "path", ["/items/", "/items/abc", "/items/%00", "/items/" + "0" * 32, "/items/" + "g" * 32]
)
def test_stories_that_are_not_there_are_a_404(revised: Site, path: str) -> None:
    with Served(revised) as served:
        assert served.ask(path).status == 404
        assert served.ask(path + "/diff").status == 404
        assert served.ask(path + "/20261123043000").status == 404
        assert served.ask("/timemap" + path).status == 404


def test_a_key_written_as_a_uuid_leads_to_the_address(revised: Site) -> None:
    key = key_of(revised)
    dashed = f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}".upper()
    with Served(revised) as served:
        reply = served.ask(f"/items/{dashed}/20261123043000")
    assert reply.status == 301
    assert reply.headers["location"] == f"http://127.0.0.1:8000/items/{key}/20261123043000"


def test_the_key_of_a_story_that_was_merged_leads_to_the_other(site: Site) -> None:
    for name, text in (("paper", "<p>死亡3人。</p>"), ("wire", "<p>事故造成3人死亡。</p>")):
        site.add_source(name, name)
        site.save(name, entry(name, name, text, f"https://{name}.example/1"))
        site.now += HOUR
    kept, gone = key_of(site, "paper"), key_of(site, "wire")
    with site.store.transaction():
        assert site.store.merge_stories(gone, kept, site.now) == kept
    with Served(site) as served:
        for before, after in (("/items", ""), ("/items", "/diff"), ("/timemap/items", "")):
            reply = served.ask(f"{before}/{gone}{after}")
            assert reply.status == 301
            assert reply.headers["location"] == f"http://127.0.0.1:8000{before}/{kept}{after}"
        assert served.ask(f"/items/{kept}").status == 200
    (stone,) = site.store.tombstones(10)
    assert stone.comment.startswith("merged into ")
    details = site.store.story_details(kept)
    assert details is not None
    wire = next(one for one in details.story.carriers if one.source_name == "wire")
    with site.store.transaction():
        assert site.store.split_entry(wire.entry_id, None, site.now) == gone
    assert site.store.tombstones(10) == []
    with Served(site) as served:
        assert served.ask(f"/items/{gone}").status == 200


# ---------------------------------------------------------------- versions


def test_each_version_has_its_own_page(revised: Site) -> None:
    key = key_of(revised)
    with Served(revised) as served:
        pages = [served.ask(f"/items/{key}/{stamp}").text for stamp in STAMPS]
        latest = served.ask(f"/items/{key}").text
    for count, page in zip((3, 5, 6), pages, strict=True):
        assert f"死亡{count}人" in page
    assert "旧版本" in pages[0]
    assert "旧版本" not in pages[2] + latest
    assert "死亡6人" in latest
    for stamp in STAMPS:
        assert f"/items/{key}/{stamp}" in latest


STAMPS = ("20261123043000", "20261123053000", "20261123063000")


def test_what_changed_is_marked(revised: Site) -> None:
    key = key_of(revised)
    with Served(revised) as served:
        last = served.ask(f"/items/{key}/diff").text
        whole = served.ask(f"/items/{key}/diff?from={STAMPS[0]}&to={STAMPS[2]}").text
        back = served.ask(f"/items/{key}/diff?from={STAMPS[2]}&to={STAMPS[0]}").text
        odd = served.ask(f"/items/{key}/diff?from=%00&to=99999999999999").text
        none = served.ask(f"/items/{key}/diff?from={STAMPS[0]}&to={STAMPS[0]}").text
    assert "死亡<del>5</del><ins>6</ins>人" in last
    assert "死亡<del>3</del><ins>6</ins>人" in whole
    assert back == whole
    assert odd == last
    assert "<ins>" not in none
    assert "没有改动" in none


# ---------------------------------------------------------------- Memento (RFC 7089)


def test_a_story_names_its_timegate_and_timemap(revised: Site) -> None:
    key = key_of(revised)
    root = f"http://127.0.0.1:8000/items/{key}"
    with Served(revised) as served:
        reply = served.ask(f"/items/{key}")
    links = links_of(reply)
    assert links["original timegate"][0] == root
    assert links["timemap"] == (
        f"http://127.0.0.1:8000/timemap/items/{key}",
        '; type="application/link-format"; from="Mon, 23 Nov 2026 04:30:00 GMT"; '
        'until="Mon, 23 Nov 2026 06:30:00 GMT", ',
    )
    assert links["first memento"][0] == f"{root}/{STAMPS[0]}"
    assert links["last memento"][0] == f"{root}/{STAMPS[2]}"
    assert "memento-datetime" not in reply.headers


@pytest.mark.parametrize(
    ("wanted", "stamp"),
    [
        ("Mon, 23 Nov 2026 04:30:00 GMT", 0),
        ("Mon, 23 Nov 2026 05:29:59 GMT", 0),
        ("Mon, 23 Nov 2026 05:30:00 GMT", 1),
        ("Mon, 23 Nov 2026 23:00:00 GMT", 2),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 2),
        ("Mon, 01 Jan 0001 00:00:00 GMT", 0),
        ("Monday, 23-Nov-26 05:30:00 GMT", 1),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_accept_datetime_leads_to_what_was_there(
    revised: Site, wanted: str, stamp: int, method: str
) -> None:
    key = key_of(revised)
    with Served(revised) as served:
        reply = served.ask(f"/items/{key}", method, Accept_Datetime=wanted)
        there = served.ask(f"/items/{key}/{STAMPS[stamp]}")
    assert reply.status == 302
    assert reply.headers["location"] == f"http://127.0.0.1:8000/items/{key}/{STAMPS[stamp]}"
    assert "accept-datetime" in reply.headers["vary"].lower()
    assert "original timegate" in links_of(reply)
    assert "memento-datetime" not in reply.headers
    assert there.status == 200


@pytest.mark.parametrize(
    "wanted",
    ["", "yesterday", "2026-11-23T04:30:00Z", "Mon, 99 Nov 2026 04:30:00 GMT", "0", "\xff" * 500],
)
def test_what_is_no_date_is_a_400(revised: Site, wanted: str) -> None:
    with Served(revised) as served:
        assert served.ask(f"/items/{key_of(revised)}", Accept_Datetime=wanted).status == 400


def test_a_memento_says_when_it_was_and_what_stands_around_it(revised: Site) -> None:
    key = key_of(revised)
    root = f"http://127.0.0.1:8000/items/{key}"
    with Served(revised) as served:
        first, middle, last = (served.ask(f"/items/{key}/{stamp}") for stamp in STAMPS)
        etag = middle.headers["etag"]
        again = served.ask(f"/items/{key}/{STAMPS[1]}", If_None_Match=etag)
        fixed = served.ask(f"/items/{key}/{STAMPS[1]}", Accept_Datetime="nonsense")
    assert middle.headers["memento-datetime"] == "Mon, 23 Nov 2026 05:30:00 GMT"
    assert {rel: links[0].rpartition("/")[2] for rel, links in links_of(middle).items()} == {
        "original timegate": key,
        "timemap": key,
        "first prev memento": STAMPS[0],
        "memento": STAMPS[1],
        "next last memento": STAMPS[2],
    }
    assert links_of(middle)["memento"] == (
        f"{root}/{STAMPS[1]}",
        '; datetime="Mon, 23 Nov 2026 05:30:00 GMT", ',
    )
    assert "first memento" in links_of(first)
    assert "last memento" in links_of(last)
    assert again.status == 304
    assert "max-age=600" in middle.headers["cache-control"]
    assert fixed.status == 200  # a version has no versions of its own


def test_a_time_between_versions_leads_to_the_one_in_force(revised: Site) -> None:
    key = key_of(revised)
    with Served(revised) as served:
        reply = served.ask(f"/items/{key}/20261123060000")
    assert reply.status == 302
    assert reply.headers["location"].endswith(STAMPS[1])


def test_the_timemap_of_a_story(revised: Site) -> None:
    key = key_of(revised)
    with Served(revised) as served:
        reply = served.ask(f"/timemap/items/{key}")
    root = "http://127.0.0.1:8000"
    assert reply.headers["content-type"] == "application/link-format"
    assert reply.text.split(",\n") == [
        f'<{root}/items/{key}>; rel="original timegate"',
        f'<{root}/timemap/items/{key}>; rel="self"; type="application/link-format"; '
        'from="Mon, 23 Nov 2026 04:30:00 GMT"; until="Mon, 23 Nov 2026 06:30:00 GMT"',
        f'<{root}/items/{key}/{STAMPS[0]}>; rel="first memento"; '
        'datetime="Mon, 23 Nov 2026 04:30:00 GMT"',
        f'<{root}/items/{key}/{STAMPS[1]}>; rel="memento"; '
        'datetime="Mon, 23 Nov 2026 05:30:00 GMT"',
        f'<{root}/items/{key}/{STAMPS[2]}>; rel="last memento"; '
        'datetime="Mon, 23 Nov 2026 06:30:00 GMT"\n',
    ]


def test_the_single_version_is_first_and_last(site: Site) -> None:
    site.add_source("paper")
    site.save("paper", entry("e1", "一"))
    key = key_of(site)
    with Served(site) as served:
        text = served.ask(f"/timemap/items/{key}").text
        diff = served.ask(f"/items/{key}/diff").text
    assert 'rel="first last memento"' in text
    assert "只有一个版本" in diff


def test_links_are_in_ascii_whatever_base_url_is(revised: Site) -> None:
    revised.config = replace(revised.config, base_url="https://example.org/新闻")
    key = key_of(revised)
    with Served(revised) as served:
        reply = served.ask(f"/items/{key}", Accept_Datetime="Mon, 23 Nov 2026 05:30:00 GMT")
    root = "https://example.org/%E6%96%B0%E9%97%BB/items"
    assert reply.headers["location"] == f"{root}/{key}/{STAMPS[1]}"
