"""Names of benchmarks → their tables. `python -m bench [NAME [OPTION]...]`; no name means all."""

from __future__ import annotations

import importlib.util
import sys

# In the order in which they run. One that is not there yet is left out.
NAMES = (
    *("parsing", "parse_expected", "polling", "hostile"),
    *("rhythm", "publishing", "serving", "search", "duplicates", "categories", "push"),
)


def main(argv: list[str]) -> int:
    """Run the benchmark that `argv` names with the rest as its options, or all of them."""
    there = [name for name in NAMES if importlib.util.find_spec(f"bench.{name}")]
    if argv and argv[0] in ("-h", "--help"):
        print(f"python -m bench [{'|'.join(there)}] [OPTION]...")
        return 0
    if argv and argv[0] not in there:
        print(f"bench: there is no {argv[0]}; there are {', '.join(there)}", file=sys.stderr)
        return 2
    chosen = argv[:1] or there
    failed = 0
    for name in chosen:
        print(f"## {name}\n", flush=True)
        result = importlib.import_module(f"bench.{name}").main(argv[1:])
        failed += bool(result)
        print(flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
