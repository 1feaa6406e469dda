"""Reposts match however they were dressed up; templates and altered figures do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from aggregator.dedupe.article import article_of
from aggregator.dedupe.recognise import Candidate, recognise, widens
from aggregator.dedupe.verify import compare
from tests.dedupe.articles import ENGLISH, ENGLISH_TITLE, PARAGRAPHS, TEXT, TITLE, article

WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
REPOSTS = {
    "header": f"本文转自：嘉兴日报\n■记者 蒋彧淼 通讯员 沈 筠\n{TEXT}",
    "tail": f"{TEXT}\n（来源：嘉兴日报）\n责任编辑：张三\n未经授权不得转载",
    "advertisements": "\n扫码关注本报微信公众号\n广告：全场满300减50，点击了解详情\n".join(
        PARAGRAPHS
    ),
    "dropped": "\n".join(PARAGRAPHS[::2]),
    "first part": "\n".join(PARAGRAPHS[:3]),
    "summary": PARAGRAPHS[0] + PARAGRAPHS[1][:60] + "……[详细]",
    "traditional": OpenCC("s2t").convert(TEXT),
    "Taiwan's forms": OpenCC("s2tw").convert(TEXT),
    "width": TEXT.translate(WIDE),
    "no line breaks": TEXT.replace("\n", ""),
    "a word here and there": TEXT.replace("拉开帷幕", "正式启动").replace("持续发力", "继续发力"),
    "an unknown header": f"小城故事多之人物篇第三辑{TEXT}",
    "several": OpenCC("s2t").convert("来源：某某网 本报记者 孙文\n" + "\n".join(PARAGRAPHS[1:])),
}
OTHERS = {
    "other figures": TEXT.replace("52", "58").replace("368", "401").replace("142", "160"),
    "one other figure": TEXT.replace("368", "370"),
    "an ordinal": TEXT.replace("第十一届", "第十二届"),
    "another place": TEXT.replace("新丰镇", "洪合镇").replace("秀水区", "平湖市"),
    "another text": ENGLISH,
    "nothing": "",
    "too short": "点击查看",
}


@pytest.mark.parametrize("name", REPOSTS)
def test_reposts_match(name: str) -> None:
    compared = compare(article(REPOSTS[name], "另一个标题"), article(TEXT))
    assert compared.verdict == "same", compared


@pytest.mark.parametrize("name", OTHERS)
def test_others_do_not(name: str) -> None:
    title = TITLE.replace("打通", "畅通") if name != "another place" else "洪合镇社工月启动"
    other = article(TEXT, "新丰镇社工月启动") if name == "another place" else article(TEXT)
    compared = compare(article(OTHERS[name], title), other)
    assert compared.verdict != "same", compared


def test_titles_alone_decide_nothing() -> None:
    other = "县里昨天召开了农业工作会议，部署春耕生产，要求各乡镇抓紧备好种子和化肥，不误农时。"
    assert compare(article(other), article(TEXT)).verdict != "same"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (ENGLISH, True),
        ("HARBOUR (Reuters) - " + ENGLISH, True),
        (ENGLISH.split("\n")[0] + " Read more", True),
        (ENGLISH.replace("will close to all traffic", "is closing to traffic"), True),
        (ENGLISH.replace("14 of its 36", "9 of its 36"), False),
        (ENGLISH.replace("8.5 million", "11 million"), False),
        ("The old bridge in the harbour is famous. " * 6, False),
    ],
)
def test_english_works_as_well(text: str, same: bool) -> None:
    compared = compare(article(text, ENGLISH_TITLE), article(ENGLISH, ENGLISH_TITLE))
    assert (compared.verdict == "same") == same, compared


@pytest.mark.parametrize(
    "text",
    [
        "Городской совет сообщил во вторник, что старый мост через гавань закроют для движения "
        "с 12 мая: инженеры нашли трещины в четырнадцати из тридцати шести стальных тросов.",
        "시의회는 화요일 오래된 항구 다리를 오는 12일부터 전면 통제한다고 밝혔다. 점검 과정에서 "
        "강철 케이블 여러 개에서 균열이 발견되었기 때문이라고 관계자는 설명했다.",
        "市議会は火曜日、古い港の橋を十二日から通行止めにすると発表した。点検で三十六本のうち"
        "十四本の鋼製ケーブルに亀裂が見つかったためだという。",
    ],
)
def test_other_scripts_work_as_well(text: str) -> None:
    assert compare(article(f"{text}\nShare this", "x"), article(text, "y")).verdict == "same"
    assert compare(article(text.replace("12", "17").replace("十二", "十七"), "x"),
                   article(text, "x")).verdict == "figures"  # fmt: skip


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_two_texts_compare_alike_in_either_order(one: str, other: str) -> None:
    first, second = article_of("", one), article_of("", other)
    if first.length != second.length:
        assert compare(first, second) == compare(second, first)
    else:
        assert 0 <= compare(first, second).contained <= 1


def test_recognising_takes_the_best_of_those_verified() -> None:
    candidates = [
        Candidate(1, 10, article(OTHERS["other figures"])),
        Candidate(2, 20, article(REPOSTS["a word here and there"])),
        Candidate(3, 30, article(TEXT)),
    ]
    match = recognise(article(REPOSTS["header"]), candidates)
    assert match is not None
    assert match.candidate.story_id == 30
    assert recognise(article(OTHERS["other figures"]), candidates[1:]) is None
    assert recognise(article(TEXT), []) is None


def test_a_fuller_text_is_to_be_found_by_itself() -> None:
    lead = article(REPOSTS["summary"])
    match = recognise(article(TEXT), [Candidate(1, 1, lead)])
    assert match is not None
    assert widens(article(TEXT), match)
    assert not widens(lead, match)
