"""`check`: feeds.yaml → every mistake in it, with its place and the way out."""

from __future__ import annotations

import dataclasses
import json

import typer

from aggregator.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    stop_with_problems,
)
from aggregator.config import ConfigError, config_warnings, load_config
from aggregator.model import Config


def command(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Validate feeds.yaml and name every mistake. Exit code 2 when there is one."""
    try:
        loaded = load_config(config)
    except ConfigError as error:
        if not as_json:
            stop_with_problems(error)
        problems = [dataclasses.asdict(problem) for problem in error.problems]
        _print_json({"valid": False, "problems": problems, "warnings": []})
        raise typer.Exit(2) from None
    warnings = config_warnings(loaded)
    if as_json:
        counts = {"sources": len(loaded.sources), "categories": len(loaded.categories)}
        _print_json({"valid": True, "problems": [], "warnings": list(warnings), **counts})
        return
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)
    typer.echo(_summary(loaded))


def _print_json(answer: dict[str, object]) -> None:
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))


def _summary(config: Config) -> str:
    disabled = sum(not source.enabled for source in config.sources)
    note = f" ({disabled} disabled)" if disabled else ""
    return (
        f"{config.path} is valid: {len(config.sources)} sources{note},"
        f" {len(config.categories)} categories."
    )
