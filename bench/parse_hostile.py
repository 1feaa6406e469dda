"""Documents of 1 MiB made to be expensive → the CPU seconds and the memory that reading each takes.

    python -m bench.parse_hostile [CASE]

Each is read by `parse_feed`, feedparser included, in a process of its own. Targets: 2 s, 128 MiB.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from aggregator.model import Document
from aggregator.parse import ParseError, parse_feed

SIZE = 1 << 20
SECONDS, MEBIBYTES = 2.0, 128
HEAD = '<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>'
ITEM = HEAD + "<item><title>x</title><description>"
END = "</channel></rss>"
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><content type="xhtml"><div>'


def _fill(before: str, filler: str, after: str = "") -> str:
    return before + filler * ((SIZE - len(before) - len(after)) // len(filler)) + after


def _numbered(before: str, pattern: str, count: int, after: str) -> str:
    return before + "".join(pattern.format(number) for number in range(count)) + after


def _bomb() -> str:
    levels = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE a [<!ENTITY a0 "dos">{levels}]>{HEAD}<item><title>&a9;</title></item>{END}'


_OPENINGS = (
    '<!-- <![CDATA[ < & <a <a" <? <! </ <a/ <a<b <![ <![if <div> </div> <item> <title> <a&#32;b="'
).split()
CASES: dict[str, Callable[[], str]] = {
    **{
        f"openings {opening}": lambda opening=opening: _fill(ITEM, opening.replace("&#32;", " "))
        for opening in _OPENINGS
    },
    "ends and starts": lambda: _fill(ITEM, "</item><item>"),
    "empty items": lambda: _fill(HEAD, "<item/>", END),
    "items of one guid": lambda: _fill(HEAD, "<item><guid>1</guid></item>", END),
    "ill-formed items": lambda: _fill(HEAD, "<item><title>a</title><b></item>", END),
    "some ill-formed": lambda: _fill(
        HEAD, "<item><title>a</title></item>" * 10 + "<item><b></item>", END
    ),
    "quoted ends": lambda: _fill(
        HEAD, "<item><description><![CDATA[x</item><item>]]></description></item>", END
    ),
    "quoted starts": lambda: _fill(
        HEAD, "<item><description><![CDATA[x<item>]]></description>", END
    ),
    "attributes": lambda: _numbered("<rss ", 'a{}="b" ', 80_000, ""),
    "namespaces": lambda: _numbered("<rss ", 'xmlns:a{0}="b{0}" ', 40_000, f">{END}"),
    "one attribute": lambda: (
        ITEM + '<a href="' + "x" * (SIZE - 400) + '"></a></description></item>'
    ),
    "references": lambda: _fill(ITEM, "&nbsp;", f"</description></item>{END}"),
    "bare ampersands": lambda: _fill(ITEM, "a & b ", f"</description></item>{END}"),
    "enclosures": lambda: _fill(f"{HEAD}<item>", '<enclosure url="http://a/"/>', f"</item>{END}"),
    "categories": lambda: _fill(f"{HEAD}<item>", "<category>x</category>", f"</item>{END}"),
    "keywords": lambda: _fill(f"{HEAD}<item><keywords>", "a,", f"</keywords></item>{END}"),
    "a date": lambda: _fill(f"{HEAD}<item><pubDate>", "1 ", f"</pubDate></item>{END}"),
    "an author": lambda: _fill(f"{HEAD}<item><author>", "a (", f"@</author></item>{END}"),
    "a title": lambda: _fill(
        f"{HEAD}<item><title>", "&lt;/a&gt;&amp;amp;", f"</title></item>{END}"
    ),
    "xhtml": lambda: _fill(ATOM, "<b>x</b>", "</div></content></entry></feed>"),
    "entities in entities": _bomb,
    "document types": lambda: _fill("", "<!DOCTYPE a>", "<rss>"),
    "blanks": lambda: " " * SIZE,
    "letters": lambda: "a" * SIZE,
    "json objects": lambda: _fill('{"items":[', "{},", "{}]}"),
    "json nesting": lambda: _fill("", '{"a":'),
    "json escapes": lambda: _fill('{"items":[{"id":"', "\\u0041", '"}]}'),
}


def main(arguments: list[str] | None = None) -> int:
    """Print the table, the dearest first; 1 when a case is over a target."""
    chosen = sys.argv[1:] if arguments is None else arguments
    if chosen:
        print(*_cost(CASES[chosen[0]]()))
        return 0
    rows = []
    for name in CASES:
        command = [sys.executable, "-m", "bench.parse_hostile", name]
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        rows.append((float(answer[0]), float(answer[1]), name, answer[2]))
    print(f"{'1 MiB of':28} {'s':>6} {'MiB':>6}  read by, or refused as")
    over = False
    for seconds, mebibytes, name, outcome in sorted(rows, reverse=True):
        missed = seconds > SECONDS or mebibytes > MEBIBYTES
        over = over or missed
        print(f"{name:28} {seconds:6.2f} {mebibytes:6.0f}  {outcome} {'MISSED' if missed else ''}")
    return int(over)


def _cost(text: str) -> tuple[float, float, str]:
    """CPU seconds, MiB above the start, and who read it."""
    document = Document(text.encode(), "http://origin.example/feed", datetime.now(UTC))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    try:
        outcome = parse_feed(document).reader
    except ParseError as error:
        outcome = error.reason
    spent = time.process_time() - started
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return spent, grown / 1024, outcome


if __name__ == "__main__":
    sys.exit(main())
