"""The data of feeds.yaml as read → validated plain data, or every fault in it."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import UnionType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from aggregator.config.build import Fault
from aggregator.config.crosscheck import cross_check
from aggregator.config.models import FeedsFile

# Keys of the contract that a later version builds: said so, not called unknown.
NOT_YET: dict[tuple[str, ...], frozenset[str]] = {
    (): frozenset({"images", "retention", "root_path"} | {"allowed_hosts"}),
}

# What people write instead of the right key, where letters alone do not tell.
_SYNONYMS = {
    "name": ("title", "id"),
    "link": ("url",),
    "href": ("url",),
    "feed": ("url",),
    "xmlurl": ("url",),
    "address": ("url",),
    "interval": ("every",),
    "schedule": ("at", "every"),
    "cron": ("at",),
    "tags": ("category",),
    "group": ("category",),
    "folder": ("category", "directory"),
    "categories": ("category",),
    "disabled": ("enabled",),
    "tz": ("timezone",),
    "lang": ("language",),
    "feeds": ("sources",),
    "searches": ("outputs",),
    "queries": ("outputs",),
    "database": ("store",),
    "db": ("store",),
    "port": ("listen",),
    "host": ("listen",),
    "limit": ("entries", "initial"),
    "dir": ("directory",),
    "path": ("directory", "url"),
    "useragent": ("user_agent",),
    "filter": ("rules", "query"),
    "query": ("rules",),
    "rules": ("query",),
    "rule": ("rules", "query"),
    "search": ("query", "rules"),
}


def validate(data: Any, environ: Mapping[str, str]) -> tuple[dict[str, Any] | None, list[Fault]]:
    """The data with defaults filled in (None when there are faults), and all faults."""
    faults = cross_check(data, environ)
    # Of a key without a value it is enough to say that.
    told = {fault.location for fault in faults if _at(data, fault.location) is None}
    try:
        model = FeedsFile.model_validate(data)
    except ValidationError as error:
        for details in error.errors(include_url=False, include_context=True):
            fault = _fault(details, data)
            if fault.location not in told or fault.at_key:
                faults.append(fault)
        return None, faults
    if faults:
        return None, faults
    dumped = model.model_dump(mode="json", by_alias=True)
    dumped["sources"] = [_without_defaults(source) for source in dumped["sources"]]
    return dumped, []


def _without_defaults(source: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in source.items() if value not in (None, [], {})}


def _fault(details: ErrorDetails, data: Any) -> Fault:
    location = tuple(details["loc"])
    kind = details["type"]
    context = details.get("ctx") or {}
    name = str(location[-1]) if location else "the file"
    if kind == "extra_forbidden":
        return _unknown_key(location)
    if kind == "invalid_value":
        at_key = bool(location) and location[-1] == "[key]"
        location = location[:-1] if at_key else location
        return Fault(location, context["message"], context["hint"], at_key)
    if kind == "missing":
        return _missing(location)
    message, hint = _wrong_type(kind, context, name, _at(data, location), location)
    return Fault(location, message, hint)


def _at(data: Any, location: tuple[str | int, ...]) -> Any:
    for step in location:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def model_at(location: tuple[str | int, ...]) -> type[BaseModel] | None:
    """The model of the mapping at a location of the file; None where there is none."""
    model: type[BaseModel] | None = FeedsFile
    for step in location:
        if isinstance(step, int):
            continue
        fields = model.model_fields if model is not None else {}
        field = next((one for name, one in fields.items() if step in (name, one.alias)), None)
        model = None if field is None else _model_in(field.annotation)
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if isinstance(annotation, UnionType) or get_args(annotation):
        for part in get_args(annotation):
            if (found := _model_in(part)) is not None:
                return found
    return None


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys a model knows, as they are written in the file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _unknown_key(location: tuple[str | int, ...]) -> Fault:
    key = str(location[-1])
    parents = tuple(step for step in location[:-1] if isinstance(step, str))
    if key in NOT_YET.get(parents, frozenset()):
        message = f"`{key}` is not supported yet"
        return Fault(location, message, "remove it until a version that knows it", at_key=True)
    model = model_at(location[:-1])
    keys = keys_of(model) if model is not None else []
    plain = key.lower().replace("-", "_")
    near = [name for name in _SYNONYMS.get(plain.replace("_", ""), ()) if name in keys][:1]
    near = near or get_close_matches(plain, keys, 1, 0.6)
    where = _elsewhere(plain, parents)
    if near:
        hint = f"did you mean `{near[0]}`?"
    elif where:
        hint = where
    else:
        hint = "the keys here are " + ", ".join(keys)
    return Fault(location, f"unknown key `{key}`", hint, at_key=True)


def _elsewhere(key: str, parents: tuple[str, ...]) -> str | None:
    """A hint for a right key at the wrong place."""
    for other in (
        (),
        ("publish",),
        ("fetch",),
        ("websub",),
        ("categories",),
        ("outputs",),
        ("sources",),
    ):
        model = model_at(other)
        if other != parents and model is not None and key in keys_of(model):
            return (
                f"it belongs {'under `' + other[0] + ':`' if other else 'at the top of the file'}"
            )
    return None


_EXAMPLES = {
    "id": "id: chinanews",
    "url": "url: https://host/feed.xml",
    "query": "query: volunteers -jobs",
    "sources": "sources:` and a list below it, or `sources: []",
}


def _missing(location: tuple[str | int, ...]) -> Fault:
    key = str(location[-1])
    inner = [step for step in location[:-1] if isinstance(step, str)]
    where = "the file" if not inner else f"this {_singular(inner[0])}"
    where = f"`{inner[-1]}`" if len(inner) > 1 else where
    hint = f"write `{_EXAMPLES.get(key, key + ': …')}`"
    return Fault(location[:-1], f"{where} has no `{key}`", hint)


def _singular(name: str) -> str:
    return {
        "categories": "category",
        "sources": "source",
        "rules": "rule",
        "outputs": "output",
    }.get(name, name)


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else f"`{value}`"


def _quoted(value: Any) -> str:
    """A hint; a rule without quotes is what YAML makes a mapping of."""
    if isinstance(value, dict) and len(value) == 1:
        key, inner = next(iter(value.items()))
        if isinstance(inner, str):
            return f'in quotes: "{key}:{inner}"'
    return "write it in one line; in quotes if in doubt"


def _wrong_type(
    kind: str, context: dict[str, Any], name: str, value: Any, location: tuple[str | int, ...]
) -> tuple[str, str | None]:
    shown = _kind(value)
    if not location:
        return f"the file holds {shown}, not keys", "it begins like: title: My feeds"
    if isinstance(location[-1], int):
        name = f"{_singular(str(location[-2]))} {location[-1] + 1}"
    if name in ("sitemap", "fulltext"):
        return f"{name} needs true or keys of its own, not {shown}", f"write `{name}: true`"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"{name} needs keys of its own, not {shown}", "write `key: value` pairs below it"
    if kind == "list_type":
        return f"{name} needs a list, not {shown}", "begin each item with `- `"
    if kind == "string_type":
        return f"{name} needs a text, not {shown}", _quoted(value)
    if kind.startswith("int"):
        return f"{name} needs a whole number, not {shown}", "digits only, such as 20"
    if kind.startswith("bool"):
        return f"{name} needs true or false, not {shown}", f"write `{name}: false`"
    if kind in ("greater_than_equal", "less_than_equal"):
        limit = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
        return f"{name} is {shown}", f"it must be {limit}"
    if kind == "string_too_short":
        return f"{name} is empty", "write a text"
    if kind == "string_too_long":
        return f"{name} is too long", f"at most {context.get('max_length')} characters"
    if kind == "string_pattern_mismatch":
        return f"{name} cannot be {shown}", "printable ASCII characters only"
    return f"{name} cannot be {shown}", None
