"""Command line → the function of a command; each is a module of its own, imported late."""

from __future__ import annotations

import importlib
import os
import sys
from keyword import iskeyword
from typing import Any

import typer
from typer.core import TyperGroup

# Command → one line of help. The module `aggregator.cli.COMMAND` (with - as _, and with one behind
# a word of Python's own, as in import_) is imported only when the command is called: importing
# everything costs half a second, naming it nothing. The command is its function `command`.
COMMANDS: dict[str, str] = {
    "run": "Poll, publish and serve: the daemon.",
    "poll": "Poll what is due once, publish, and exit.",
    "serve": "Serve what is published; poll nothing.",
    "check": "Validate feeds.yaml and name every mistake.",
    "add": "Find the feed of a site and write it into feeds.yaml.",
    "import": "Add the feeds of an OPML file to feeds.yaml.",
    "export": "Write the sources as OPML, or what was captured as WARC.",
    "schema": "Print the JSON Schema of feeds.yaml, for editors.",
    "parse": "Show what a feed (a file or a URL) says, normalised.",
    "sources": "Show each source's health, last and next poll.",
    "search": "Find items by words, in the language of rules and outputs.",
    "show": "Show one item: its story, entries and snapshots.",
    "why": "Tell why an item stands where it stands, and whose repost it is.",
    "merge": "Make two items one; the older keeps its id.",
    "split": "Take a carrier out of its item, to stand alone.",
    "relabel": "Put an item into other categories, for good.",
    "train": "Learn categories from what is labelled, and say how well.",
    "recategorize": "Decide the categories of stored entries again.",
    "token": "Make, list or revoke what opens a private feed.",
    "takedown": "Destroy an article for good, and keep it out.",
    "removals": "List what sources have withdrawn, for decision.",
    "reextract": "Read articles anew from the pages that are kept.",
    "verify": "Recompute every digest and check the daily manifests.",
}


class LazyGroup(TyperGroup):
    """A group that knows its commands' names and imports one when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, built from its module; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        file = cmd_name.replace("-", "_") + ("_" if iskeyword(cmd_name) else "")
        module = importlib.import_module(f"aggregator.cli.{file}")
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(name=cmd_name, help=COMMANDS[cmd_name])(module.command)
        return typer.main.get_command(single)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The table of commands, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Poll feeds, keep every version of every article, republish them by category."""


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line. Exit codes: 0 good, 1 something failed, 2 wrong use or config."""
    # numpy starts a thread a core for linear algebra that nothing here uses, at twice the cost.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    return app(arguments if arguments is not None else sys.argv[1:], prog_name="aggregator")
