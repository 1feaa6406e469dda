"""Accept-* headers → what the client would rather have (RFC 9110, 12.5)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

Language = Literal["zh", "en"]
Coding = Literal["gzip", "br"]

# Longer headers than any browser sends are read anew each time, so that they fill no memory.
_REMEMBERED_LENGTH = 200


def preferred_coding(accept_encoding: bytes | None) -> Coding | None:
    """The content coding that is most welcome; None for none (RFC 9110 12.5.3).

    Among those equally welcome the smaller wins: br, then gzip, then the plain bytes.
    """
    if accept_encoding is None:
        return None
    if len(accept_encoding) > _REMEMBERED_LENGTH:
        return _preferred_coding(accept_encoding)
    return _remembered_coding(accept_encoding)


def _preferred_coding(header: bytes) -> Coding | None:
    weights = dict(_weighted(header.decode("latin-1")))
    anything = weights.get("*", 0.0)
    gzip = max((weights[name] for name in ("gzip", "x-gzip") if name in weights), default=anything)
    br = weights.get("br", anything)
    if max(gzip, br) <= 0 or max(gzip, br) < weights.get("identity", 0.0):
        return None
    return "br" if br >= gzip else "gzip"


_remembered_coding = lru_cache(maxsize=256)(_preferred_coding)


def preferred_language(accept_language: str | None) -> Language:
    """Chinese or English, whichever the client ranks higher; Chinese where it does not say."""
    ranked: dict[str, float] = {}
    for tag, weight in _weighted(accept_language or ""):
        primary = tag.partition("-")[0]
        ranked[primary] = max(weight, ranked.get(primary, 0.0))
    chinese, english = ranked.get("zh", 0.0), ranked.get("en", 0.0)
    if not chinese and not english and ranked and "*" not in ranked:
        return "en"  # neither is theirs: more people can guess at English
    return "en" if english > chinese else "zh"


def _weighted(header: str) -> Iterable[tuple[str, float]]:
    """Each name of a list in lower case, with its weight (RFC 9110 12.4.2)."""
    for item in header.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        if name:
            yield name, _weight(parameters)


def _weight(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return weight if 0.0 <= weight <= 1.0 else 0.0
    return 1.0
