"""A JSON answer and the expressions of its recipe → the entries it holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import fields
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from aggregator.model import JsonRecipe, Note
from aggregator.parse.errors import ParseError
from aggregator.parse.markup import fit
from aggregator.parse.raw import (
    ENTRY_LIMIT,
    RawEntry,
    RawFeed,
    RawLink,
    RawMedia,
    RawSource,
    RawTag,
    RawText,
)

# Where an answer is a call or an assignment: `callback({…});`, `var data = {…};`.
_WRAPPED = re.compile(r"\s*(?:[\w$.]{1,100}\s*\(|(?:(?:var|let|const)\s+)?[\w$.]{1,100}\s*=)\s*")
_MARKUP = re.compile(r"<[a-zA-Z/!]|&(?:[a-zA-Z]{2,31}|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_STEPS = re.compile(r"\s*([A-Za-z_]\w*|\"[^\"]+\")((?:\s*\.\s*(?:[A-Za-z_]\w*|\"[^\"]+\"))*)")
_STEP = re.compile(r"[A-Za-z_]\w*|\"[^\"]+\"")
# Above this an answer's entries are not told apart by their bytes: that takes a slow reader.
LONGEST_TO_CUT = 4 * 2**20
MOST_PICTURES = 60
MOST_KEYS = 12

Span = tuple[int, int]


def read_json_list(text: str, recipe: JsonRecipe) -> tuple[RawFeed, list[Span] | None, list[Note]]:
    """The entries, where each stands in the text (None where that is unclear), and notes.

    A note `selector` names an expression that gives nothing for any entry; one `matched` for each
    expression says for how many it gives something. Raises ParseError for
    what is no JSON, and where `entries` gives no list.
    """
    inner, offset = _unwrapped(text)
    loaded, places = _load(inner)
    found = _entries(loaded, recipe.entries)
    raw = RawFeed(format="JSON list")
    wanted = {field.name: getattr(recipe, field.name) for field in fields(recipe)}
    del wanted["entries"]
    counts = {name: 0 for name, expression in wanted.items() if expression is not None}
    for item in found[:ENTRY_LIMIT]:
        said = {name: _values(_search(wanted[name], item)) for name in counts}
        for name, values in said.items():
            counts[name] += bool(values)
        raw.entries.append(_entry(said))
    spans = [places.get(id(item), (-1, -1)) for item in found[:ENTRY_LIMIT]]
    exact = places and len({id(item) for item in found}) == len(found) and (-1, -1) not in spans
    moved = [(start + offset, end + offset) for start, end in spans] if exact else None
    notes = [_miss(name, wanted[name], found) for name in _missing(counts, found)]
    total = len(raw.entries)
    told = [f"`{name}: {wanted[name]}` {count} of {total}" for name, count in counts.items()]
    return raw, moved, [*notes, *(Note("matched", text) for text in told)]


def _unwrapped(text: str) -> tuple[str, int]:
    """The JSON inside of `callback(…)` or `var x = …;`, and where it begins."""
    text = text.lstrip("\ufeff") if text.startswith("\ufeff") else text
    start = _WRAPPED.match(text)
    if start is None:
        return text, 0
    return text[start.end() :].rstrip().rstrip(";").rstrip().removesuffix(")"), start.end()


def _load(text: str) -> tuple[Any, dict[int, Span]]:
    decoder: json.JSONDecoder
    places: dict[int, Span] = {}
    decoder = _Placing(places) if len(text) <= LONGEST_TO_CUT else json.JSONDecoder(strict=False)
    try:
        return decoder.decode(text), places
    except RecursionError:
        raise ParseError("too-expensive", "the JSON is nested too deeply") from None
    except ValueError as error:
        line, said = getattr(error, "lineno", None), getattr(error, "msg", error)
        raise ParseError("not-a-feed", f"not valid JSON: {said}", line) from None


class _Placing(json.JSONDecoder):
    """Remembers where each object stands, by its identity. Slower than the decoder in C."""

    def __init__(self, places: dict[int, Span]) -> None:
        super().__init__(strict=False)
        inner: Any = json.decoder.JSONObject  # type: ignore[attr-defined]

        def parse_object(text_and_end: tuple[str, int], *rest: Any) -> tuple[Any, int]:
            found, end = inner(text_and_end, *rest)
            places[id(found)] = (text_and_end[1] - 1, end)
            return found, end

        self.parse_object = parse_object
        self.scan_once = json.scanner.py_make_scanner(self)  # type: ignore[attr-defined]


def _entries(loaded: Any, expression: str) -> list[Any]:
    found = _search(expression, loaded)
    if isinstance(found, list):
        return found
    if found is None:
        raise ParseError(
            "selector", f"`entries: {expression}` gives nothing{_nearest(expression, loaded)}"
        )
    what = "an object" if isinstance(found, dict) else "a single value"
    keys = f" with {_listed(found)}" if isinstance(found, dict) else ""
    raise ParseError("selector", f"`entries: {expression}` gives {what}{keys}, not a list")


@lru_cache(maxsize=256)
def _compiled(expression: str) -> Any:
    # Late: most sources are feeds, and it costs a twentieth of a second.
    import jmespath

    return jmespath.compile(expression)


def _search(expression: str, value: Any) -> Any:
    """What an expression gives; None where it cannot be applied to this value."""
    from jmespath.exceptions import JMESPathError

    try:
        return _compiled(expression).search(value)
    except (JMESPathError, RecursionError, TypeError, ValueError, ArithmeticError):
        return None


def _values(found: Any) -> list[str]:
    """What was found as texts: one, or one for each item of a list; [] for nothing."""
    items = found if isinstance(found, list) else [found]
    texts = []
    for item in items:
        if isinstance(item, float) and item.is_integer():
            item = int(item)
        if isinstance(item, str | int | float) and not isinstance(item, bool):
            texts.append(fit(str(item)).strip())
    return [text for text in texts if text]


def _entry(said: dict[str, list[str]]) -> RawEntry:
    raw = RawEntry()
    raw.permalink = False
    for name, key in (("guid", "id"), ("published", "published"), ("updated", "updated")):
        if values := said.get(key):
            raw.values[name] = values[0]
    for name in ("title", "summary", "content"):
        if values := said.get(name):
            value = values[0] if name == "title" else "\n".join(values)
            kind = "text/html" if _MARKUP.search(value) else "text/plain"
            raw.texts[name] = RawText(value, kind)
    if values := said.get("link"):
        raw.links.append(RawLink("alternate", values[0]))
    if values := said.get("author"):
        raw.authors["author"] = values
    raw.tags.extend(RawTag(value) for value in said.get("section", ()))
    for url in said.get("images", ())[:MOST_PICTURES]:
        raw.images.append(url)
        raw.media.append(RawMedia("enclosure", url, medium="image"))
    if values := said.get("outlet"):
        raw.source = RawSource(title=values[0])
    return raw


# ---------------------------------------------------------------- what matches nothing


def _missing(counts: dict[str, int], found: list[Any]) -> Iterable[str]:
    # An author or a picture that none of a few entries has is no sign of a wrong expression …
    telling = ("id", "title", "link", "published", "content", "summary")
    return [name for name, count in counts.items() if found and not count and name in telling] + [
        # … but one that leads nowhere is.
        name
        for name, count in counts.items()
        if len(found) >= 5 and not count and name not in telling
    ]


def _miss(name: str, expression: str, found: list[Any]) -> Note:
    hint = _nearest(expression, found[0])
    return Note("selector", f"`{name}: {expression}` gives nothing for any entry{hint}")


def _nearest(expression: str, value: Any) -> str:
    """What the value has where the expression stops leading on, the likeliest keys first."""
    steps = _STEPS.match(expression)
    path = [step.strip('"') for step in _STEP.findall(steps[0])] if steps is not None else []
    walked: list[str] = []
    for step in path:
        if not isinstance(value, dict) or step not in value:
            break
        walked.append(step)
        value = value[step]
    where = f"`{'.'.join(walked)}`" if walked else "it"
    if isinstance(value, dict):
        wanted = path[len(walked)] if len(walked) < len(path) else ""
        near = get_close_matches(wanted, map(str, value), 3, 0.65)
        rest = [key for key in map(str, value) if key not in near]
        if not near:
            return f"; {where} has {_listed(rest)}" if rest else f"; {where} is an empty object"
        return f"; {where} has {', '.join(near)}" + (f" and {_listed(rest)}" if rest else "")
    if isinstance(value, list):
        return f"; {where} is a list of {len(value)}"
    shown = json.dumps(value, ensure_ascii=False)
    return f"; {where} is {shown if len(shown) <= 60 else shown[:59] + '…'}"


def _listed(keys: Iterable[Any]) -> str:
    names = [str(key) for key in keys]
    return ", ".join(names[:MOST_KEYS]) + (" …" if len(names) > MOST_KEYS else "")
