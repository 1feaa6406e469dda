"""Every wrong feeds.yaml of `wrong/` gets the message that stands beside it.

After a change of wording: UPDATE_GOLDEN=1 make test ARGS=tests/config/test_wrong.py, then read
the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aggregator.config import ConfigError, parse_config

FOLDER = Path(__file__).with_name("wrong")
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def told(name: str) -> str:
    content = (FOLDER / f"{name}.yaml").read_bytes()
    with pytest.raises(ConfigError) as caught:
        parse_config(content, Path("feeds.yaml"), {})
    return f"{caught.value}\n"


@pytest.mark.parametrize("name", NAMES)
def test_each_mistake_is_answered(name: str) -> None:
    golden = FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(told(name), encoding="utf-8")
    assert told(name) == golden.read_text(encoding="utf-8")


def test_there_are_fifty_and_each_is_told_apart() -> None:
    assert len(NAMES) >= 50
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_problem_names_its_place(name: str) -> None:
    content = (FOLDER / f"{name}.yaml").read_bytes()
    with pytest.raises(ConfigError) as caught:
        parse_config(content, Path("feeds.yaml"), {})
    whole_file = {"empty-file", "only-comments"}
    for problem in caught.value.problems:
        assert problem.path == "feeds.yaml"
        assert problem.line >= 1 or name in whole_file, problem
        assert problem.hint or problem.message
        if problem.line:
            assert problem.source_line is not None
            assert 1 <= problem.column <= len(problem.source_line) + 1
