"""What is recognised from poll to poll: the traps that feeds set, each as a test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.dedupe import decide, identify
from aggregator.model import Decided, Entry, KnownEntry, New, Revised, Same, Text
from tests.builders import LONG, entry, later


class Memory:
    """What a store would know: entries as they were decided, poll after poll."""

    def __init__(self) -> None:
        self.entries: list[KnownEntry] = []

    def poll(self, entries: Sequence[Entry], source_id: int = 1) -> tuple[Decided, ...]:
        keyed = identify(entries)
        guids = {k.guid for k in keyed}
        links = {k.link_key for k in keyed if k.link_key}
        texts = {k.text_key for k in keyed if k.text_length}
        mine = [e for e in self.entries if e.source_id == source_id]
        known = [e for e in mine if e.guid in guids or e.link_key in links or e.text_key in texts]
        elsewhere = [e for e in self.entries if e.link_key in links]
        decided = decide(source_id, keyed, known, elsewhere)
        self._keep(decided, source_id)
        held = Counter((e.source_id, e.guid) for e in self.entries)
        assert max(held.values(), default=1) == 1, "a guid is held once in a source"
        return decided

    def _keep(self, decided: Sequence[Decided], source_id: int) -> None:
        stories: dict[int, int] = {}
        for one in decided:
            k = one.keyed
            number = len(self.entries) + 1
            facts = (k.guid, k.link_key, k.title_key, k.text_key, k.meta_key, k.text_length)
            if isinstance(one, New):
                group = k.position if one.same_as is None else one.same_as
                story = one.story_id or stories.get(group, number)
                stories[group] = story
                self.entries.append(KnownEntry(number, source_id, story, *facts, k.entry.published))
            elif isinstance(one, Revised) or one.rekeyed:
                at = one.known.entry_id
                self.entries[at - 1] = KnownEntry(
                    at, source_id, one.known.story_id, *facts, k.entry.published
                )

    @property
    def stories(self) -> int:
        return len({e.story_id for e in self.entries})


def kinds(decided: Sequence[Decided]) -> Counter[str]:
    return Counter(type(one).__name__ for one in decided)


# ---------------------------------------------------------------- identify


def test_guids_are_the_feeds_own_or_made_of_link_or_text() -> None:
    guids = [
        k.guid for k in identify([entry(1), entry(2, guid=None), entry(3, guid=None, link=None)])
    ]
    assert guids[:2] == ["urn:example:1", "link:https://news.example/2"]
    assert guids[2].startswith("text:")


def test_plain_repetitions_are_dropped() -> None:
    assert len(identify([entry(1), entry(2), entry(1)])) == 2


def test_versions_that_share_a_guid_are_one_entry_the_newest() -> None:
    old, new = entry(1, updated=later(0)), entry(1, updated=later(1), text="newer")
    for pair in ([old, new], [new, old]):
        (only,) = identify(pair)
        assert only.entry.content == Text("newer")


@pytest.mark.parametrize(
    "entries",
    [
        [entry(n, guid="same") for n in range(5)],
        [entry(n, guid="same", link=None) for n in range(5)],
        [entry(n, guid="same", link="https://news.example/") for n in range(5)],
        [entry(n, guid="same", title=Text("T")) for n in range(5)],
        [entry(n, guid="same", title=None) for n in range(5)],
    ],
    ids=["all", "no-link", "one-link", "one-title", "no-title"],
)
def test_one_guid_for_all_tells_nothing(entries: list[Entry]) -> None:
    first = {k.guid: k.digest for k in identify(entries)}
    assert len(first) == 5
    assert all(k.atom_id is None for k in identify(entries))
    shuffled = list(entries)
    Random(3).shuffle(shuffled)
    assert {k.guid: k.digest for k in identify(shuffled)} == first


def test_a_made_guid_never_meets_a_given_one() -> None:
    clash = [
        entry(1, guid="g"),
        entry(2, guid="g"),
        entry(3, guid="g#news.example/1"),
        entry(4, guid="g#news.example/2"),
    ]
    assert len({k.guid for k in identify(clash)}) == 4


def test_white_space_and_markup_do_not_change_the_text() -> None:
    one = entry(1, content=Text("<p>国内 要闻</p>\n<p>ＡＢ</p>", "html"))
    other = entry(1, content=Text("国内要闻 ab"))
    assert identify([one])[0].text_key == identify([other])[0].text_key


def test_entries_of_nothing_at_all_are_kept_once() -> None:
    assert len(identify([Entry(), Entry()])) == 1


# ---------------------------------------------------------------- from poll to poll


def twenty(**values: Any) -> list[Entry]:
    return [entry(n, **values) for n in range(20)]


@pytest.mark.parametrize("link", ["own", None, "https://news.example/", "https://news.example/all"])
@pytest.mark.parametrize("dates", ["none", "kept", "renewed"])
def test_renewed_guids_make_no_new_entries(link: str | None, dates: str) -> None:
    memory = Memory()
    for poll in range(4):
        given = {} if link == "own" else {"link": link}
        when = {"none": None, "kept": later(-1), "renewed": later(poll)}[dates]
        memory.poll(
            [replace(e, guid=f"{poll}-{n}", published=when) for n, e in enumerate(twenty(**given))]
        )
    assert memory.stories == 20
    assert len(memory.entries) == 20


def test_http_becoming_https_is_no_news() -> None:
    memory = Memory()
    first = [
        replace(e, guid=e.link, link=e.link and e.link.replace("https", "http")) for e in twenty()
    ]
    memory.poll([replace(e, guid=e.link) for e in first])
    second = twenty()
    decided = memory.poll([replace(e, guid=e.link) for e in second])
    assert kinds(decided) == {"Same": 20}


@pytest.mark.parametrize("link", ["https://news.example/", "https://news.example/list?x=1"])
def test_items_that_share_one_url_are_never_merged(link: str) -> None:
    memory = Memory()
    memory.poll(twenty(link=link))
    memory.poll([*(entry(n, link=link) for n in range(20, 25)), *twenty(link=link)])
    assert memory.stories == len(memory.entries) == 25


def test_a_reused_guid_with_a_new_text_is_a_revision() -> None:
    memory = Memory()
    memory.poll([entry(1)])
    (one,) = memory.poll([entry(1, text="other", title=Text("T"))])
    assert isinstance(one, Revised)
    assert one.changed == ("text", "title")


def test_changed_titles_are_revisions() -> None:
    memory = Memory()
    memory.poll(twenty())
    decided = memory.poll([replace(e, title=Text(f"new {n}")) for n, e in enumerate(twenty())])
    assert kinds(decided) == {"Revised": 20}


def test_a_change_of_case_or_width_is_no_change() -> None:
    memory = Memory()
    memory.poll([entry(1, title=Text("Hello ABC"))])
    (one,) = memory.poll([entry(1, title=Text("HELLO  ＡＢＣ"))])
    assert isinstance(one, Same)


def test_two_sources_with_one_link_never_rewrite_each_other() -> None:
    memory = Memory()
    memory.poll([entry(1)], source_id=1)
    (carried,) = memory.poll([entry(1, guid="b")], source_id=2)
    assert isinstance(carried, New)
    assert carried.story_id == 1
    for _ in range(3):
        (one,) = memory.poll([entry(1)], source_id=1)
        (two,) = memory.poll([entry(1, guid="b")], source_id=2)
        assert isinstance(one, Same)
        assert isinstance(two, Same)
    (other,) = memory.poll([entry(1, guid="c", text="quite another text")], source_id=3)
    assert isinstance(other, New)
    assert other.story_id is None, "the link alone never decides"


def test_short_formulas_join_only_with_the_title() -> None:
    memory = Memory()
    memory.poll([entry(1, text="点击查看")], source_id=1)
    (other,) = memory.poll([entry(1, guid="b", text="点击查看", title=Text("X"))], source_id=2)
    assert isinstance(other, New)
    assert other.story_id is None
    (same,) = memory.poll([entry(1, guid="c", text="点击查看")], source_id=3)
    assert isinstance(same, New)
    assert same.story_id == 1


def test_status_events_at_one_url_stay_apart() -> None:
    memory = Memory()
    for day in range(5):
        event = entry(
            day, link="https://status.example/", title=Text("Degraded"), text="Service degraded",
            published=later(24 * day),
        )  # fmt: skip
        (one,) = memory.poll([event])
        assert isinstance(one, New)
        assert one.story_id is None
    assert memory.stories == 5


def test_a_source_that_flips_between_two_states_makes_revisions_not_entries() -> None:
    memory = Memory()
    for poll in range(6):
        (one,) = memory.poll([entry(1, text="day" if poll % 2 else "night")])
        assert isinstance(one, Revised if poll else New)
    assert len(memory.entries) == 1


def test_entries_of_one_document_that_tell_the_same_are_one_story() -> None:
    memory = Memory()
    decided = memory.poll([entry(1), entry(1, guid="again"), entry(2)])
    assert [one.same_as for one in decided if isinstance(one, New)] == [None, 0, None]
    assert memory.stories == 2


# ---------------------------------------------------------------- laws

_TEXTS = st.sampled_from([None, "", "点击查看", LONG, LONG + "再见", "<p>x</p>"])
_ENTRIES = st.builds(
    Entry,
    guid=st.sampled_from([None, "g1", "g2", "g3", "https://news.example/1"]),
    link=st.sampled_from(
        [None, "https://news.example/", "https://news.example/1", "https://b.example/2"]
    ),
    title=st.sampled_from([None, Text("A"), Text("B"), Text("<b>A</b>", "html")]),
    content=_TEXTS.map(lambda text: None if text is None else Text(text, "html")),
    published=st.sampled_from([None, later(0), later(1)]),
    guid_is_link=st.booleans(),
)
_UNIQUE = st.lists(st.integers(0, 40), unique=True, max_size=12).map(
    lambda numbers: [
        entry(n, link=[None, f"https://x.example/{n}", "https://x.example/"][n % 3])
        for n in numbers
    ]
)


@given(st.lists(_ENTRIES, max_size=8))
def test_the_same_document_again_says_nothing_new(entries: list[Entry]) -> None:
    memory = Memory()
    memory.poll(entries)
    again = memory.poll(entries)
    assert set(kinds(again)) <= {"Same"}
    assert not any(one.rekeyed for one in again if isinstance(one, Same))


@given(st.lists(st.lists(_ENTRIES, max_size=8), max_size=4))
def test_any_sequence_of_documents_can_be_decided(documents: list[list[Entry]]) -> None:
    memory = Memory()
    for number, document in enumerate(documents):
        decided = memory.poll(document, source_id=number % 2)
        claimed = [one.known.entry_id for one in decided if not isinstance(one, New)]
        assert len(claimed) == len(set(claimed)), "a known entry is claimed once"


@given(_UNIQUE, _UNIQUE, st.randoms(use_true_random=False))
def test_the_order_of_a_document_decides_nothing(
    first: list[Entry], second: list[Entry], chance: Random
) -> None:
    shuffled = list(second)
    chance.shuffle(shuffled)
    outcomes = []
    for document in (second, shuffled):
        memory = Memory()
        memory.poll(first)
        decided = memory.poll(document)
        outcomes.append({one.keyed.guid: type(one).__name__ for one in decided})
    assert outcomes[0] == outcomes[1]
