"""`show`: one story with all that is known of it; several or none are told apart."""

import json
from datetime import timedelta

import pytest

from tests.cli.commands import run
from tests.web.builder import START, Site, entry

TITLE = "汇聚社工力量 打通为民服务“最后一米”"
LINK = "https://origin.example/e1?id=7"


def fill(site: Site) -> str:
    """A story of two carriers, its lead revised once; returns its key."""
    site.add_source("paper", "嘉兴日报")
    site.add_source("wire", "每日看点")
    site.save("paper", entry("e1", TITLE, "<p>第一版</p>", LINK, published=START))
    site.now += timedelta(hours=1)
    site.save("wire", entry("w9", TITLE, "<p>转载</p>", LINK), categories=())
    site.save("paper", entry("e1", TITLE, "<p>第二版\x1b[31m &amp; 更正</p>", LINK))
    return key_of(site)


def key_of(site: Site) -> str:
    """The key of the only story."""
    output = next(o for o in site.store.outputs() if o.name == "all")
    (story,) = site.store.listed_stories(output.output_id, 10)
    return story.key


def test_a_story_is_shown_with_everything(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    key = fill(site)
    ran = run(site, capsys, "show", key[:8])
    assert ran.code == 0
    assert ran.out.startswith(f"{TITLE}\n")
    for expected in (
        key,
        "2026-11-23 12:30:00",
        "domestic  decided by source: paper  (2026-11-23 12:30:00)",
        "outputs      all, domestic",
        "carriers (2)",
        "嘉兴日报 (paper)  seen 2026-11-23 12:30:00",
        "每日看点 (wire)  seen 2026-11-23 13:30:00",
        LINK,
        "snapshots (3)",
        "paper #1  first",
        "paper #2  text changed",
        "sha256 ",
        "& 更正",
    ):
        assert expected in ran.out, expected
    assert "\x1b" not in ran.out


@pytest.mark.parametrize("item", [LINK, "http://www.origin.example/e1?utm_source=x&id=7"])
def test_a_story_is_found_by_its_address(
    site: Site, capsys: pytest.CaptureFixture[str], item: str
) -> None:
    key = fill(site)
    assert key in run(site, capsys, "show", item).out


def test_json_tells_the_same(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    key = fill(site)
    said = json.loads(run(site, capsys, "show", key, "--json").out)
    assert said["item"] == key
    assert said["title"] == TITLE
    assert said["outputs"] == ["all", "domestic"]
    assert [c["source"] for c in said["carriers"]] == ["paper", "wire"]
    assert said["categories"] == [
        {
            "category": "domestic",
            "decided_by": "source",
            "evidence": "paper",
            "decided": "2026-11-23T04:30:00Z",
        }
    ]
    assert [(s["source"], s["number"], s["changed"]) for s in said["snapshots"]] == [
        ("paper", 1, []),
        ("paper", 2, ["text"]),
        ("wire", 1, []),
    ]
    assert len({s["digest"] for s in said["snapshots"]}) == 3
    assert "更正" in said["text"]


def test_several_are_listed_and_none_is_told(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.add_source("s")
    # Enough stories that two keys begin with the same digit, whatever the digits are.
    site.save("s", *[entry(f"e{n}", f"第{n}条", f"<p>{n}</p>") for n in range(17)])
    output = next(o for o in site.store.outputs() if o.name == "all")
    keys = [story.key for story in site.store.listed_stories(output.output_id, 20)]
    first = next(key[0] for key in keys if sum(k[0] == key[0] for k in keys) > 1)
    ran = run(site, capsys, "show", first)
    assert ran.code == 2
    assert ran.out == ""
    assert all(key in ran.err for key in keys if key[0] == first)
    assert run(site, capsys, "show", "https://nowhere.example/").code == 1
    ran = run(site, capsys, "show", "f" * 32)
    assert ran.code == 1
    assert "no item" in ran.err
