"""The house holds: imports go down only, pure modules stay pure, every module says what it does."""

from __future__ import annotations

import ast
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "aggregator"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in MODULES.items()}

# What several parts share; each may import only those before it.
SHARED = (
    "model",
    "clock",
    "text",
    "folding",
    "html",
    "changes",
    "difference",
    "query",
    "questions",
    "terms",
    "passages",
    "cron",
    "redacting",
)
# A stage imports what is shared and its own folder, never another stage.
STAGES = (
    "config",
    "schedule",
    "rhythm",
    "drift",
    "discover",
    "fetch",
    "parse",
    "pages",
    "dedupe",
    "provenance",
    "categorize",
    "store",
)
# A shell stands over the store; what it needs of a stage beside is named.
SHELLS = {
    "publish": {"store", "dedupe", "config", "drift"},
    "web": {"store", "dedupe", "publish", "config", "rhythm", "drift"},
    "websub": {"store", "fetch", "parse"},
}
# The order of the whole, over everything but the commands.
UPPER = {
    "reconcile": {*STAGES},
    "learning": {"rhythm", "drift"},
    "crawl": {*STAGES},
    "polled": {"parse", "crawl"},
    "carrying": {"dedupe", "provenance", "store"},
    "barring": {"dedupe", "carrying", "parse"},
    "takedown": {"dedupe", "carrying", "barring", "store", "publish"},
    "reading": {"parse", "store"},
    "teaching": {"learning", "drift", "crawl", "pages", "store"},
    "daily": {"pages"},
    "quiet": {"schedule", "learning", "daily", "pages", "polled", "pushing", "store", "teaching"},
    "pushes": set(),
    "pushing": {"pushes", "polled", "reading", "store"},
    "update": {
        *STAGES,
        *(
            "learning",
            "teaching",
            "carrying",
            "barring",
            "rotating",
            "crawl",
            "polled",
            "reading",
            "pushes",
        ),
        *("pushing", "placing", "daily", "quiet"),
    },
    "watching": {"categorize", "drift", "store"},
    "placing": {"categorize", "store", "reconcile", "watching"},
    "matching": {"categorize", "store"},
    "indexing": {"store"},
    "fingerprinting": {"carrying", "store"},
    "rotating": set(),
    "training": {"categorize", "store", "reconcile"},
    "waking": {"store"},
    "warc": set(),
    "daemon": {
        *(*STAGES, *SHELLS, "waking", "reconcile", "update", "polled", "crawl", "training"),
        *("matching", "indexing", "takedown", "fingerprinting"),
    },
}
TOP = {"cli", "__main__", ""}

# No reading of the clock, no chance, no network, no files, no database.
PURE = (
    "model text folding html redacting barring changes difference query questions terms passages "
    "cron schedule rhythm drift learning daily dedupe "
    "provenance pushes categorize.decide categorize.features categorize.solve categorize.linear "
    "categorize.calibrate categorize.classifier "
    "publish.entry publish.shown publish.feed publish.iri publish.archives publish.corrections "
    "publish.health publish.own publish.removed publish.feedgen_extension "
    "parse.tombstones parse.assemble parse.dates parse.decode parse.errors parse.guess "
    "parse.jsonfeed parse.labels parse.ladder parse.links parse.markup parse.months parse.raw "
    "discover parse.tolerant pages config.renames config.plan store.times store.snapshots "
    "websub.protocol websub.topics websub.queue"
).split()
IMPURE_MODULES = set(
    "socket ssl sqlite3 os random secrets time subprocess threading asyncio tempfile shutil "
    "pathlib urllib.request http.client aiohttp uvicorn watchfiles multiprocessing".split()
)
IMPURE_CALLS = {
    *("now", "utcnow", "today", "uuid1", "uuid4", "urandom", "open", "time", "monotonic"),
    *("localtime", "gmtime", "input", "print"),
}

# Files over 400 lines, each with the reason why it is one job.
LONG_FILES = {
    "aggregator.query": "one small language: its reader and its matching",
    "aggregator.config.models": "every key of feeds.yaml with its meaning, one table",
    "aggregator.config.document": "YAML with its marks, one walk over the nodes",
    "aggregator.parse.plain": "one format beside the other, each field's ways in one place",
    "aggregator.parse.tolerant": "one library's oddities, each mended where it shows",
    "aggregator.daemon": "one process: its jobs, its reloads and its end",
    "aggregator.store.entries": "one poll's way into the tables",
    "aggregator.store.protocols": "all that may be asked of a store, one table",
    "aggregator.store.migrations": "every change of the schema, in its order",
}
LONGEST = 400


