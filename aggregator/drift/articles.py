"""Article pages, captured one by one → whether a selector, the dates or the text broke. Pure.

One page may well lack what the others have. What tells is how many in a row lack it, held against
how many ever did.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from math import ceil, log

from aggregator.drift.judged import Watch, is_damaged, titled
from aggregator.model import Entry, Evidence

# So many in a row after none ever: what every article has, and what some never have.
IN_A_ROW = 2
IN_A_ROW_OPTIONAL = 5
_OPTIONAL = frozenset({"author", "section", "outlet"})
# Where some lack it now and then: as many in a row as happen by chance once in 100,000 articles.
CHANCE = 1e-5
# A selector that a person wrote and that never matched anything.
NEVER_MATCHED = 3
# Of more articles than these the old ones count less and less.
REMEMBERED = 1_000


def after_article(
    watch: Watch, entry: Entry, misses: Mapping[str, Evidence], own: Collection[str]
) -> tuple[Watch, dict[str, Evidence | None]]:
    """What is usual after one more article, and what is wrong with the latest of them.

    `misses` are the selectors that matched nothing, by their key; `own` the keys that the person
    wrote, and not a ready recipe.
    """
    signs = {f"selector:{key}": evidence for key, evidence in misses.items()}
    if entry.published is None:
        signs["undated"] = Evidence("undated-one")
    if is_damaged(entry):
        signs["encoding"] = Evidence("encoding", {"title": titled(entry)})
    odd = {key: (0, total) for key, (_, total) in watch.odd.items()}
    for key in signs:
        run, total = watch.odd.get(key, (0, 0))
        odd[key] = (run + 1, total + 1)
    found: dict[str, Evidence | None] = {}
    for kind in ("selector", "undated", "encoding"):
        running = [key for key in signs if key.partition(":")[0] == kind]
        if not running:
            found[kind] = None
            continue
        wrong = [key for key in running if _is_enough(watch.articles + 1, key, odd[key], own)]
        if wrong:
            found[kind] = signs[wrong[0]]
    return _remembered(watch, odd), found


def _is_enough(articles: int, key: str, odd: tuple[int, int], own: Collection[str]) -> bool:
    run, total = odd
    kind, _, selector = key.partition(":")
    before, lacking = articles - run, total - run
    if before <= 0:
        return kind == "selector" and selector in own and run >= NEVER_MATCHED
    least = IN_A_ROW_OPTIONAL if selector in _OPTIONAL else IN_A_ROW
    if lacking == 0:
        return run >= least
    share = lacking / before
    return share < 0.5 and run >= max(least + 1, ceil(log(CHANCE) / log(share)))


def _remembered(watch: Watch, odd: Mapping[str, tuple[int, int]]) -> Watch:
    articles = watch.articles + 1
    if articles > REMEMBERED:
        articles //= 2
        odd = {key: (run, max(run, total // 2)) for key, (run, total) in odd.items()}
    return replace(watch, articles=articles, odd=odd)
