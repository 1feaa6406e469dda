"""`aggregator parse --json` over real feeds → agreement with what independent parsers say.

    python -m bench.parse_expected [FOLDER] [--differences]

FOLDER holds the feeds and `expected.jsonl`: per file the values on which at least two of three
independent parsers agree; a value they differ on is absent and not compared.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import unicodedata
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aggregator.cli.parse import as_json_object
from aggregator.html import visible_text
from aggregator.model import Document
from aggregator.parse import FeedReader, ParseError

FOLDER = Path(__file__).resolve().parent.parent.parent / "shared" / "feeds"
NEEDED = {"content80": 99.5, "summary80": 99.5}


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 when a field falls short, 0 otherwise or when the feeds are absent."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    options.add_argument("--differences", action="store_true", help="list what differs")
    chosen = options.parse_args(arguments)
    if not (chosen.folder / "expected.jsonl").exists():
        print(f"skipped: there is no {chosen.folder / 'expected.jsonl'}")
        return 0
    score = asyncio.run(_score(chosen.folder))
    if chosen.differences:
        print("\n".join(score.differences))
    return int(_print(score))


def _print(score: _Score) -> bool:
    """The table; True when a field falls short, what is meant to differ left aside."""
    print(f"{'field':12} {'compared':>8} {'agree':>8} {'share':>8} {'meant':>6} {'with it':>8}")
    short = False
    for field, compared in sorted(score.compared.items()):
        agreed, meant = score.agreed[field], score.meant[field]
        shares = 100 * agreed / compared, 100 * (agreed + meant) / compared
        fails = shares[1] < NEEDED.get(field, 99.8) and field != "author"
        short = short or fails
        print(
            f"{field:12} {compared:8} {agreed:8} {shares[0]:7.2f}% {meant:6} {shares[1]:7.2f}%"
            f" {'MISSED' if fails else ''}"
        )
    return short


class _Score:
    def __init__(self) -> None:
        self.compared: Counter[str] = Counter()
        self.agreed: Counter[str] = Counter()
        self.meant: Counter[str] = Counter()
        self.differences: list[str] = []

    def count(self, field: str, where: str, expected: object, found: object) -> None:
        self.compared[field] += 1
        if expected == found:
            self.agreed[field] += 1
        elif _is_meant(field, expected, found):
            self.meant[field] += 1
        else:
            self.differences.append(f"{where} {field}: expected {expected!r}, found {found!r}")


def _is_meant(field: str, expected: object, found: object) -> bool:
    """Whether the two differ by a rule of docs/parsing.md ("Where others read otherwise")."""
    if field == "published":  # what programs write for "no date" is none
        return found is None and str(expected).startswith("1970-01-01")
    if field == "enclosures" and isinstance(expected, list) and isinstance(found, list):
        # Every enclosure counts, not the last alone; and each but once.
        return set(expected) <= set(found)
    return False


async def _score(folder: Path) -> _Score:
    score, reader = _Score(), FeedReader()
    for line in (folder / "expected.jsonl").read_text("utf-8").splitlines():
        expected = json.loads(line)
        body = (folder / expected["file"]).read_bytes()
        document = Document(body, "", datetime.now(UTC))
        try:
            found = as_json_object(await reader.read(document))
        except ParseError as error:
            score.differences.append(f"{expected['file']}: {error}")
            found = {"title": None, "entries": []}
        _compare(score, expected, found)
    await reader.close()
    return score


def _compare(score: _Score, expected: dict[str, Any], found: dict[str, Any]) -> None:
    name = expected["file"]
    score.count("feed title", name, _plain(expected["title"]), _plain(found["title"]))
    score.count("entry count", name, expected["entries_n"], len(found["entries"]))
    for number, entry in enumerate(expected["entries"]):
        where = f"{name} #{number + 1}"
        mine = found["entries"][number] if number < len(found["entries"]) else {}
        for field, value in entry.items():
            score.count(field, where, *_comparable(field, value, mine))


def _comparable(field: str, expected: Any, mine: dict[str, Any]) -> tuple[object, object]:
    """Both values of a field in the form in which they are compared."""
    if field in ("content80", "summary80"):
        return _plain(expected), _start(mine.get(field.removesuffix("80")))
    if field == "author":
        return _people(expected), [name.lower() for name in mine.get("authors") or []]
    if field == "enclosures":
        return sorted(expected), sorted(e["url"] for e in mine.get("enclosures") or [])
    if field == "categories":
        return sorted(set(expected)), sorted(set(mine.get("categories") or []))
    if field == "title":
        return _plain(expected), _plain(mine.get("title"))
    return expected, mine.get(field)


def _people(expected: list[list[str]]) -> list[str]:
    return [person[0] for person in expected]


def _plain(text: str | None) -> str:
    return re.sub(r"\s+", "", _folded(text or ""))


def _start(html: str | None) -> str:
    return _plain(re.sub(r"\s+", "", visible_text(html or ""))[:80])


def _folded(text: str) -> str:
    """Text as `expected.jsonl` writes it: its makers folded forms that look alike."""
    text = unicodedata.normalize("NFKC", text)
    return text.translate(str.maketrans("—・•", "-··"))


if __name__ == "__main__":
    sys.exit(main())
