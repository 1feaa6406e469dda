"""`verify` finds what was changed behind the program's back."""

import sqlite3
from datetime import timedelta

import pytest

from tests.builders import save
from tests.cli.commands import run
from tests.web.builder import Site, entry


def fill(site: Site) -> None:
    """Three days of an entry a day, and the manifests of the days that are over."""
    site.add_source("paper", "嘉兴日报")
    for day in range(3):
        one = entry(f"e{day}", f"第{day}篇", f"<p>正文{day}</p>")
        save(site.store, "paper", one, now=site.now + timedelta(days=day))
    with site.store.transaction():
        assert site.store.write_manifests(site.now + timedelta(days=2)) == 2
        assert site.store.write_manifests(site.now + timedelta(days=2)) == 0


def tamper(site: Site, statement: str) -> None:
    """What somebody does with another program."""
    with sqlite3.connect(site.config.store.removeprefix("sqlite:")) as connection:
        connection.execute(statement)
    connection.close()


def test_a_store_left_alone_is_sound(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    fill(site)
    ran = run(site, capsys, "verify")
    assert (ran.code, ran.err) == (0, "")
    assert "as they were taken" in ran.out


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("update captures set body = x'00' where id = 1", "capture 1 cannot be unpacked"),
        ("update captures set digest = 'x' where id = 1", "capture 1 was changed"),
        ("update snapshots set digest = 'x' where id = 1", "snapshot 1 x is of 2026-11-23"),
        ("update snapshots set content = '<p>正文9</p>' where id = 1", "snapshot 1 was changed"),
        ("update snapshots set title = '第九篇' where id = 2", "snapshot 2 was changed"),
        ("update snapshots set link = 'https://x.example/' where id = 3", "snapshot 3 was changed"),
        ("update manifests set body = x'00' where day = '2026-11-23'", "cannot be unpacked"),
        ("update manifests set previous = 'x' where day = '2026-11-24'", "does not name"),
        ("delete from manifests where day = '2026-11-23'", "does not name the one before"),
        ("update manifests set digest = 'x' where day = '2026-11-23'", "its digest is another"),
    ],
)
def test_what_was_changed_is_named(
    site: Site, capsys: pytest.CaptureFixture[str], statement: str, said: str
) -> None:
    fill(site)
    tamper(site, statement)
    ran = run(site, capsys, "verify", "--quiet")
    assert ran.code == 1
    assert said in ran.out
