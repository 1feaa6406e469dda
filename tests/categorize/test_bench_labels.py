"""The bench's door for labelled lines: whatever a file holds, an answer a line or a plain word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aggregator.categorize.classifier import Verdict
from aggregator.categorize.features import Reading
from bench.labels import answer, main, parsed, read_labels, reading


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b'{"text": "a", "keywords": "b, c,", "body": "d"}', Reading("a", "d", ("b", "c"))),
        (b'{"text": null, "keywords": ["b", 3]}', Reading("", "", ("b", "3"))),
        (b'{"text": 3, "keywords": 4}', Reading("3")),
        (b"plain words", Reading("plain words")),
        (b"[1, 2]", Reading("[1, 2]")),
        (b"\xff{", Reading("\ufffd{")),
        (b"[" * 100_000, Reading("[" * 100_000)),
    ],
)
def test_every_line_is_read_as_something(line: bytes, found: Reading) -> None:
    assert reading(parsed(line)) == found


def test_lines_that_are_no_labels_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = ['{"text": "a", "label": 1}', "", "null", '{"text": "a"}', '{"label": "x"}', "{oops"]
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(rows), "utf-8")
    labels, odd = read_labels(str(path))
    assert [(label.reading.title, label.category) for label in labels] == [("a", "1")]
    assert odd == 4


def test_too_little_and_no_file_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join([json.dumps({"text": "a", "label": "only"})] * 9), "utf-8")
    assert main([str(path)]) == 1
    assert "at least two categories" in capsys.readouterr().err
    assert main([str(tmp_path / "none.jsonl")]) == 2


@pytest.mark.parametrize(("promised", "sure"), [(0.97995, False), (0.99, True), (0.98, True)])
def test_the_score_reaches_the_precision_for_what_is_sure_and_for_nothing_else(
    promised: float, sure: bool
) -> None:
    told = answer(Verdict("x", 0.9, promised, sure), 0.98)
    assert (told["score"] >= 0.98) is sure
