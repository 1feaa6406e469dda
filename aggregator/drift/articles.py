"""Article pages, captured one by one → whether they, a selector, dates or text broke. Pure.

One page may well lack what the others have. What tells is how many in a row lack it, held against
how many ever did.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from math import ceil, exp, log

from aggregator.drift.judged import Watch, is_damaged, titled
from aggregator.model import Entry, Evidence

# So many in a row after none ever: what every article has, and what some never have.
IN_A_ROW = 2
IN_A_ROW_OPTIONAL = 5
# A picture page has some texts of a line in a row; and a page may be gone, or hold no text.
IN_A_ROW_OF = {"thin:short": 12, "thin:none": 5, "pages": 5, "selector:index": 5}
_OPTIONAL = frozenset({"author", "section", "outlet"})
# Where some lack it now and then: as many in a row as happen by chance once in 100,000 articles.
CHANCE = 1e-5
# A selector that a person wrote and that never matched anything.
NEVER_MATCHED = 3
# A text of less than this part of the usual length, and of fewer characters, is suddenly short.
SHORT_PART, SHORT = 0.15, 100
LENGTH_FOLLOWS, LENGTH_FOLLOWS_SHORT = 0.05, 0.02
# Of more articles than these the old ones count less and less.
REMEMBERED = 1_000


def after_article(
    watch: Watch,
    entry: Entry,
    misses: Mapping[str, Evidence],
    own: Collection[str],
    length: int | None = None,
) -> tuple[Watch, dict[str, Evidence | None]]:
    """What is usual after one more article, and what is wrong with the latest of them.

    `misses` are the selectors that matched nothing, by their key; `own` the keys that the person
    wrote, and not a ready recipe. `length` is that of its text, in characters.
    """
    signs = _of_text(watch, entry.link or "", misses, length)
    if entry.published is None:
        signs["undated"] = Evidence("undated-one")
    if is_damaged(entry):
        signs["encoding"] = Evidence("encoding", {"title": titled(entry)})
    judged = ("selector", "undated", "encoding", "thin", "pages")
    watch, found = _judged(watch, signs, judged, {f"selector:{key}" for key in own})
    return _with_length(watch, length), found


def after_text(
    watch: Watch,
    url: str,
    misses: Mapping[str, Evidence],
    own: Collection[str],
    length: int,
    is_taken: bool,
) -> tuple[Watch, dict[str, Evidence | None]]:
    """The same of the page of a feed's entry: `is_taken` says that its text is shown.

    It is not where it is shorter than the feed's own. That no page ever gave one is told too.
    """
    signs = _of_text(watch, url, misses, length if is_taken else 0)
    own_words = {"thin:none", *(f"selector:{key}" for key in own)}
    watch, found = _judged(watch, signs, ("selector", "thin", "pages"), own_words)
    return _with_length(watch, length if is_taken else None), found


def after_lost(watch: Watch, why: Evidence) -> tuple[Watch, dict[str, Evidence | None]]:
    """What is usual after an article's page could not be had, and whether none can."""
    return _beside_articles(watch, "pages", why)


def after_index(
    watch: Watch, misses: Mapping[str, Evidence]
) -> tuple[Watch, dict[str, Evidence | None]]:
    """What is usual after a page of an edition, and whether these lead nowhere any more.

    `misses` are the selectors that matched nothing on one that holds no link at all, {} for others.
    One may hold none: a frame, a page of advertisements.
    """
    if misses:
        return _beside_articles(watch, "selector:index", next(iter(misses.values())))
    run, total = watch.odd.get("selector:index", (0, 0))
    return (replace(watch, odd={**watch.odd, "selector:index": (0, total)}) if run else watch), {}


def _beside_articles(
    watch: Watch, key: str, why: Evidence
) -> tuple[Watch, dict[str, Evidence | None]]:
    """Count a page that is none of the articles read: of what those lack it tells nothing."""
    run, total = watch.odd.get(key, (0, 0))
    seen = (run + 1, total + 1)
    enough = _is_enough(watch.articles + total + 1, key, seen, (key,))
    found: dict[str, Evidence | None] = {_kind(key): why} if enough else {}
    return replace(watch, odd={**watch.odd, key: seen}), found


def _of_text(
    watch: Watch, url: str, misses: Mapping[str, Evidence], length: int | None
) -> dict[str, Evidence]:
    signs = {f"selector:{key}": evidence for key, evidence in misses.items()}
    if length == 0:
        signs["thin:none"] = Evidence("no-text", {"url": url})
    elif length is not None and length < min(SHORT, SHORT_PART * watch.length):
        facts: dict[str, str | float] = {"url": url, "count": length, "usual": watch.length}
        signs["thin:short"] = Evidence("short-text", facts)
    return signs


def _judged(
    watch: Watch,
    signs: Mapping[str, Evidence],
    kinds: Collection[str],
    own: Collection[str],
) -> tuple[Watch, dict[str, Evidence | None]]:
    """Count the signs of one page, of these kinds of alarm; those that are enough of them.

    Of what is in `own` some from the very first are enough.
    """
    odd = {
        key: (0 if _kind(key) in kinds else run, total) for key, (run, total) in watch.odd.items()
    }
    for key in signs:
        run, total = watch.odd.get(key, (0, 0))
        odd[key] = (run + 1, total + 1)
    found: dict[str, Evidence | None] = {}
    for kind in kinds:
        running = [key for key in signs if _kind(key) == kind]
        if not running:
            found[kind] = None
            continue
        wrong = [key for key in running if _is_enough(watch.articles + 1, key, odd[key], own)]
        if wrong:
            found[kind] = signs[wrong[0]]
    return _remembered(watch, odd), found


def _kind(key: str) -> str:
    return key.partition(":")[0]


def _is_enough(articles: int, key: str, odd: tuple[int, int], own: Collection[str]) -> bool:
    run, total = odd
    selector = key.partition(":")[2]
    before, lacking = articles - run, total - run
    if before <= 0:
        return key in own and run >= IN_A_ROW_OF.get(key, NEVER_MATCHED)
    least = IN_A_ROW_OPTIONAL if selector in _OPTIONAL else IN_A_ROW_OF.get(key, IN_A_ROW)
    if lacking == 0:
        return run >= least
    share = lacking / before
    return share < 0.5 and run >= max(least + 1, ceil(log(CHANCE) / log(share)))


def _with_length(watch: Watch, length: int | None) -> Watch:
    """The usual length of a text, a geometric mean, moved towards one more."""
    if not length:
        return watch
    if not watch.length:
        return replace(watch, length=float(length))
    is_short = length < SHORT_PART * watch.length
    speed = LENGTH_FOLLOWS_SHORT if is_short else LENGTH_FOLLOWS
    return replace(watch, length=exp(log(watch.length) + speed * log(length / watch.length)))


def _remembered(watch: Watch, odd: Mapping[str, tuple[int, int]]) -> Watch:
    articles = watch.articles + 1
    if articles > REMEMBERED:
        articles //= 2
        odd = {key: (run, max(run, total // 2)) for key, (run, total) in odd.items()}
    return replace(watch, articles=articles, odd=odd)
