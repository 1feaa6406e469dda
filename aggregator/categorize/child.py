"""Labels as JSON on standard input → a classifier, learned in this process of its own.

Run as `python -m aggregator.categorize.child`; started by `aggregator.training`. While it works it
writes lines `{"doing", "part"}`; the last line is `{"body", "trial"}` or `{"error"}`. It learns at
the lowest priority, so that polling and publishing come first.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from typing import Any, TextIO


def answer(asked: dict[str, Any], say: TextIO) -> dict[str, Any]:
    """What comes of `asked`: {labels: [[title, text, tags, category, source, weight]…], …}.

    `precision` is that of each category; `former` (base64) the classifier in force, which is asked
    about the labels with the numbers `fresh`: neither it nor the trial has learned from them.
    """
    from aggregator.categorize.classifier import TooFewLabels, from_bytes, learn, to_bytes
    from aggregator.categorize.features import Reading
    from aggregator.categorize.linear import Label

    labels = [
        Label(Reading(title, text, tuple(tags)), category, source, weight)
        for title, text, tags, category, source, weight in asked["labels"]
    ]
    fresh = {id(labels[number]) for number in asked["fresh"]}

    def progress(doing: str, part: float) -> None:
        say.write(json.dumps({"doing": doing, "part": part}) + "\n")
        say.flush()

    try:
        learned = learn(labels, asked["precision"], progress)
    except TooFewLabels as error:
        return {"error": str(error)}
    trial = [(label, right) for label, right in learned.trial if id(label) in fresh]
    before = None
    if asked["former"] is not None and trial:
        try:
            former = from_bytes(base64.b64decode(asked["former"]))
        except ValueError:
            former = None  # of another version: any that can be read is better
        if former is not None:
            verdicts = former.judge([label.reading for label, _ in trial])
            before = sum(
                verdict.category == label.category
                for verdict, (label, _) in zip(verdicts, trial, strict=True)
            )
    now = sum(right for _, right in trial)
    body = base64.b64encode(to_bytes(learned.classifier)).decode("ascii")
    return {"body": body, "trial": [len(trial), now, before]}


def main() -> None:
    """Read the question, answer it."""
    os.nice(10)
    said = answer(json.load(sys.stdin), sys.stdout)
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
