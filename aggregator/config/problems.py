"""Mistakes in feeds.yaml → what a person reads: place, line with a mark under it, way out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

# What may be secret in a line that is shown: a password in a URL, the value of a telling key.
# Every repetition is bounded, so that no line costs more than linear time.
_USERINFO = re.compile(r"(?<=://)[^/\s@:'\"]{0,200}:[^/\s@'\"]{0,200}(?=@)")
_SECRET_KEY = re.compile(
    r"(?i)((?:authorization|cookie|token|secret|password|passwd|api-?_?key)['\"]?\s{0,9}"
    r"(?:=\s{0,9}(?=([^\s,}&#`'\"…]{1,500}))|:\s{0,9}(?=([^\s,}&#][^,}&#]{0,500}))))"
    r"(?![^,&#]{0,200}\$\{)(?:\2|\3)"
)
MAX_SHOWN = 400


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `line` and `column` count from 1 (in characters); 0 means: the whole file.

    `length` is how many characters of `source_line` the mark covers. `source_line` is the line as
    it stands in the file, but for anything that looks like a secret.
    """

    path: str
    line: int
    column: int
    message: str
    hint: str | None = None
    source_line: str | None = None
    length: int = 1

    def __str__(self) -> str:
        """Several lines for a terminal: place and message, the line with its mark, the hint."""
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        parts = [f"{place}: {self.message}"]
        if self.source_line is not None:
            number = f"{self.line:>5}"
            parts.append(f"{number} | {self.source_line}")
            parts.append(f"{'':>5} | {self._mark(self.source_line)}")
        if self.hint:
            parts.append(f"{'':>5} = {self.hint}")
        return "\n".join(parts)

    def _mark(self, line: str) -> str:
        before, marked = line[: self.column - 1], line[self.column - 1 :][: self.length]
        blank = "".join(
            character if character == "\t" else " " * cells(character) for character in before
        )
        return blank + "^" * max(1, sum(map(cells, marked)))


class ConfigError(Exception):
    """feeds.yaml cannot be used; `problems` holds every mistake found, in the file's order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.line, p.column, p.message)))
        super().__init__(str(self))

    def __str__(self) -> str:
        """All problems, readable, a blank line between two."""
        return "\n\n".join(map(str, self.problems))


def cells(character: str) -> int:
    """Columns of a terminal that a character takes (Unicode Standard Annex 11): 0, 1 or 2."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fit_to_show(message: str) -> str:
    """A message without secrets, and not longer than a person reads."""
    if len(message) > MAX_SHOWN:
        message = f"{message[: MAX_SHOWN // 2]} … {message[-MAX_SHOWN // 2 :]}"
    return without_secrets(message)


def without_secrets(line: str) -> str:
    """A line of the file with what looks like a secret replaced by as many `*`."""
    line = _USERINFO.sub(lambda found: "*" * len(found[0]), line)
    return _SECRET_KEY.sub(lambda found: found[1].ljust(len(found[0]), "*"), line)
