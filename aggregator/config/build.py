"""Validated plain data of feeds.yaml (the form that is cached) → Config, secrets filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from aggregator.config import values
from aggregator.config.secrets import remember_secret
from aggregator.config.values import InvalidValue
from aggregator.model import (
    Category,
    Config,
    FetchSettings,
    JsonRecipe,
    Output,
    PageRecipe,
    PublishSettings,
    SitemapRecipe,
    Source,
    StoriesSettings,
    WebSubSettings,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one value, and where it stands in the data."""

    location: tuple[str | int, ...]
    message: str
    hint: str | None
    at_key: bool = False


def build_config(
    data: Mapping[str, Any], file: Path, digest: str, environ: Mapping[str, str]
) -> tuple[Config, list[Fault]]:
    """The Config of validated data, and what the environment spoils in it.

    `data` is what `validate` returns (or the cache gives back); `file` is absolute.
    """
    builder = _Builder(file.parent, environ)
    config = Config(
        path=str(file),
        digest=digest,
        title=data["title"],
        base_url=data["base_url"],
        timezone=data["timezone"],
        store="sqlite:" + values.resolve_path(data["store"].partition(":")[2], file.parent),
        listen=data["listen"],
        publish=PublishSettings(
            directory=values.resolve_path(data["publish"]["directory"], file.parent),
            entries=data["publish"]["entries"],
            per_source=data["publish"]["per_source"],
        ),
        fetch=builder.fetch(data["fetch"]),
        categories=tuple(
            Category(
                id=category["id"],
                title=category["title"] or category["id"],
                rules=tuple(category["rules"]),
                was=tuple(category["was"]),
                private=category["private"],
                precision=category["precision"],
                entries=category["entries"],
            )
            for category in data["categories"]
        ),
        outputs=tuple(
            Output(
                id=output["id"],
                title=output["title"] or output["id"],
                query=output["query"],
                was=tuple(output["was"]),
                private=output["private"],
                entries=output["entries"],
            )
            for output in data["outputs"]
        ),
        sources=tuple(
            builder.source(number, source) for number, source in enumerate(data["sources"])
        ),
        websub=_websub(data["websub"]),
        honor_removals=data["honor_removals"],
        gone_after=timedelta(seconds=data["gone_after"]),
        stories=StoriesSettings(window_days=data["stories"]["window"]),
        outlets=tuple((name, tuple(others)) for name, others in data["outlets"].items()),
    )
    return config, builder.faults


class _Builder:
    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self.environ = environ
        self.faults: list[Fault] = []

    def filled(self, text: str, check: Any, *location: str | int) -> str:
        """A value with its secrets; checked again only when there were some."""
        if "${" not in text or isinstance(self.environ, values.AsWritten):
            return text
        try:
            whole = values.fill_in(text, self.environ)
        except InvalidValue as error:
            self.faults.append(Fault(location, error.message, error.hint))
            return text
        for name in values.variables(text):
            remember_secret(self.environ[name])
        try:
            check(whole)
        except InvalidValue:
            # The check's own words would repeat the secret.
            names = ", ".join(values.variables(text))
            message = "the value cannot be used once the environment is filled in"
            self.faults.append(Fault(location, message, f"look at {names}"))
        return whole

    def fetch(self, data: Mapping[str, Any]) -> FetchSettings:
        settings = dict(data)
        settings["allow_private"] = tuple(settings["allow_private"])
        if settings["proxy"] is not None:
            settings["proxy"] = self.filled(settings["proxy"], values.check_proxy, "fetch", "proxy")
        return FetchSettings(**settings)

    def source(self, number: int, data: Mapping[str, Any]) -> Source:
        here = ("sources", number)
        url = self.filled(data["url"], values.check_source_url, *here, "url")
        proxy = data.get("proxy")
        every, at, page = data.get("every"), data.get("at"), _page(data)
        backfill = data.get("backfill")
        return Source(
            id=data["id"],
            title=data.get("title") or data["id"],
            url=values.resolve_source_url(url, self.folder),
            categories=tuple(dict.fromkeys(data.get("category", ()))),
            enabled=data.get("enabled", True),
            every=None if every is None else timedelta(seconds=every),
            at=at,
            timezone=data.get("timezone"),
            language=data.get("language"),
            initial=data.get("initial", 20),
            was=tuple(data.get("was", ())),
            allow_private=tuple(data.get("allow_private", ())),
            headers=tuple(
                (name, self.filled(value, values.check_header_value, *here, "headers", name))
                for name, value in data.get("headers", {}).items()
            ),
            proxy=proxy and self.filled(proxy, values.check_proxy, *here, "proxy"),
            map=tuple(data.get("map", {}).items()),
            page=page,
            backfill=None if backfill is None else timedelta(seconds=backfill),
            honor_removals=data.get("honor_removals"),
            json=JsonRecipe(**data["json"]) if data.get("json") else None,
            sitemap=_sitemap(data),
            websub=data.get("websub", True),
            content=data.get("content", "full"),
            fulltext=None if data.get("fulltext") is None else PageRecipe(**data["fulltext"]),
        )


def _websub(data: Mapping[str, Any]) -> WebSubSettings:
    return WebSubSettings(**{**data, "allow_private": tuple(data["allow_private"])})


def _page(data: Mapping[str, Any]) -> PageRecipe | None:
    """The recipe of a source: its own selectors, and the name of the ready ones below them."""
    page, base = data.get("page"), data.get("epaper")
    if page is None and base is None:
        return None
    own = dict(page or {})
    return PageRecipe(follow=tuple(own.pop("follow", None) or ()), base=base, **own)


def _sitemap(data: Mapping[str, Any]) -> SitemapRecipe | None:
    sitemap, back = data.get("sitemap"), data.get("backfill")
    if sitemap is None:
        return None
    recipe = SitemapRecipe(match=tuple(sitemap.get("match", ())))
    return recipe if back is None else replace(recipe, window=timedelta(seconds=back))
