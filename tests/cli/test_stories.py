"""`why`, `show --versions --diff`, `merge` and `split`: what was decided, and its correction."""

import json
from datetime import timedelta

import pytest

from tests.builders import save
from tests.cli.commands import run
from tests.dedupe.articles import PARAGRAPHS, TEXT, TITLE
from tests.web.builder import Site, entry

ALTERED = TEXT.replace("368", "401").replace("142", "160")


def html(text: str) -> str:
    """A text as a page has it."""
    return "".join(f"<p>{line}</p>" for line in text.split("\n"))


def fill(site: Site) -> None:
    """An article, a repost cut short, one with other figures, and a correction of the first."""
    for name in ("paper", "portal", "other"):
        site.add_source(name, name.title())
    for name, text in (("paper", TEXT), ("portal", "\n".join(PARAGRAPHS[:4])), ("other", ALTERED)):
        tell(site, name, text)
        site.now += timedelta(hours=1)
    tell(site, "paper", TEXT.replace("270余个", "280余个"))


def tell(site: Site, name: str, text: str) -> None:
    """Source `name` brings its article with this text, through the corridor's decisions."""
    one = entry(name, TITLE, html(text), f"https://{name}.example/1")
    save(site.store, name, one, now=site.now, categories=("domestic",))


def test_why_shows_the_evidence(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    fill(site)
    ran = run(site, capsys, "why", "https://paper.example/1")
    assert ran.code == 0
    for expected in (
        "domestic  decided by source: paper",
        "paper  the first",
        "portal  a near-duplicate",
        "contained 1.00",
        "“" + PARAGRAPHS[0][:20],
        "candidates that were not taken",
        "other  its figures are others",
    ):
        assert expected in ran.out, expected
    weighed = json.loads(run(site, capsys, "why", "https://paper.example/1", "--json").out)
    assert [one["taken"] for one in weighed["weighed"]] == [True, False]


def test_versions_and_what_changed_between_them(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(site)
    shown = run(site, capsys, "show", "https://paper.example/1", "--diff").out
    assert "#2  2026-11-23 15:30:00  text changed" in shown
    assert "公益项目[-270-]{+280+}余个" in shown
    whole = run(site, capsys, "show", "https://paper.example/1", "--versions").out
    assert whole.count(PARAGRAPHS[0]) == 3
    said = json.loads(run(site, capsys, "show", "https://paper.example/1", "--diff", "--json").out)
    assert ["new", "280"] in said["versions"][1]["changes"]


def test_merge_and_split(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    fill(site)
    merged = run(site, capsys, "merge", "https://other.example/1", "https://paper.example/1")
    assert merged.code == 0
    gone, kept = merged.out.strip().split(" is now ")
    assert f"item         {kept}" in run(site, capsys, "show", gone).out
    assert "other  merged by hand" in run(site, capsys, "why", kept).out
    assert run(site, capsys, "merge", gone, kept).code == 1
    split = run(site, capsys, "split", "https://other.example/1")
    assert split.out == f"it is now {gone}\n"
    assert "carriers (2)" in run(site, capsys, "show", kept).out
    assert run(site, capsys, "split", kept, "--source", "portal").code == 0
    assert "carriers (1)" in run(site, capsys, "show", kept).out
    alone = run(site, capsys, "split", kept, "--source", "paper")
    assert (alone.code, "first" in alone.err) == (1, True)
    assert run(site, capsys, "split", kept, "--source", "nobody").code == 2
