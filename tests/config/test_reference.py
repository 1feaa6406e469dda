"""The schema and the page of keys that are checked in are those of the models."""

from __future__ import annotations

import json
from pathlib import Path

from aggregator.config.models import (
    CategorySection,
    FeedsFile,
    FetchSection,
    SourceSection,
    WebSubSection,
)
from aggregator.config.reference import configuration_markdown, json_schema, schema_text
from aggregator.config.validate import keys_of

ROOT = Path(__file__).parents[2]


def test_the_checked_in_schema_is_the_models() -> None:
    found = (ROOT / "feeds.schema.json").read_text(encoding="utf-8")
    assert found == schema_text(), "run: aggregator schema > feeds.schema.json"


def test_the_page_of_keys_is_the_models() -> None:
    found = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    again = "run: aggregator schema --markdown > docs/configuration.md"
    assert found == configuration_markdown(), again


def test_the_shipped_file_names_the_schema_first() -> None:
    first = (ROOT / "feeds.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=./feeds.schema.json"


def test_every_key_has_a_title_and_a_meaning() -> None:
    schema = json_schema()
    for model in (FeedsFile, FetchSection, WebSubSection, CategorySection, SourceSection):
        place = schema if model is FeedsFile else schema["$defs"][model.__name__]
        assert list(place["properties"]) == keys_of(model)
        assert place["additionalProperties"] is False
        for key, about in place["properties"].items():
            assert about.get("title") or "$ref" in about, key
            assert about["description"].endswith("."), key


def test_no_value_may_be_null() -> None:
    assert '"null"' not in json.dumps(json_schema())


def test_defaults_in_the_schema_are_written_as_in_the_file() -> None:
    fetch = json_schema()["$defs"]["FetchSection"]["properties"]
    assert fetch["timeout"]["default"] == "1m"
    assert fetch["max_header_bytes"]["default"] == "64KiB"
    assert fetch["host_delay"]["default"] == "500ms"
