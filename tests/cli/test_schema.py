"""`schema`, as a person or an editor's set-up calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aggregator.cli.app import main

ROOT = Path(__file__).parents[2]


def test_it_prints_what_is_checked_in_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for options, path in (
        (["schema"], "feeds.schema.json"),
        (["schema", "--markdown"], "docs/configuration.md"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(options)
        said = capsys.readouterr()
        assert (ended.value.code or 0, said.err) == (0, "")
        assert said.out == (ROOT / path).read_text(encoding="utf-8")
    assert json.loads((ROOT / "feeds.schema.json").read_text(encoding="utf-8"))["$schema"]
