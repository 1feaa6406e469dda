"""Labels → a classifier that knows how far it may be believed, its report, and its bytes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from aggregator.categorize.calibrate import (
    Calibration,
    Curve,
    calibrate,
    sure_enough,
)
from aggregator.categorize.features import Reading, features_of, named_features
from aggregator.categorize.form import FORMAT, SEPARATOR, is_current
from aggregator.categorize.heldback import Trials
from aggregator.categorize.linear import Label, Linear

Array = np.ndarray[Any, Any]

PRECISION = 0.98
# With fewer labels of a category than this nothing is to be learned of it.
LEAST_OF_A_CATEGORY = 5


class TooFewLabels(ValueError):
    """Fewer than two categories have enough labels to learn from."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a classifier says of a reading: its category, how probable, and what that promises.

    `promised` is the precision to be expected when everything at least this sure is believed.
    """

    category: str
    probability: float
    promised: float
    sure: bool


@dataclass(frozen=True, slots=True)
class CategoryReport:
    """How a category fared on held-back labels: shares, and counts."""

    category: str
    labels: int
    held_back: int
    accuracy: float
    precision: float | None
    coverage: float
    threshold: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """How a classifier fared on labels it had not learned from.

    `by_source`: whole sources were held back; `alone` names categories that one source alone
    teaches, so that its entries had to stand on both sides. `precision` is of what was sure,
    `coverage` the share of that. `confusions`: (is, was taken for, how often).
    """

    labels: int
    held_back: int
    by_source: bool
    alone: tuple[str, ...]
    accuracy: float
    precision: float | None
    coverage: float
    categories: tuple[CategoryReport, ...]
    confusions: tuple[tuple[str, str, int], ...]
    style: bool
    cost: float


@dataclass(frozen=True, slots=True)
class Classifier:
    """A linear classifier, calibrated; the threshold of each category follows its precision."""

    linear: Linear
    calibration: Calibration
    report: Report
    precision: Mapping[str, float] = field(default_factory=dict)

    def wanting(self, precision: Mapping[str, float]) -> Classifier:
        """The same with the precision that feeds.yaml wants of each category."""
        return replace(self, precision=precision)

    def thresholds(self) -> dict[str, float]:
        """The probability from which each category is believed; above 1 where it never is."""
        wanted = [self.precision.get(name, PRECISION) for name in self.linear.classes]
        found = sure_enough(self.calibration.curves, wanted)
        return dict(zip(self.linear.classes, found, strict=True))

    def judge(self, readings: Sequence[Reading]) -> list[Verdict]:
        """What it says of each reading."""
        if not readings:
            return []
        chosen, given = self.calibration.probabilities(self.linear.scores(readings))
        thresholds = self.thresholds()
        verdicts = []
        for number, probability in zip(chosen.tolist(), given.tolist(), strict=True):
            name = self.linear.classes[number]
            promised = self.calibration.curves[number].promise(probability)
            sure = probability >= thresholds[name]
            verdicts.append(Verdict(name, probability, promised, sure))
        return verdicts

    def evidence(self, reading: Reading, category: str, limit: int = 8) -> Evidence:
        """The characters and words that speak most for a category, and most against it.

        A feature's weight is what it adds to the category's score beyond the mean of all.
        """
        names = named_features(reading, self.linear.style)
        _, columns, values = self.linear.projected(features_of([reading], self.linear.style))
        weights = self.linear.weights[:, columns]
        here = weights[self.linear.classes.index(category)] - weights.mean(axis=0)
        hashes = self.linear.vocabulary[columns]
        told = [
            (names.get(int(hashed), "?"), float(amount))
            for hashed, amount in zip(hashes, here * values, strict=True)
        ]
        told.sort(key=lambda one: (-abs(one[1]), one[0]))
        speak = [one for one in told if one[1] > 0][:limit]
        against = [one for one in told if one[1] < 0][:limit]
        return Evidence(tuple(speak), tuple(against))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Characters and words with what each adds to a score: for a category, and against it."""

    speaks_for: tuple[tuple[str, float], ...]
    speaks_against: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Learned:
    """A classifier, and of each label held back from a trial of it: the label, and was it right."""

    classifier: Classifier
    trial: tuple[tuple[Label, bool], ...]


def learn(
    labels: Sequence[Label],
    precision: Mapping[str, float] | None = None,
    progress: Callable[[str, float], None] = lambda what, part: None,
) -> Learned:
    """Learn from labels, calibrated and judged on labels held back, by source where there are any.

    `progress` is told what is being done and which part of all is done. Raises TooFewLabels.
    """
    trials = Trials(_enough(labels))
    progress("choosing what to look at", 0.0)
    style, cost = trials.choose()
    told = []
    for fold in range(trials.rounds):
        part = (fold + 1) / (trials.rounds + 2)
        progress("learning from a part, to judge it by the rest", part)
        told.append(trials.held_back(fold, style, cost))
    said, true = (np.concatenate(parts) for parts in zip(*told, strict=True))
    progress("learning from all", (trials.rounds + 1) / (trials.rounds + 2))
    linear = trials.learn(style, cost)
    about = trials.by_source, trials.alone
    draft = Report(len(trials.labels), 0, *about, 0, None, 0, (), (), style, cost)
    made = Classifier(linear, calibrate(said, true), draft, precision or {})
    made = replace(made, report=_report(made, trials.labels, said, true))
    progress("done", 1.0)
    asked = [label for fold in range(trials.rounds) for label in trials.asked(fold)]
    right = (said.argmax(axis=1) == true).tolist()
    return Learned(made, tuple(zip(asked, right, strict=True)))


