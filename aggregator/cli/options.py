"""Options that several commands share, and the loading of feeds.yaml for them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer

from aggregator.config import ConfigError, load_config
from aggregator.model import Config

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="The feeds.yaml to go by.", show_default=True)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, for scripts.")]

DEFAULT_CONFIG = Path("feeds.yaml")


def load_or_exit(path: Path) -> Config:
    """The Config of a path; its problems go to standard error, and the command ends with 2."""
    try:
        return load_config(path)
    except ConfigError as error:
        stop_with_problems(error)


def stop_with_problems(error: ConfigError) -> NoReturn:
    """Print every problem to standard error and end with exit code 2."""
    count = len(error.problems)
    typer.echo(str(error), err=True)
    typer.echo(f"\n{count} problem{'s' if count != 1 else ''} in the configuration.", err=True)
    raise typer.Exit(2)


def moment_or_exit(since: str | None, zone: ZoneInfo) -> datetime | None:
    """What `--since` means, in UTC; one without a zone is in `zone`. Ends with 2 at no date."""
    if since is None:
        return None
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        typer.echo(f"aggregator: --since {since} is no date; write 2026-11-01", err=True)
        raise typer.Exit(2) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
