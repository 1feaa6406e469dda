"""Coverage-guided fuzzing of `parse_feed`: only a ParsedFeed or a ParseError, and in time.

    pip install atheris && python -m bench.fuzz_parse FINDINGS [CORPUS] [--seconds 1800]

The seeds are tests/parse/golden. An input whose first byte is 0xFF is repeated up to 1 MiB, so
that work which grows faster than the input shows. What breaks a rule is kept in FINDINGS (crash-*,
timeout-*); each such file is to become a golden file.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

try:
    import atheris
except ImportError:  # not one of the project's requirements: it is needed for this alone
    sys.exit("atheris is not installed: pip install atheris")

with atheris.instrument_imports(include=["aggregator.parse", "feedparser"]):
    from aggregator.parse import ParseError, parse_feed
    from aggregator.parse import tolerant as _tolerant  # noqa: F401 - to be instrumented

from aggregator.model import Document, ParsedFeed

SECONDS = 2.0
MEBIBYTE = 1 << 20
FETCHED_AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "parse" / "golden"


def one_input(data: bytes) -> None:
    """Parse one input three times: anew, with every chunk known, and after that."""
    if data[:1] == b"\xff" and len(data) > 8:
        data = (data[1:] * (MEBIBYTE // (len(data) - 1) + 1))[:MEBIBYTE]
    started = time.process_time()
    document = Document(data, "http://origin.example/feed", FETCHED_AT, None, "Asia/Shanghai")
    try:
        feed = parse_feed(document)
    except ParseError:
        feed = None
    else:
        if not isinstance(feed, ParsedFeed):
            raise TypeError(f"parse_feed gave {type(feed)}")
    spent = time.process_time() - started
    if spent > SECONDS * (1 + len(data) / MEBIBYTE) / 2 * _slack():
        raise TimeoutError(f"{spent:.1f} s for {len(data)} bytes")
    # A broken document may be read otherwise with its known entries away, a sound one may not.
    if feed is not None and feed.chunks and feed.reader == "plain":
        again = parse_feed(document, feed.known)
        if again.reader == "plain" and again.chunks and again.unchanged != len(feed.chunks):
            raise AssertionError("known chunks were read again")
        # What a reading without news leaves shows at once that nothing changed.
        last = parse_feed(document, again.known)
        told = (again.entries, again.unchanged, again.title)
        if (last.entries, last.unchanged, last.title) != told:
            raise AssertionError("the entries as one say other than they do apart")


def _slack() -> float:
    """Instrumented code is several times slower."""
    return float(os.environ.get("FUZZ_SLACK", "4"))


def main() -> None:
    """Fuzz until the time is up."""
    arguments = sys.argv[1:]
    seconds = "1800"
    if "--seconds" in arguments:
        at = arguments.index("--seconds")
        seconds = arguments[at + 1]
        del arguments[at : at + 2]
    findings, *corpus = arguments or ["findings"]
    Path(findings).mkdir(parents=True, exist_ok=True)
    atheris.Setup(
        [
            sys.argv[0],
            *corpus,
            *([str(GOLDEN)] if GOLDEN.exists() else []),
            f"-artifact_prefix={findings}/",
            f"-max_total_time={seconds}",
            "-max_len=16384",
            "-rss_limit_mb=2048",
            "-timeout=60",
        ],
        one_input,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
