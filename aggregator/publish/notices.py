"""Outputs that were renamed or removed → documents of one entry that says so, for a while.

For whoever serves the folder with a static server; over HTTP the old address answers 301 or 410.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from aggregator.model import Config, OutputRecord
from aggregator.publish.feed import (
    address_of,
    dashed,
    render_feed,
    render_json,
    render_rss,
)
from aggregator.publish.own import OwnEntry, render_own
from aggregator.publish.press import Press, Version
from aggregator.publish.series import FORMS, path_of
from aggregator.store import Store
from aggregator.text import fit_for_xml, squeeze

# What asks for the old document once a month still meets the notice.
NOTICE_KEPT = timedelta(days=90)


def write_notices(press: Press, store: Store, config: Config, now: datetime) -> set[str]:
    """Put a notice in place of each document under a former name; returns their paths.

    Only where a document was published. After NOTICE_KEPT they are no longer among the paths.
    """
    kept: set[str] = set()
    present = {output.name: output for output in store.outputs()}
    for name, key, new_name, since in store.former_outputs():
        if name in present or now - since >= NOTICE_KEPT:
            continue
        old = OutputRecord(0, name, "notice", key, name, since, since, 0)
        target = present.get(new_name) if new_name is not None else None
        for form in FORMS:
            path = path_of(old, form)
            if path not in press.records:
                continue
            kept.add(path)
            settings = f"notice {config.base_url} {new_name}"
            revision = press.records[path].rendered_revision
            version = Version(store.current_revision(), since, max(revision, 0), settings)
            if press.is_stale(path, version):
                press.put(path, _notice(old, target, config, form), version)
    return kept


def _notice(old: OutputRecord, target: OutputRecord | None, config: Config, form: str) -> bytes:
    if target is None:
        title, text = "本订阅已停止更新", "This feed has ended."
        event, links = "ended", (("alternate", f"{config.base_url}/", "text/html"),)
    else:
        address = address_of(config.base_url, target.name, None, form)
        named = squeeze(fit_for_xml(target.title))
        title = f"本订阅已改名为“{named}”，请改用新地址"
        text = f"This feed is now called {target.name}: {address}"
        event, links = f"moved to {target.name}", (("alternate", address, ""),)
    about = f"urn:uuid:{dashed(uuid5(UUID(old.key), event).hex)}"
    entry = render_own(OwnEntry(about, title, old.updated_at, text, links=links))
    writers = {"atom": render_feed, "rss": render_rss, "json": render_json}
    return writers[form](old, config.title, config.base_url, [getattr(entry, form)])
