"""The models of feeds.yaml → its JSON Schema, and docs/configuration.md with the table of keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from aggregator.config.models import FeedsFile

_PLACES = (
    ("FeedsFile", ""),
    ("PublishSection", "publish."),
    ("FetchSection", "fetch."),
    ("WebSubSection", "websub."),
    ("StoriesSection", "stories."),
)
_LISTS = (
    ("CategorySection", "categories[]."),
    ("OutputSection", "outputs[]."),
    ("SourceSection", "sources[]."),
    ("FulltextSection", "sources[].fulltext."),
    ("PageSection", "sources[].page."),
    ("JsonSection", "sources[].json."),
    ("SitemapSection", "sources[].sitemap."),
)
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "keys",
}


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of feeds.yaml, for editors."""
    schema: dict[str, Any] = _cleaned(FeedsFile.model_json_schema(by_alias=True))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text() -> str:
    """The JSON Schema as the text of a file."""
    return json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n"


def _cleaned(value: Any) -> Any:
    """A schema as the file is written: an optional key is left out, not null; 60.0 is `1m`."""
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    cleaned = {key: _cleaned(inner) for key, inner in value.items()}
    choices = cleaned.get("anyOf")
    if isinstance(choices, list):
        left = [choice for choice in choices if choice != {"type": "null"}]
        cleaned["anyOf"] = left
        if len(left) == 1:
            del cleaned["anyOf"]
            cleaned = {**left[0], **cleaned}
    if "default" in cleaned:
        default = _written(cleaned["default"], cleaned.get("format"))
        cleaned["default"] = default
        if default is None or (isinstance(default, dict) and default):
            del cleaned["default"]
    return cleaned


def _written(value: Any, form: str | None) -> Any:
    if form == "time-span" and isinstance(value, str):
        return value.removeprefix("P").replace("T", "").lower()  # PT1M30S → 1m30s
    if form == "days":
        return f"{value}d"
    if form == "short-wait":
        return f"{value * 1000:.0f}ms"
    if form == "size" and isinstance(value, int):
        return f"{value // 2**20}MiB" if value % 2**20 == 0 else f"{value // 2**10}KiB"
    return value


def configuration_markdown() -> str:
    """The text of docs/configuration.md."""
    return _PAGE.replace("{table}", "\n".join(_table()))


def _table() -> Iterator[str]:
    yield "| key | type | default | meaning |"
    yield "|---|---|---|---|"
    schema = json_schema()
    for name, prefix in (*_PLACES, *_LISTS):
        model = schema if name == "FeedsFile" else schema["$defs"][name]
        required = model.get("required", ())
        for key, about in model["properties"].items():
            yield _row(prefix + key, about, key in required)


