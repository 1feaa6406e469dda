"""Advertisements that rotate make no version; a correction of the article always does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model import Text
from aggregator.rotating import blocks_of, only_padding_changed
from tests.dedupe.articles import PARAGRAPHS

BODY = "".join(f"<p>{one}</p>" for one in PARAGRAPHS)
RIVALS = {
    "an ad by its class": (
        '<div class="post ad-slot"><p>双十一家电节，满300减50</p></div>',
        '<div class="post ad-slot"><p>年货节开抢，<b>最后一天</b></p></div>',
    ),
    "sponsored links": (
        '<p><a rel="nofollow sponsored" href="https://a.example/">学车就到顺达</a></p>',
        '<p><a rel="sponsored" href="https://b.example/">装修找我们</a></p>',
    ),
    "a labelled ad": ("<p>广告：满300减50</p>", "<p>【广告】新店开业，首单免费</p>"),
    "an ad that is gone": ('<ins class="adsbygoogle">家电节</ins>', ""),
    "a code to scan": ("<p>扫码关注本报微信公众号</p>", "<p>长按识别二维码，加入读者群</p>"),
    "counters": ("<p>阅读 1203 | 评论 5</p>", "<p>阅读（1.4万） 评论 17</p>"),
}


def html(value: str) -> Text:
    """A text as a feed has it."""
    return Text(value, "html")


@pytest.mark.parametrize("name", RIVALS)
@pytest.mark.parametrize("place", [0, 2, len(PARAGRAPHS)])
def test_padding_makes_no_version(name: str, place: int) -> None:
    def with_block(block: str) -> Text:
        parts = [f"<p>{one}</p>" for one in PARAGRAPHS]
        return html("".join([*parts[:place], block, *parts[place:]]))

    old, new = RIVALS[name]
    assert only_padding_changed([with_block(old)], with_block(new))
    assert only_padding_changed([with_block(new)], with_block(old))


CORRECTIONS = {
    "a figure": BODY.replace("368", "386"),
    "a word": BODY.replace("潘明", "潘铭"),
    "a paragraph more": f"{BODY}<p>更正：本文第三段的数字有误，已更正。</p>",
    "a paragraph less": BODY.replace(f"<p>{PARAGRAPHS[4]}</p>", ""),
    "a paragraph elsewhere": "".join(f"<p>{one}</p>" for one in PARAGRAPHS[::-1]),
    "a link": BODY.replace("潘明", '<a href="https://x.example/">潘铭</a>'),
    "about advertising": f"{BODY}<p>广告法修订后，违规广告最高罚款6万元。</p>",
    "a warning of codes": f"{BODY}<p>扫描二维码被骗6万元，警方提醒勿扫陌生的码</p>",
    "readers in a sentence": f"{BODY}<p>评论区有6人要求道歉</p>",
}


@pytest.mark.parametrize("name", CORRECTIONS)
def test_a_correction_beside_rotating_padding_is_a_version(name: str) -> None:
    for old, new in RIVALS.values():
        before, after = html(BODY + old), html(CORRECTIONS[name] + new)
        assert not only_padding_changed([before], after)
        assert not only_padding_changed([after], before)


@settings(deadline=None)
@given(
    words=st.lists(
        st.text(alphabet="天地玄黄宇宙洪荒日月0123", min_size=1), min_size=1, max_size=6
    ),
    at=st.integers(0, 5),
    other=st.text(alphabet="辰宿列张寒来暑往456", min_size=1, max_size=4),
)
def test_no_changed_word_of_an_article_is_passed_over(
    words: list[str], at: int, other: str
) -> None:
    changed = [other if number == at % len(words) else one for number, one in enumerate(words)]
    old, new = RIVALS["a labelled ad"]
    before = html("".join(f"<p>{one}</p>" for one in words) + old)
    after = html("".join(f"<p>{one}</p>" for one in changed) + new)
    assert not only_padding_changed([before] * 8, after)


def test_links_that_were_seen_to_come_and_go_make_no_further_version() -> None:
    one, two = (html(f'{BODY}<ul><li><a href="/{n}">热点第{n}条</a></li></ul>') for n in (1, 2))
    assert not only_padding_changed([one], two)
    assert not only_padding_changed([one, two], one)  # it may have been set right again
    assert only_padding_changed([one, two, one], two)
    corrected = html(two.value.replace("368", "386"))
    assert not only_padding_changed([one, two, one], corrected)


def test_words_of_the_article_that_come_and_go_are_versions_every_time() -> None:
    one, two = html(BODY), html(BODY.replace("368", "386"))
    assert not only_padding_changed([one, two, one, two, one], two)


def test_text_without_markup_is_compared_by_the_line() -> None:
    one, two = Text("第一段。\n广告：甲"), Text("第一段。\n广告：乙")
    assert only_padding_changed([one], two)
    assert not only_padding_changed([one], Text("第二段。\n广告：乙"))
    assert not only_padding_changed([None], two)
    assert not only_padding_changed([one], None)


@given(st.text(alphabet="<>/adivp class='\"=&;#!-字"))
@settings(deadline=None)
def test_any_markup_is_taken_apart(value: str) -> None:
    assert isinstance(blocks_of(html(value)), list)
    assert not only_padding_changed([html(BODY)], html(value)) or "字" not in value


def test_markup_of_any_depth_is_taken_apart() -> None:
    deep = html("<div>" * 5000 + "字" + "</div>" * 5000)
    assert not only_padding_changed([html(BODY)], deep)