def imported(name: str) -> Iterator[str]:
    """The modules of aggregator that a module imports, wherever in it."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "aggregator":
                    yield alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            if (node.module or "").split(".")[0] == "aggregator":
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    yield inner if inner in MODULES else str(node.module)


def part(name: str) -> str:
    """The part of the house a module belongs to: the name right under aggregator."""
    return [*name.split("."), ""][1]


def allowed(importer: str) -> set[str]:
    """The parts that a part may import beside its own."""
    if importer in SHARED:
        return set(SHARED[: SHARED.index(importer)])
    if importer in STAGES:
        return set(SHARED)
    if importer in SHELLS:
        return {*SHARED, *SHELLS[importer]}
    if importer in UPPER:
        return {*SHARED, *UPPER[importer]}
    assert importer in TOP, f"{importer} has no place in the house: give it one in this test"
    return {part(name) for name in MODULES}


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_down_only(name: str) -> None:
    here = part(name)
    wrong = {other for other in imported(name) if part(other) not in {here, *allowed(here), ""}}
    assert wrong == set(), f"{name} may not import these"


def test_there_is_no_circle_of_imports() -> None:
    graph = {name: set(imported(name)) - {name} for name in MODULES}
    done: set[str] = set()

    def walk(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " → ".join([*above, name])
        if name not in done:
            for other in sorted(graph.get(name, ())):
                # A package names its own modules; that it is loaded before them is no circle.
                if not name.startswith(f"{other}."):
                    walk(other, (*above, name))
            done.add(name)

    for name in graph:
        walk(name, ())


def is_pure(name: str) -> bool:
    """Whether a module is on the list of pure ones."""
    short = name.removeprefix("aggregator.")
    return any(short == pure or short.startswith(f"{pure}.") for pure in PURE)


def test_every_pure_module_exists() -> None:
    assert [pure for pure in PURE if f"aggregator.{pure}" not in MODULES] == []


@pytest.mark.parametrize("name", [name for name in MODULES if is_pure(name)])
def test_pure_modules_stay_pure(name: str) -> None:
    for node in ast.walk(TREES[name]):
        found: list[str] = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = str(node.module)
            found = [module, *(f"{module}.{alias.name}" for alias in node.names)]
        assert not IMPURE_MODULES & set(found), f"line {getattr(node, 'lineno', 0)}: {found}"
        if isinstance(node, ast.Call):
            function = node.func
            called = getattr(function, "attr", getattr(function, "id", ""))
            assert called not in IMPURE_CALLS, f"line {node.lineno}: {called}()"


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_does_and_keeps_its_size(name: str) -> None:
    documented = ast.get_docstring(TREES[name])
    assert documented, f"{name} has no docstring"
    lines = MODULES[name].read_text("utf-8").count("\n")
    assert lines <= LONGEST or name in LONG_FILES, f"{name} has {lines} lines"


def test_every_long_file_exists() -> None:
    assert [name for name in LONG_FILES if name not in MODULES] == []


def _public_functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in tree.body:
        protocol = isinstance(node, ast.ClassDef) and any(
            getattr(base, "id", "") == "Protocol" for base in node.bases
        )
        for inner in node.body if isinstance(node, ast.ClassDef) and not protocol else [node]:
            private = isinstance(node, ast.ClassDef) and node.name.startswith("_")
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and not private:
                overloaded = any(getattr(d, "id", "") == "overload" for d in inner.decorator_list)
                if not inner.name.startswith("_") and not overloaded:
                    yield inner


@pytest.mark.parametrize("name", MODULES)
def test_every_public_function_says_what_it_does(name: str) -> None:
    silent = [one.name for one in _public_functions(TREES[name]) if not ast.get_docstring(one)]
    assert silent == []


def test_no_module_is_named_for_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert [name for name in MODULES if set(name.split(".")) & vague] == []


def test_every_table_says_whether_it_holds_words_of_entries(tmp_path: Path) -> None:
    """A takedown must leave no table out: a new one is named in store/erasing.py."""
    from contextlib import closing

    from aggregator.store import open_store
    from aggregator.store.erasing import HOLDS, SAFE

    file = tmp_path / "store.db"
    open_store(f"sqlite:{file}").close()
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("select name from sqlite_master where type = 'table'")
        # What search_index is made of is emptied with it.
        inner = ("sqlite_", "_sqlite_", "search_index_")
        tables = {row[0] for row in rows if not row[0].startswith(inner)}
    assert tables - HOLDS.keys() - SAFE.keys() == set(), "say how a takedown empties these"
    assert (HOLDS.keys() | SAFE.keys()) - tables == set(), "these are no tables any more"
    assert HOLDS.keys() & SAFE.keys() == set()
