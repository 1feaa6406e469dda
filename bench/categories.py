"""What the classifier makes of labelled headlines, beside a linear model of scikit-learn → a table.

    python -m bench.categories [--only english,chinese]

English: one-line descriptions of Debian's packages (`apt-cache dumpavail`), labelled with their
section; all packages of one source package stand on one side. Chinese: ../shared/nlp. What is not
there is skipped with a word. The peer is scikit-learn's LinearSVC (C = 1) over tf-idf of what this
classifier sees too: words and pairs of words, or characters and pairs. It is no requirement of the
project (`pip install scikit-learn`); without it the tables lack its column.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

NLP = Path(__file__).resolve().parent.parent.parent / "shared" / "nlp"
PRECISION = 0.98
SECTIONS = 12
SEED = 1


class Row(NamedTuple):
    """A labelled headline. `group`: rows that may not stand on both sides."""

    text: str
    label: str
    keywords: str = ""
    group: str = ""


@dataclass(frozen=True)
class Trial:
    """What is learned from, what is asked, and the targets: accuracy and coverage."""

    name: str
    taught: Sequence[Row]
    asked: Sequence[Row]
    words: bool
    accuracy: float | None = None
    coverage: float | None = None


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 when a target is missed."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--only", default="english,chinese")
    chosen = options.parse_args(arguments).only.split(",")
    peer = _peer()
    print("| learned from | accuracy | scikit-learn | sure at .98: share, precision | CPU s |")
    print("|---|---|---|---|---|", flush=True)
    missed = False
    for name, trials in (("english", english), ("chinese", chinese)):
        if name in chosen:
            for trial in trials():
                missed |= _line(trial, peer)
    return int(missed)


def _line(trial: Trial, peer: Callable[[Trial], float] | None) -> bool:
    from aggregator.categorize.classifier import learn
    from aggregator.categorize.features import Reading
    from aggregator.categorize.linear import Label

    def reading(row: Row) -> Reading:
        return Reading(row.text, tags=tuple(filter(None, row.keywords.split(","))))

    started = time.process_time()
    made = learn([Label(reading(row), row.label) for row in trial.taught]).classifier
    spent = time.process_time() - started
    verdicts = made.judge([reading(row) for row in trial.asked])
    right = [v.category == row.label for v, row in zip(verdicts, trial.asked, strict=True)]
    sure = [hit for hit, verdict in zip(right, verdicts, strict=True) if verdict.sure]
    accuracy, coverage = sum(right) / len(right), len(sure) / len(right)
    precision = sum(sure) / len(sure) if sure else None
    theirs = peer(trial) if peer is not None else None
    misses = [
        trial.accuracy is not None and accuracy < trial.accuracy,
        trial.coverage is not None and coverage < trial.coverage,
        precision is not None and precision < PRECISION - 0.01,
        trial.words and theirs is not None and accuracy < theirs,
    ]
    told = f"{coverage:.3f}, {precision:.3f}" if precision is not None else "nothing"
    print(
        f"| {len(trial.taught):,} {trial.name} | {accuracy:.4f} | "
        f"{'–' if theirs is None else f'{theirs:.4f}'} | {told} | {spent:.1f} |"
        f"{' MISSED' if any(misses) else ''}",
        flush=True,
    )
    return any(misses)


def _peer() -> Callable[[Trial], float] | None:
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.svm import LinearSVC
    except ImportError:
        print("skipped: the peer; scikit-learn is not installed", file=sys.stderr)
        return None

    def accuracy(trial: Trial) -> float:
        kind: dict[str, Any] = {} if trial.words else {"analyzer": "char"}
        sight = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, **kind)
        model = LinearSVC(C=1.0)
        said = [f"{row.text} {row.keywords}" for row in trial.taught]
        model.fit(sight.fit_transform(said), [row.label for row in trial.taught])
        asked = sight.transform([f"{row.text} {row.keywords}" for row in trial.asked])
        return float(model.score(asked, [row.label for row in trial.asked]))

    return accuracy


# ---------------------------------------------------------------- data


def english() -> Iterator[Trial]:
    """Debian's packages by section, at three sizes."""
    rows = _packages()
    if not rows:
        print("skipped: English; `apt-cache dumpavail` gives no packages", file=sys.stderr)
        return
    groups = sorted({row.group for row in rows})
    random.Random(SEED).shuffle(groups)
    held = set(groups[: len(groups) // 4])
    asked = [row for row in rows if row.group in held]
    taught = [row for row in rows if row.group not in held]
    random.Random(SEED).shuffle(taught)
    for size in (1_000, 5_000, len(taught)):
        yield Trial("English one-liners", taught[:size], asked, words=True)


def _packages() -> list[Row]:
    if shutil.which("apt-cache") is None:
        return []
    said = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, check=False).stdout
    rows = []
    for paragraph in said.decode("utf-8", "replace").split("\n\n"):
        fields = dict(re.findall(r"^(Package|Source|Section|Description): (.+)$", paragraph, re.M))
        if {"Section", "Description", "Package"} <= fields.keys():
            group = fields.get("Source", fields["Package"]).split(" ")[0]
            section = fields["Section"].rpartition("/")[2]
            rows.append(Row(fields["Description"], section, group=group))
    # One of each source package: its parts differ by a word.
    rows = list({row.group: row for row in reversed(rows)}.values())
    common = {name for name, _ in Counter(row.label for row in rows).most_common(SECTIONS)}
    return sorted(row for row in rows if row.label in common)


def chinese() -> Iterator[Trial]:
    """The labelled headlines of ../shared/nlp: the half of them that no choice was made by."""
    if not NLP.exists():
        print(f"skipped: Chinese; there is no {NLP}", file=sys.stderr)
        return
    taught, asked = _read("thuc_train"), _read("thuc_dev")
    asked = asked[len(asked) // 2 :]
    for size, accuracy, coverage in (
        (None, 0.91, 0.76),
        (10_000, 0.875, None),
        (1_000, 0.76, None),
    ):
        some = taught if size is None else random.Random(SEED).sample(taught, size)
        yield Trial("headlines", some, asked, False, accuracy, coverage)
    some = random.Random(SEED).sample(taught, 10_000)
    yield Trial("headlines, 30 % of the labels wrong", _spoilt(some), asked, False, 0.83)
    taught, asked = _read("toutiao_train"), _read("toutiao_dev")
    yield Trial("headlines with keywords, 15 classes", taught, asked, False, 0.83)
    bare = [[row._replace(keywords="") for row in rows] for rows in (taught, asked)]
    yield Trial("headlines alone, 15 classes", bare[0], bare[1], False, 0.79)


def _spoilt(rows: Sequence[Row]) -> list[Row]:
    rng, names = random.Random(SEED), sorted({row.label for row in rows})
    return [
        row._replace(label=rng.choice([name for name in names if name != row.label]))
        if rng.random() < 0.3
        else row
        for row in rows
    ]


def _read(name: str) -> list[Row]:
    with gzip.open(NLP / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [Row(row["text"], str(row["label"]), row.get("keywords") or "") for row in rows]


if __name__ == "__main__":
    sys.exit(main())
