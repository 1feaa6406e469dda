"""`schema`: the models of feeds.yaml → their JSON Schema on standard output."""

from __future__ import annotations

from typing import Annotated

import typer

MarkdownOption = Annotated[
    bool, typer.Option("--markdown", help="Print docs/configuration.md instead.")
]


def command(markdown: MarkdownOption = False) -> None:
    """Print the JSON Schema of feeds.yaml, for editors."""
    from aggregator.config.reference import configuration_markdown, schema_text

    typer.echo(configuration_markdown() if markdown else schema_text(), nl=False)
