"""Configured sources and feeds.yaml → the table of outlets: every name of one, one name for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from aggregator.model import Config
from aggregator.text import normal_form

_SECTION = re.compile(r"\s*[·\-—–|_:：/]\s*|\s{2,}")
# What is said of an outlet beside its name.
_AFFIX = re.compile(r"(?:客户端|官方网站|官网|网站|微信公众号|公众号|APP|app|电子版|数字报)$")


@dataclass(frozen=True, slots=True)
class Outlets:
    """Every name of an outlet, in normal form → the one name; that → the sources that are it."""

    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def name_of(self, credited: str) -> str:
        """The name under which the table holds an outlet; what is not in it stays as written."""
        known = self.names.get(normal_form(credited))
        if known is None and (short := _AFFIX.sub("", credited)) != credited:
            known = self.names.get(normal_form(short))
        return known or credited.strip()

    def sources_of(self, credited: str) -> tuple[str, ...]:
        """The ids of the configured sources that are this outlet."""
        return self.sources.get(self.name_of(credited), ())


NO_OUTLETS = Outlets()


def outlets_of(config: Config) -> Outlets:
    """The table of outlets of a feeds.yaml: its `outlets:`, and what its sources tell."""
    sources = ((source.id, source.title, source.url) for source in config.sources)
    return learn_outlets(sources, dict(config.outlets))


def learn_outlets(
    sources: Iterable[tuple[str, str, str]],
    extra: Mapping[str, Iterable[str]] = MappingProxyType({}),
) -> Outlets:
    """The table of outlets from sources (id, title, URL) and from names with their aliases.

    A source's title names its outlet, up to a section ("中国新闻网·国内" is 中国新闻网). So does
    its host, unless sources of other outlets share it. What `extra` says goes before that.
    """
    names: dict[str, str] = {}
    for name, aliases in extra.items():
        for alias in (name, *aliases):
            names.setdefault(normal_form(alias), name)
    owners: dict[str, list[str]] = {}
    hosts: dict[str, set[str]] = {}
    for source_id, title, url in sources:
        whole, host = title.strip(), _host(url)
        first = _SECTION.split(whole, maxsplit=1)[0].strip() or whole
        known = (names.get(normal_form(one)) for one in (whole, first, host) if one)
        name = next((one for one in known if one), first)
        for alias in (whole, first):
            names.setdefault(normal_form(alias), name)
        hosts.setdefault(host, set()).add(name)
        owners.setdefault(name, []).append(source_id)
    for host, tellers in hosts.items():
        if host and len(tellers) == 1:
            names.setdefault(host, *tellers)
    return Outlets(
        MappingProxyType(names),
        MappingProxyType({name: tuple(ids) for name, ids in owners.items()}),
    )


def _host(url: str) -> str:
    found = re.match(r"[a-z]+://(?:[^/@]*@)?([^/:?#]+)", url, re.IGNORECASE)
    return found[1].lower().removeprefix("www.") if found else ""
