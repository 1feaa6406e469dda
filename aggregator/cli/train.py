"""`train`: what is labelled → a classifier in force, and how well it does."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer

from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, load_or_exit
from aggregator.clock import SystemClock
from aggregator.model import Config, ModelRecord
from aggregator.reconcile import reconcile
from aggregator.store import StoreError, open_store
from aggregator.training import Trained, TrainingFailed, learn_in_child, lesson, put_in_force

CONFUSIONS = 8


def command(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Learn now. Exit code 1 when too little is labelled, or when the former one does better."""
    loaded = load_or_exit(config)
    try:
        trained, before = _train(loaded)
    except (StoreError, TrainingFailed) as error:
        typer.echo(f"aggregator: {error}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(record_json(trained), ensure_ascii=False))
    else:
        typer.echo("\n".join(report_lines(trained, before)))
    if not trained.record.in_force:
        raise typer.Exit(1)


def _train(config: Config) -> tuple[Trained, list[ModelRecord]]:
    store = open_store(config.store)
    try:
        reconcile(store, config, SystemClock().now())
        before = store.models()
        taught = lesson(store, config)
        with _progress() as advance:
            said = asyncio.run(learn_in_child(taught, advance))
        return put_in_force(store, config, taught, said, SystemClock().now()), before
    finally:
        store.close()


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """A progress bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda doing, part: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (TextColumn("learning"), BarColumn(), TaskProgressColumn())
    doing = TextColumn("{task.description}")
    with Progress(*columns, doing, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda what, part: bar.update(task, completed=part, description=what)


def record_json(trained: Trained) -> dict[str, Any]:
    """What training came to, for scripts."""
    record = trained.record
    return {
        "model": record.number,
        "labels": record.labels,
        "corrections": record.corrections,
        "in_force": record.in_force,
        "remark": record.remark,
        "moved": trained.moved,
        **json.loads(record.report),
    }


def report_lines(trained: Trained, before: list[ModelRecord]) -> list[str]:
    """What training came to, for people."""
    record, report = trained.record, json.loads(trained.record.report)
    how = "whole sources held back" if report["by_source"] else "single entries held back"
    lines = [
        f"model {record.number}: {record.labels} labels, {record.corrections} of them corrections; "
        + ("in force" if record.in_force else "NOT in force"),
        f"  {record.remark}",
        f"  judged by {report['held_back']} labels it had not seen ({how}):",
        f"  accuracy {_percent(report['accuracy'])}, precision of what it is sure of "
        f"{_percent(report['precision'])}, which is {_percent(report['coverage'])} of all",
        "",
        f"  {'category':<20} {'labels':>7} {'accuracy':>9} {'precision':>9} {'coverage':>9}",
    ]
    for one in report["categories"]:
        shares = (_percent(one[name]) for name in ("accuracy", "precision", "coverage"))
        lines.append(
            f"  {one['category']:<20} {one['labels']:>7} " + " ".join(f"{s:>9}" for s in shares)
        )
    if report["alone"]:
        lines += ["", f"  one source alone teaches {', '.join(report['alone'])}: give it a second"]
        lines.append("  source, so that it is learned what is the topic and what the source")
    if report["confusions"]:
        lines += ["", "  taken for another:"]
        for wanted, taken, times in report["confusions"][:CONFUSIONS]:
            lines.append(f"    {wanted} for {taken}: {times}")
    if before:
        past = [*reversed(before[:5]), record]
        steps = [
            f"{one.labels} labels {_percent(json.loads(one.report)['accuracy'])}" for one in past
        ]
        lines += ["", "  so far: " + " → ".join(steps)]
    if record.in_force:
        lines += ["", f"{trained.moved} stories that were uncategorized found their category."]
    return lines


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.1f} %"
