"""`check`: exit codes, JSON for editors, and probing without storing anything."""

from __future__ import annotations

import json
import os
from pathlib import Path

from typer.testing import CliRunner

from aggregator.cli.app import app
from tests.config.site import feed, page, site


def run(path: Path, *arguments: str) -> tuple[int, str]:
    outcome = CliRunner().invoke(app, ["check", "--config", str(path), *arguments])
    return outcome.exit_code, outcome.output


def test_a_good_file_ends_with_0_and_a_wrong_one_with_2(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("sources: [{id: a, url: a.xml}]\n")
    assert run(path)[0] == 0
    path.write_text("sources: [{id: a, ur: a.xml}]\n")
    code, output = run(path)
    assert code == 2
    assert "1:19: unknown key `ur`" in output
    assert "2 problems" in output
    assert run(tmp_path / "none.yaml")[0] == 2


def test_json_names_places_for_editors(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("titel: x\nsources: []\n")
    code, output = run(path, "--json")
    answer = json.loads(output)
    assert code == 2
    assert answer["valid"] is False
    (problem,) = answer["problems"]
    assert (problem["line"], problem["column"], problem["length"]) == (1, 1, 5)
    assert problem["hint"] == "did you mean `title`?"
    path.write_text("sources: []\n")
    code, output = run(path, "--json")
    assert code == 0
    assert json.loads(output)["warnings"] == ["no source is enabled: nothing will be polled"]


CONFIG = """
fetch: {{allow_private: [127.0.0.0/8]}}
categories: [{{id: domestic, rules: ["title:全国"]}}, {{id: local}}]
sources:
  - {{id: good, url: '{0}/good.xml'}}
  - {{id: own, url: '{0}/good.xml', category: local}}
  - {{id: html, url: '{0}/page'}}
  - {{id: gone, url: '{0}/gone', enabled: false}}
"""


def test_a_probe_shows_what_would_be_stored_and_stores_nothing(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    with site({"/good.xml": feed(), "/page": page(body="<p>x</p>")}) as address:
        path.write_text(CONFIG.format(address))
        code, output = run(path, "--probe", "--json")
        told = {probe["source"]: probe for probe in json.loads(output)["probes"]}
        assert run(path, "--probe", "good")[0] == 0
        text = run(path, "--probe", "good", "html")[1]
    assert code == 1
    assert list(told) == ["good", "own", "html"]
    good = told["good"]
    assert (good["outcome"], good["entries"], good["title"]) == ("ok", 2, "南湖新闻")
    assert good["newest"][0] == {
        "published": "2026-11-22T08:00:00Z",
        "title": "全国新闻",
        "categories": ["domestic"],
        "why": ["rule: title:全国"],
    }
    assert good["newest"][1]["why"] == ["nobody: no rule matches, and there is no classifier yet"]
    assert good["categories"] == {"domestic": 1, "uncategorized": 1}
    assert told["own"]["categories"] == {"local": 2}
    assert "titles only, no text" in good["odd"]
    assert told["html"]["outcome"] == "failed"
    assert "2026-11-22 08:00  全国新闻  [domestic] by rule: title:全国" in text
    assert "html: FAILED" in text
    assert os.listdir(tmp_path) == ["feeds.yaml"]


def test_a_disabled_source_is_probed_when_named_and_unknown_ones_are_told(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    with site({}) as address:
        path.write_text(CONFIG.format(address))
        code, output = run(path, "--probe", "gone")
    assert code == 1
    assert "gone: FAILED" in output
    code, output = run(path, "--probe", "goood")
    assert code == 2
    assert "did you mean good?" in output
    assert run(path, "good")[0] == 2
