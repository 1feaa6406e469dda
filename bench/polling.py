"""What a poll costs: the fetcher alone, and `aggregator poll` as a whole → a table with targets.

    python -m bench.polling [--only fetcher,slope,same,entries,distant] [--rounds 3] [--entries 20]

CPU is user and system time of the process and its children. Every figure is the least of the
rounds: on a busy machine noise only adds. The slope between 500 and 2,000 sources takes start-up
out; the origin is bench/origin.py, on loopback.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import resource
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from bench.run_peers import OriginProc, measure

FEW, MANY = 500, 2000
PARTS = ("fetcher", "slope", "same", "entries", "distant")
# The feeds of the figures on entries: 113 KB each.
FULL = 50


@dataclass(frozen=True)
class Figure:
    """One line of the table: `target` None means: for information."""

    what: str
    value: float
    unit: str
    target: float | None = None

    def line(self) -> str:
        verdict = "" if self.target is None else ("yes" if self.value <= self.target else "NO")
        target = "" if self.target is None else f"≤ {self.target:g}"
        return f"| {self.what} | {self.value:.3g} | {self.unit} | {target} | {verdict} |"


def main(argv: list[str] | None = None) -> int:
    """Print the table; 1 when a figure is over its target."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--only", default=",".join(PARTS))
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--entries", type=int, default=20, help="entries a feed")
    chosen = options.parse_args(argv)
    parts = chosen.only.split(",")
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="bench_polling_") as folder:
        work = Path(folder)
        if set(parts) & {"fetcher", "slope", "same"}:
            figures += _near(work, parts, chosen.rounds, chosen.entries)
        if "entries" in parts:
            figures += _with_entries(work, chosen.rounds)
        if "distant" in parts:
            figures += _distant(work, chosen.rounds)
    print("| what | measured | unit | target | met |\n|---|---|---|---|---|")
    print("\n".join(figure.line() for figure in figures))
    return int(any(f.target is not None and f.value > f.target for f in figures))


# ---------------------------------------------------------------- an origin near by


def _near(work: Path, parts: list[str], rounds: int, entries: int) -> list[Figure]:
    origin = OriginProc(MANY, 1, 0, work, entries)
    print(f"# {origin.banner}", file=sys.stderr, flush=True)
    figures: list[Figure] = []
    try:
        urls = origin.urls_file.read_text().split()
        if "fetcher" in parts:
            figures += _fetcher_alone(urls, rounds)
        if set(parts) & {"slope", "same"}:
            figures += _whole_program(work, origin, urls, parts, rounds)
    finally:
        origin.stop()
    return figures


def _fetcher_alone(urls: list[str], rounds: int) -> list[Figure]:
    import uvloop

    cold, again = uvloop.run(_fetch_rounds(urls, rounds))
    return [
        Figure("fetcher alone, a 200 with its body", cold, "CPU ms/source"),
        Figure("fetcher alone, a 304", again, "CPU ms/source"),
    ]


async def _fetch_rounds(urls: list[str], rounds: int) -> tuple[float, float]:
    from aggregator.clock import SystemClock
    from aggregator.fetch import open_fetcher
    from aggregator.model import Fetched, FetchRequest, FetchSettings

    settings = FetchSettings(allow_private=("127.0.0.0/8",), per_host=64)
    door = open_fetcher(settings, SystemClock())
    requests = [FetchRequest(url) for url in urls]
    await door.fetch(FetchRequest(urls[0] + "?warm"))  # imports and TLS context are start-up
    costs: list[float] = []

    async def one(number: int) -> None:
        outcome = await door.fetch(requests[number])
        if isinstance(outcome, Fetched):
            door.release(outcome)
            requests[number] = replace(requests[number], etag=outcome.etag)

    for _ in range(rounds + 1):
        gc.collect()
        before = _cpu()
        await asyncio.gather(*(one(number) for number in range(len(urls))))
        costs.append((_cpu() - before) * 1000 / len(urls))
    await door.close()
    return costs[0], min(costs[1:])


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


# ---------------------------------------------------------------- the whole program


def _whole_program(
    work: Path, origin: OriginProc, urls: list[str], parts: list[str], rounds: int
) -> list[Figure]:
    # One entry of each source is listed: archives of 40,000 would be written for many passes.
    listed = ", initial: 1"
    folders = {
        count: _set_up(work / str(count), urls[:count], source=listed) for count in (1, FEW, MANY)
    }
    for folder in folders.values():
        _settle(folder)
    figures: list[Figure] = []
    if "slope" in parts:
        runs = _least(folders, rounds)
        slope = _slope(runs)
        figures += [
            Figure("`poll`, all 304: slope from 500 to 2,000", slope, "CPU ms/source", 0.2),
            Figure("`poll` of one source, 304: start-up", runs[1]["cpu"], "CPU s", 0.7),
            Figure("`poll` of 2,000, all 304", runs[MANY]["wall"], "wall s"),
            Figure("`poll` of 2,000, all 304: memory", runs[MANY]["rss_mb"], "MB", 150),
            Figure(
                "memory of 2,000 sources over 500",
                runs[MANY]["rss_mb"] - runs[FEW]["rss_mb"],
                "MB",
            ),
        ]
    if "same" in parts:
        origin.get("/ctl/mode?m=no304")
        for folder in folders.values():
            _poll(folder)
        runs = _least(folders, rounds)
        slope = _slope(runs)
        figures.append(Figure("`poll`, the same body again: slope", slope, "CPU ms/source", 0.3))
        origin.get("/ctl/mode?m=normal")
    return figures


