"""A Site of the web's tests with a feeds.yaml of its own → commands run on it in this process."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from aggregator.cli.app import main
from tests.web.builder import Site


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


def write_config(site: Site) -> str:
    """feeds.yaml beside the site's store; returns its path."""
    sources = "".join(
        f"  - {{id: {s.id}, title: {s.title!r}, url: {s.url!r}}}\n" for s in site.config.sources
    )
    text = (
        "title: 我的订阅\nbase_url: http://127.0.0.1:8000\ntimezone: Asia/Shanghai\n"
        f"store: {site.config.store}\nlisten: 127.0.0.1:8000\n"
        f"publish: {{directory: {site.config.publish.directory}}}\n"
        f"categories:\n  - {{id: domestic, title: 国内}}\nsources:\n{sources or '  []'}\n"
    )
    path = site.folder / "feeds.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def run(site: Site, capsys: pytest.CaptureFixture[str], *arguments: str) -> Ran:
    """One command of the command line, with the site's feeds.yaml."""
    config = write_config(site)
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--config", config])
    said = capsys.readouterr()
    return Ran(int(ended.value.code or 0), said.out, said.err)