def _row(key: str, about: dict[str, Any], required: bool) -> str:
    meaning = about.get("description", "")
    if about.get("examples"):
        shown = (json.dumps(example, ensure_ascii=False) for example in about["examples"])
        meaning += " For example " + " or ".join(f"`{text}`" for text in shown) + "."
    cells = (f"`{key}`", _form(about), _default(about, required), meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _form(about: dict[str, Any]) -> str:
    if "format" in about:
        return str(about["format"]).replace("-", " ")
    if "anyOf" in about:
        return " or ".join(dict.fromkeys(_form(choice) for choice in about["anyOf"]))
    if about.get("type") == "array":
        return "list"
    return _TYPES[about.get("type", "object")]


def _default(about: dict[str, Any], required: bool) -> str:
    if required:
        return "**required**"
    default = about.get("default")
    if default is None or default in ([], {}):
        return "none"
    return f"`{json.dumps(default, ensure_ascii=False)}`".replace('"', "")


_PAGE = """<!-- Written by `aggregator schema --markdown`; edit aggregator/config/ instead. -->
# feeds.yaml

Everything the program does is said in one file. It is read at the start, and again within three
seconds after every edit: what changed is logged line by line, and a file with a mistake in it
leaves the last good one in force. `aggregator check` names every mistake with its line, a mark
under the place, and the way out; `aggregator check --json` says the same to editors.

```yaml
title: 我的订阅
timezone: Asia/Shanghai
categories:
  - {id: domestic, title: 国内, rules: ["title:全国"]}
sources:
  - id: chinanews-china
    title: 中国新闻网·国内
    url: https://www.chinanews.com.cn/rss/china.xml
    category: domestic
    every: 30m
```

`aggregator schema` prints the JSON Schema of the file. An editor with a YAML language server
completes and checks keys when the first line names it, as that of the shipped feeds.yaml does:

```yaml
# yaml-language-server: $schema=./feeds.schema.json
```

## All keys

`publish.`, `fetch.` and `websub.` are the keys below these names; `categories[].` and
`sources[].` those of each item of the two lists. Every other key is an error.

{table}

## How values are written

- **id**: small letters, digits and hyphens. Categories may not be called `all`, `removed`,
  `corrections`, `health`, `index`, `sources` or `uncategorized`: these feeds exist anyway.
- **time span**: `90s`, `30m`, `2h`, `1d`, `1w`, or together: `1h30m`. A number alone is an error.
- **short wait**: the same, and `500ms`, `0.5s`, `0s`.
- **size**: `64KiB`, `16MiB`, `1GiB`, or a number of bytes.
- **cron**: five fields, minute hour day month weekday, as crontab(5) has them. 0 and 7 are
  Sunday, names are `sun` to `sat`, and where day and weekday are both given, either will do.
- **network**: CIDR such as `192.168.1.0/24`, or one address.
- **address or path**: `https://…`, `http://…`, or a file of this machine: `/srv/feed.xml`,
  `./feed.xml`, `file:///srv/feed.xml`. Relative paths, here and everywhere in the file, begin at
  the file's own folder.
- **query**: see [queries.md](queries.md).
- **selector**: CSS, or XPath after `xpath:`. **expression**: [JMESPath](https://jmespath.org).
  [sources.md](sources.md) tells of both.
- A text may be written without quotes unless it begins with a sign that YAML uses (`@`, `*`, `&`,
  `!`, `%`, `[`, `{`) or holds a colon before a space. `id: 163` and `title: no` are texts here.

## Secrets

A password or a token is never written into the file but taken from the environment, in `url`,
`headers` and `proxy`:

```yaml
    headers: {Authorization: "Bearer ${FEED_TOKEN}"}
```

A variable that is not set is an error that names it. Its value appears in no log, page, feed,
OPML file or message.

## Adding sources

- **By hand**: copy a source, change `id`, `title` and `url`, save.
- `aggregator add example.org` takes a feed or a site. It asks the page for its feeds (link
  elements, Link headers, anchors), then tries where such sites have theirs, shows the newest
  titles, asks, and writes the source behind the last one of its category. Not a byte of the rest
  of the file changes. What is there already, under whatever spelling, is refused. `--yes` asks
  nothing; `--category`, `--id`, `--title` and `--every` say what would be asked.
- `aggregator import list.opml` takes over a whole list. Folders become categories, the innermost
  one counting; one whose title is that of a category is that category. Duplicates are named and
  skipped, a malformed file is refused with its line. `--dry-run` shows, `--category` overrides.
- `include: https://example.org/list.opml` (or a path) makes a list part of the file: its feeds are
  sources as long as they stand in it. It is read again daily; while it cannot be, the last copy
  serves. The ids of its sources begin with the name of the list (`list-…`).

`aggregator check --probe [SOURCE…]` fetches sources once and shows what would be stored: format,
number of entries, the newest with their dates, the category each would get and why (its source, a
rule, `map`, or what the classifier in force says of it), what was repaired, and what is odd. It
stores nothing. `aggregator export opml` writes all sources by category; secrets stay out of it.

## When an edit takes effect

- A new source is polled at once; its newest `initial` entries reach the feeds, the rest is kept.
- A new `category` of a source decides that source's entries anew at once. `rules` act on new
  entries.
- The entries of a category that is gone are decided anew; those of a source that is gone stay.
- **Renaming**: give the category or source another `id` and say what it was: `was: [old-id]`.
  History and subscriptions stay. A source whose `url` stays while its `id` changes in one edit is
  taken for renamed even without `was`.
- `store` and `listen` take effect at the next start.
"""
