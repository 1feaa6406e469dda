"""The category part of `why`: who decided, and what the classifier says, for and against."""

from __future__ import annotations

from typing import Any

from aggregator.categorize import Decider, reading_of
from aggregator.model import Config, StoryDetails, UndecidedEntry
from aggregator.store import StoreReader
from aggregator.text import fit_for_xml


def category_json(reader: StoreReader, config: Config, details: StoryDetails) -> dict[str, Any]:
    """Decisions with their evidence, and what the classifier in force says of the story's lead."""
    stands = reader.outputs_of_stories([details.story.story_id]).get(details.story.story_id, ())
    decisions = [
        {"category": one.category, "by": one.decided_by, "evidence": one.evidence, "at": at}
        for _, one, at in details.decisions
    ]
    return {
        "categories": list(stands),
        "decisions": [{**one, "at": f"{one['at']:%Y-%m-%dT%H:%M:%SZ}"} for one in decisions],
        "classifier": _classifier_json(reader, config, details),
    }


def _classifier_json(
    reader: StoreReader, config: Config, details: StoryDetails
) -> dict[str, Any] | None:
    number = reader.model_in_force()
    if number is None:
        return None
    try:
        classifier = Decider.of(config, reader.model_body(number), number).classifier
    except ValueError:
        return None
    assert classifier is not None
    entries = reader.entries_of_stories([details.story.story_id])
    lead = _lead(entries, details)
    reading = reading_of(lead)
    verdict = classifier.judge([reading])[0]
    evidence = classifier.evidence(reading, verdict.category)
    threshold = classifier.thresholds()[verdict.category]
    return {
        "model": number,
        "category": verdict.category,
        "probability": round(verdict.probability, 4),
        "threshold": round(threshold, 4) if threshold <= 1 else None,
        "precision": classifier.precision.get(verdict.category),
        "sure": verdict.sure,
        "for": [[name, round(weight, 3)] for name, weight in evidence.speaks_for],
        "against": [[name, round(weight, 3)] for name, weight in evidence.speaks_against],
    }


def _lead(entries: list[UndecidedEntry], details: StoryDetails) -> UndecidedEntry:
    wanted = details.story.snapshot.entry_id
    return next((one for one in entries if one.entry_id == wanted), entries[0])


def category_lines(told: dict[str, Any]) -> list[str]:
    """The category part of `why`, for people."""
    lines = [f"stands in    {', '.join(told['categories']) or '–'}"]
    for one in told["decisions"]:
        said = f"  {one['category']}  decided by {one['by']}: {one['evidence']}  ({one['at']})"
        lines.append(fit_for_xml(said))
    if not told["decisions"]:
        lines.append("decided by   nobody: no source, no rule, and no classifier that was sure")
    model = told["classifier"]
    if model is None:
        return [*lines, "classifier   none yet; see `aggregator train`"]
    needed = (
        f"{model['threshold']:.3f} needed"
        if model["threshold"] is not None
        else "which can never be enough"
    )
    return [
        *lines,
        f"classifier   model {model['model']} says {model['category']}, "
        f"{model['probability']:.3f} probable ({needed} for a precision of {model['precision']})",
        f"  for        {_features(model['for'])}",
        f"  against    {_features(model['against'])}",
    ]


def _features(told: list[list[Any]]) -> str:
    return fit_for_xml("  ".join(f"{name} {weight:+.2f}" for name, weight in told)) or "nothing"
