"""What texts credit is read with its place, padding is recognised, and nothing is invented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import NO_PROVENANCE
from aggregator.provenance import learn_outlets, read_provenance

ARTICLE = "3月29日,秀洲区第十一届社工月主题活动拉开帷幕。\n社工是参与社区治理的重要力量。"


def rest(text: str) -> str:
    """A text without its boilerplate."""
    kept, at = [], 0
    for part in read_provenance(text).boilerplate:
        kept.append(text[at : part.start])
        at = part.end
    return "".join([*kept, text[at:]]).strip()


@pytest.mark.parametrize(
    ("head", "outlet", "byline"),
    [
        ("本文转自:嘉兴日报\n", "嘉兴日报", None),
        ("来源：新京报 ", "新京报", None),
        ("（来源 ：南湖晚报）\n", "南湖晚报", None),
        ("转载自：浙江在线\n■记者 蒋彧淼 通讯员 沈 筠\n", "浙江在线", "记者 蒋彧淼 通讯员 沈 筠"),
        ("据南湖晚报报道，", "南湖晚报", None),
        ("新华社北京3月29日电 ", "新华社", None),
        ("新华社北京3月29日电（记者 张三丰、李四）", "新华社", "记者 张三丰、李四"),
        ("东南网11月27日讯（通讯员 危翠莲 魏学鹏）", "东南网", "通讯员 危翠莲 魏学鹏"),
        ("河北新闻网讯（陈宝云、王蕊）", "河北新闻网", None),
        ("大皖新闻讯 ", "大皖新闻", None),
        ("本报讯 ", None, None),
        ("（澎湃新闻）\n", "澎湃新闻", None),
        ("本報訊 \n轉自：浙江在線\n□ 浙江在線記者 林桂\n", "浙江在线", "浙江在线记者 林桂"),
        ("原标题：某某标题 本报记者 孙文 林勇 ", None, "本报记者 孙文 林勇"),
    ],
)
def test_heads_are_read(head: str, outlet: str | None, byline: str | None) -> None:
    text = head + ARTICLE
    found = read_provenance(text)
    assert (found.outlet.value if found.outlet else None) == outlet
    assert (found.byline.value if found.byline else None) == byline
    assert rest(text).endswith(ARTICLE)


@pytest.mark.parametrize(
    "credit", ["（来源：新华社）", "(来源:新华社)", "来源：新华社", "本文转自新华社"]
)
def test_tails_are_read(credit: str) -> None:
    text = f"{ARTICLE}\n{credit}"
    found = read_provenance(text)
    assert found.outlet is not None
    assert found.outlet.value == "新华社"
    assert text[found.outlet.start : found.outlet.end] == "新华社"
    assert rest(text) == ARTICLE


@pytest.mark.parametrize(
    "line",
    [
        "以上内容为资讯信息快照,由td.fyun.cc爬虫进行采集并收录,本站未对信息做任何修改,信息内容不代表本站立场。",
        "免责声明：以上内容为本网站转自其它媒体，不代表本网观点。",
        "本文不代表本站立场",
        "责任编辑：张力娜",
        "[责任编辑: 陈文杰]",
        "编辑：胡艳 审核：孙娜勇",
        "分享到：微信 微博 QQ空间",
        "扫码关注本报微信公众号",
        "【推荐阅读】一季度我国服务贸易快速增长",
        "未经授权不得转载",
        "本站信息快照查询为非营利公共服务,如有侵权请联系我们进行删除。",
        "快照生成时间:2024-04-01 08:45:25",
        "分享到：微信 微博 QQ空間",
    ],
)
def test_padding_is_recognised(line: str) -> None:
    assert rest(f"{ARTICLE}\n{line}") == ARTICLE


@pytest.mark.parametrize("cut", ["……[详细]", "…", "...", " 阅读全文", "【详细】"])
def test_the_end_of_a_cut_summary_is_no_text(cut: str) -> None:
    assert rest(f"社工是秀洲引导社会组织{cut}") == "社工是秀洲引导社会组织"


@pytest.mark.parametrize(
    "text",
    [
        ARTICLE,
        "记者从市民政局了解到，年终岁尾，社工组织开展服务。",
        "来源不明的资金引起关注，专家表示应当加强监管。",
        "新华社社长会见外国客人，双方就合作交换意见。",
        "电影产业快速增长，票房创下新高。",
        "The council said on Tuesday that it would close the bridge.",
        "编辑部的故事在国庆期间重新上映，观众反响热烈。",
        "声明发表后，各国纷纷表示欢迎，呼吁尽快落实协议的内容。",
        "",
    ],
)
def test_nothing_is_invented(text: str) -> None:
    assert read_provenance(text) == NO_PROVENANCE


def test_spans_are_in_order_and_do_not_overlap() -> None:
    text = f"本文转自：嘉兴日报 ■记者 蒋彧淼\n{ARTICLE}\n（来源：嘉兴日报）\n责任编辑：张三\n……"
    at = 0
    for part in read_provenance(text).boilerplate:
        assert at <= part.start < part.end <= len(text)
        at = part.end


PIECES = [
    "本文转自：",
    "嘉兴日报",
    "■记者 ",
    "蒋彧淼",
    " ",
    "\n",
    "（",
    "）",
    "来源",
    "电",
    "讯",
    "…",
    "。",
]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_text_gives_sound_spans(text: str) -> None:
    at = 0
    for part in read_provenance(text).boilerplate:
        assert at <= part.start < part.end <= len(text)
        at = part.end


def test_outlets_are_learned_from_sources_and_extended() -> None:
    outlets = learn_outlets(
        [
            ("jiaxing", "嘉兴日报", "https://jxrb.cnjxol.com/jxrbPaper/"),
            ("china", "中国新闻网·国内", "https://www.chinanews.com.cn/rss/china.xml"),
            ("world", "中国新闻网·国际", "https://www.chinanews.com.cn/rss/world.xml"),
        ],
        {"中国新闻网": ["中新网", "中新社"]},
    )
    assert outlets.sources_of("嘉兴日报客户端") == ("jiaxing",)
    assert outlets.sources_of("中新社") == ("china", "world")
    assert outlets.name_of("chinanews.com.cn") == "中国新闻网"
    assert outlets.sources_of("别的报") == ()
    credited = read_provenance(f"来源：中新社\n{ARTICLE}", outlets).outlet
    assert credited is not None
    assert credited.value == "中国新闻网"


def test_a_host_that_several_outlets_share_names_none() -> None:
    outlets = learn_outlets(
        [("a", "甲报", "https://rsshub.example/a"), ("b", "乙报", "https://rsshub.example/b")]
    )
    assert outlets.sources_of("rsshub.example") == ()
    assert outlets.sources_of("乙报") == ("b",)
