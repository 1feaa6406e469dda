"""Accept-* headers → what the client would rather have (RFC 9110, 12.5)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

Language = Literal["zh", "en"]

# Longer headers than any browser sends are read anew each time, so that they fill no memory.
_REMEMBERED_LENGTH = 200


def wants_gzip(accept_encoding: bytes | None) -> bool:
    """Whether gzip is welcome, and no less than the plain bytes (RFC 9110 12.5.3)."""
    if accept_encoding is None:
        return False
    if len(accept_encoding) > _REMEMBERED_LENGTH:
        return _gzip_is_welcome(accept_encoding)
    return _gzip_is_welcome_remembered(accept_encoding)


def _gzip_is_welcome(header: bytes) -> bool:
    weights = dict(_weighted(header.decode("latin-1")))
    anything = weights.get("*", 0.0)
    gzip = max((weights[name] for name in ("gzip", "x-gzip") if name in weights), default=anything)
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


_gzip_is_welcome_remembered = lru_cache(maxsize=256)(_gzip_is_welcome)


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