def _settle(folder: Path) -> None:
    """Poll until a pass publishes nothing: what was stored first is archived bit by bit."""
    before: set[tuple[Path, int]] | None = None
    while before != (now := {(f, f.stat().st_mtime_ns) for f in folder.glob("public/**/*.*")}):
        before = now
        _poll(folder)


def _set_up(folder: Path, urls: list[str], fetch: str = ", per_host: 16", source: str = "") -> Path:
    folder.mkdir()
    sources = "".join(
        f"  - {{id: s{n}, title: S{n}, url: '{u}'{source}}}\n" for n, u in enumerate(urls)
    )
    (folder / "feeds.yaml").write_text(
        "title: bench\nbase_url: http://127.0.0.1:8000\nstore: sqlite:aggregator.db\n"
        f"publish: {{directory: public}}\nfetch: {{allow_private: [127.0.0.0/8]{fetch}}}\n"
        f"sources:\n{sources}"
    )
    return folder


def _poll(folder: Path) -> dict[str, float]:
    """One `aggregator poll --force` in a process of its own."""
    command = [sys.executable, "-m", "aggregator", "poll", "--force"]
    command += ["--config", str(folder / "feeds.yaml")]
    result = measure(command, folder, log=folder / "log.txt")
    if result["rc"]:
        tail = (folder / "log.txt").read_text()[-2000:]
        raise SystemExit(f"bench: aggregator poll ended with {result['rc']}:\n{tail}")
    return result


def _least(folders: dict[int, Path], rounds: int) -> dict[int, dict[str, float]]:
    """The least of every figure over the rounds, sizes in turn."""
    least: dict[int, dict[str, float]] = {}
    for _ in range(rounds):
        for count, folder in folders.items():
            found = _poll(folder)
            known = least.setdefault(count, found)
            least[count] = {key: min(value, known[key]) for key, value in found.items()}
    return least


# ---------------------------------------------------------------- what entries cost


def _with_entries(work: Path, rounds: int) -> list[Figure]:
    """Slopes of passes in which feeds of 50 entries are new, touched, or have one new entry."""
    origin = OriginProc(MANY, 1, 0, work, FULL)
    print(f"# {origin.banner}", file=sys.stderr, flush=True)
    try:
        urls = origin.urls_file.read_text().split()
        folders = {n: _set_up(work / f"entries-{n}", urls[:n]) for n in (FEW, MANY)}
        cold = {count: _poll(folder) for count, folder in folders.items()}
        figures = [Figure("`poll`, cold: slope", _slope(cold), "CPU ms/source", 12)]
        for mode, what, target in (
            ("touch", "only the build date changed", 0.8),
            ("changed&k=1", "one new entry in each", 2),
        ):
            least: dict[int, dict[str, float]] = {}
            for _ in range(rounds):
                origin.get(f"/ctl/mode?m={mode}")
                found = {count: _poll(folder) for count, folder in folders.items()}
                for count, run in found.items():
                    known = least.setdefault(count, run)
                    least[count] = {key: min(value, known[key]) for key, value in run.items()}
            figures.append(Figure(f"`poll`, {what}: slope", _slope(least), "CPU ms/source", target))
    finally:
        origin.stop()
    return figures


def _slope(runs: dict[int, dict[str, float]]) -> float:
    return (runs[MANY]["cpu"] - runs[FEW]["cpu"]) * 1000 / (MANY - FEW)


# ---------------------------------------------------------------- far away


def _distant(work: Path, rounds: int) -> list[Figure]:
    """2,000 sources, each on a host of its own and 200 ms away, at the default settings."""
    origin = OriginProc(MANY, MANY, 200, work, 2)
    print(f"# {origin.banner}", file=sys.stderr, flush=True)
    try:
        folder = _set_up(work / "distant", origin.urls_file.read_text().split(), fetch="")
        _poll(folder)
        runs = [_poll(folder) for _ in range(rounds)]
    finally:
        origin.stop()
    return [
        Figure(
            "`poll` of 2,000 hosts 200 ms away, all 304", min(r["wall"] for r in runs), "wall s", 6
        ),
        Figure("the same: CPU", min(r["cpu"] for r in runs) * 1000 / MANY, "CPU ms/source"),
    ]


if __name__ == "__main__":
    sys.exit(main())