def _enough(labels: Sequence[Label]) -> list[Label]:
    counts = Counter(label.category for label in labels)
    kept = [label for label in labels if counts[label.category] >= LEAST_OF_A_CATEGORY]
    if len({label.category for label in kept}) < 2:
        have = ", ".join(f"{name} {count}" for name, count in counts.most_common()) or "none"
        raise TooFewLabels(
            f"at least two categories need {LEAST_OF_A_CATEGORY} labelled entries each "
            f"(there are: {have}); give sources a `category`, or use `relabel`"
        )
    return kept


# ---------------------------------------------------------------- the report


def _report(made: Classifier, labels: Sequence[Label], scores: Array, truth: Array) -> Report:
    chosen, sure = made.calibration.probabilities(scores)
    classes = made.linear.classes
    thresholds = made.thresholds()
    taken = sure >= np.array([thresholds[name] for name in classes])[chosen]
    right = chosen == truth
    counts = Counter(label.category for label in labels)
    categories = []
    for number, name in enumerate(classes):
        of_it, said = truth == number, taken & (chosen == number)
        categories.append(
            CategoryReport(
                category=name,
                labels=counts[name],
                held_back=int(of_it.sum()),
                accuracy=_share(right, of_it) or 0.0,
                precision=_share(right, said),
                coverage=_share(taken & right, of_it) or 0.0,
                threshold=thresholds[name] if thresholds[name] <= 1 else None,
            )
        )
    wrong = Counter(zip(truth[~right].tolist(), chosen[~right].tolist(), strict=True))
    confusions = [(classes[is_], classes[for_], n) for (is_, for_), n in wrong.most_common(20)]
    return replace(
        made.report,
        held_back=len(truth),
        accuracy=float(right.mean()),
        precision=_share(right, taken),
        coverage=float(taken.mean()),
        categories=tuple(categories),
        confusions=tuple(confusions),
    )


def _share(hits: Array, of: Array) -> float | None:
    """The share of `of` that are hits; None of nothing."""
    count = int(of.sum())
    return float((hits & of).sum() / count) if count else None


# ---------------------------------------------------------------- bytes


def to_bytes(made: Classifier) -> bytes:
    """A classifier as bytes that `from_bytes` reads: a line of JSON, then numpy's own."""
    linear = made.linear
    head = {
        "format": FORMAT,
        "classes": linear.classes,
        "style": linear.style,
        "features": len(linear.vocabulary),
        "lead": [made.calibration.slope, made.calibration.offset],
        "curves": [[curve.probabilities, curve.promised] for curve in made.calibration.curves],
        "report": asdict(made.report),
    }
    arrays = (
        linear.vocabulary.astype("<u4"),
        linear.informs.astype("<f2"),
        linear.weights.astype("<f2"),
        linear.bias.astype("<f4"),
    )
    first = json.dumps(head, ensure_ascii=False).encode()
    return first + SEPARATOR + b"".join(one.tobytes() for one in arrays)


def from_bytes(data: bytes) -> Classifier:
    """The classifier that `to_bytes` wrote. Raises ValueError for anything else."""
    if not is_current(data):
        raise ValueError("a model of another version; train again")
    first, _, rest = data.partition(SEPARATOR)
    head = json.loads(first)
    classes, width = tuple(head["classes"]), head["features"]
    sizes = (4 * width, 2 * width, 2 * width * len(classes), 4 * len(classes))
    if len(rest) != sum(sizes):
        raise ValueError("a model that is cut short; train again")
    parts, at = [], 0
    for size, kind in zip(sizes, ("<u4", "<f2", "<f2", "<f4"), strict=True):
        parts.append(np.frombuffer(rest[at : at + size], kind))
        at += size
    vocabulary, informs, weights, bias = parts
    linear = Linear(
        classes,
        head["style"],
        vocabulary,
        informs.astype(np.float32),
        weights.astype(np.float32).reshape(len(classes), width),
        bias,
    )
    curves = tuple(Curve(tuple(at), tuple(promised)) for at, promised in head["curves"])
    slope, offset = head["lead"]
    return Classifier(linear, Calibration(slope, offset, curves), report_from(head["report"]))


def report_from(told: Mapping[str, Any]) -> Report:
    """A report as it was before it became JSON."""
    categories = tuple(CategoryReport(**one) for one in told["categories"])
    confusions = tuple((one[0], one[1], one[2]) for one in told["confusions"])
    rest = {**told, "categories": categories, "confusions": confusions}
    return Report(**{**rest, "alone": tuple(told["alone"])})


def report_of(data: bytes) -> Report:
    """Only the report of a classifier's bytes."""
    return report_from(json.loads(data.partition(SEPARATOR)[0])["report"])
