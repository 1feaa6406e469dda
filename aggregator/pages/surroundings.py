"""A page's tree → the same without what surrounds an article on Chinese news sites.

Menus, lists of other articles, share bars, comments, the lines on editors and rights: what is left
is prose in paragraphs, which readability finds its way in. Linear in the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from aggregator.pages.page import take_out
from aggregator.text import squeeze

_DROPPED = ("nav", "footer", "aside", "form", "button", "select", "textarea", "dialog")
_BLOCKS = frozenset(
    "address article aside blockquote body center dd div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tbody td tfoot th thead "
    "tr ul".split()
)
_JUDGED = _BLOCKS - {"body", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "tr", "th"}
# What is a list of links for the most part is a menu or leads to other articles.
LINKED_PART = 0.6
FEWEST_LINKS = 3
# A block that holds this part of the page's prose is never taken for a surrounding.
MAIN_PART = 0.4
LONGEST_LINE, LONGEST_NOTICE, LONGEST_HEADING = 60, 220, 16
_PROSE = re.compile("[，。；！？、：]")
_NAMES = re.compile(
    r"(?:^|[-_ ])(?:comments?|cmt|pinglun|repl(?:y|ies)|share\w{0,8}|bdshare\w*|sharedaddy|"
    r"related\w*|relevant|xiangguan|xg(?:yd|xw)|tuijian|recommend\w*|hot(?:news)?|rank(?:ing)?|paihang|sidebar|"
    r"side|breadcrumb|path|crumbs?|pagination|pager?s?|nextprev|ad[sv]?|adsense|guanggao|banner|"
    r"toolbar|qrcode|erweima|copyright|foot(?:er)?|nav|menu|topnav|statement|tags?|keywords?|zebian|"
    r"toupiao|vote)(?:[-_ ]|$)",
    re.IGNORECASE,
)
OF_TEXT = re.compile("article|content|text|body|story|zoom|zhengwen|editor", re.IGNORECASE)
_COMMENTS = re.compile("comment|cmt|pinglun|repl(?:y|ies)", re.IGNORECASE)
_HEADING = re.compile(
    r"^\W{0,2}(?:相关(?:新闻|阅读|链接|推荐|文章|报道|内容|资讯|专题)|推荐(?:阅读|新闻)?|延伸阅读|"
    r"热[门点]\w{0,4}|新闻排行|\w{0,4}排行榜?|最新\w{0,4}|猜你喜欢|大家都在看|[你您]可能\w{0,6}|更多\w{0,12}|"
    r"网友评论|(?:全部|最新|热门|精彩)评论\W?\d*\W?|精彩\w{0,4}|阅读下一篇|编辑推荐|今日推荐|热新闻|"
    r"热图推荐|为您推荐|相關\w{0,4}|索引号)\W{0,2}$"
)
# Lines beside the text; what is a sentence, with its full stop, is none of them.
_LINE = re.compile(
    r"[【\[(（〔]?\s*(?:本文|值班|实习)?(?:责任编辑|责编|編輯|编辑|責任編輯|校对|审核|监制|编审|终审|初审|复审)"
    r"\s*[:：丨|/ ].{0,40}$"
    r"|[【\[(（]?\s*(?:(?:本文|文章|信息)?来源|稿源|來源|(?:发布|发表|更新)?(?:时间|日期))\s*[:：].{0,50}$"
    r"|(?:分享(?:到|至|让更多人看到)|字体|字号|打印|关闭|收藏|举报|点击|浏览|阅读|在看|点赞|(?:微信)?扫一扫|"
    r"打开\w{0,6}APP|海量资讯|展开全文|返回顶部|返回首页|我要评论|登录后|关键词|标签|[上下]一[篇页条]|【打印】|"
    r"视频加载中|您当前的位置|您的位置|当前位置|广告[:：]|版权所有|长按识别|参与互动|【纠错】).{0,50}$"
    r"|《.{2,20}》[（(]\s*\d{4}年\d{1,2}月\d{1,2}日\s*第?\s*\d+\s*版.{0,6}[)）]$"
    r"|(?:[上下]一页|首页|尾页|末页|[\d …])+$"
)
_NOTICE = re.compile(
    r"^\W{0,3}(?:(?:特别|免责|版权|广告|郑重)?声明\s*[:：]|凡本网(?:注明|站)|索引号)"
    r"|未经.{0,12}(?:授权|许可|允许).{0,24}(?:转载|使用|复制)|违法和不良信息|仅提供信息存储"
    r"|不代表本(?:站|网|平台)|许可证.{0,40}ICP|ICP[备证]"
)
_DATED = re.compile(
    r"20\d\d\s?[-年/.]?\s?\d{1,2}\s?[-月/.]\s?\d{1,2}|\d{1,2}:\d\d(?::\d\d)?\s"
    r"|(?:来源|作者|记者)\s?[:：]"
)
_NUMBERS = re.compile(r"[\d <>«»|…·.]+$")
_STOP = re.compile("[。！？]")
_SENTENCE = re.compile("[。！？；，]")


@dataclass(slots=True)
class _Sum:
    """What stands below an element, in characters (and links)."""

    text: int = 0
    linked: int = 0
    links: int = 0
    prose: int = 0
    heads: int = 0


def strip_surroundings(root: Any, title: str | None = None) -> None:
    """Take from a tree, in place, what is no part of its article. `title` is the article's own."""
    body = root if root.tag == "body" else root.find("body")
    if body is None:
        return
    for element in [*body.iter(*_DROPPED)]:
        if element.getparent() is not None:
            take_out(element)
    _drop_blocks(body)
    _wrap_runs(body)
    _split_lines(body)
    _drop_lines(body, title)
    _drop_last_links(body)
    _unwrap(body)


# ---------------------------------------------------------------- blocks


def _drop_blocks(body: Any) -> None:
    sums = _sums(body)
    whole = sums[body]
    gone: set[Any] = set()
    for element in [*body.iter(etree.Element)]:
        if element is body or element.getparent() in gone:
            if element is not body:
                gone.add(element)
            continue
        if element.tag in _JUDGED and _is_surrounding(element, sums[element], whole):
            gone.add(element)
    for element in gone:
        parent = element.getparent()
        if parent is not None and parent not in gone:
            take_out(element)


def _sums(body: Any) -> dict[Any, _Sum]:
    """Of every element below, children before parents."""
    sums: dict[Any, _Sum] = {}
    for _, element in etree.iterwalk(body, events=("end",)):
        if not isinstance(element.tag, str):
            continue
        mine = sums[element] = _count(element.text)
        for child in element:
            if (below := sums.get(child)) is not None:
                mine.text += below.text
                mine.linked += below.linked
                mine.links += below.links
                mine.prose += below.prose
                mine.heads += below.heads
            after = _count(child.tail)
            mine.text += after.text
            mine.prose += after.prose
        if element.tag == "a":
            mine.linked, mine.links, mine.prose = mine.text, 1, 0
        elif element.tag == "h1":
            mine.heads += 1
    return sums


def _count(text: str | None) -> _Sum:
    """Characters of a run of text; those of a run with the marks of sentences are prose."""
    if not text or not (plain := text.strip()):
        return _Sum()
    return _Sum(len(plain), prose=len(plain) if _PROSE.search(plain) else 0)


def _is_surrounding(element: Any, mine: _Sum, whole: _Sum) -> bool:
    is_minor = mine.prose < MAIN_PART * max(whole.prose, 1)
    if mine.links >= FEWEST_LINKS and mine.linked > LINKED_PART * mine.text:
        return is_minor
    if mine.heads or element.tag in ("p", "td"):
        return False
    # Beside a short article the abstracts of others, or its comments, may be most of the prose.
    heading = _HEADING.match(_first_words(element))
    if heading:
        leads_away = mine.links >= FEWEST_LINKS or "评论" in heading[0]
        return is_minor or (whole.heads > 0 and leads_away)
    names = f"{element.get('class') or ''} {element.get('id') or ''}"[:200]
    if not _NAMES.search(names):
        return False
    if _COMMENTS.search(names):
        return is_minor or whole.heads > 0
    return is_minor and not OF_TEXT.search(names)


def _first_words(element: Any) -> str:
    """The first line of a block, where it is short enough to be a heading."""
    for text in element.itertext():
        if plain := text.strip():
            return plain if len(plain) <= LONGEST_HEADING else ""
    return ""


# ---------------------------------------------------------------- lines


def _wrap_runs(body: Any) -> None:
    """Text that stands loose among blocks → paragraphs."""
    for element in [*body.iter("body", "td", "div", "section", "article", "main", "center")]:
        if not any(child.tag in _BLOCKS for child in element):
            continue
        run = etree.Element("p")
        run.text, element.text = element.text, None
        at = 0
        for child in list(element):
            if child.tag in _BLOCKS:
                at = _put(element, run, at)
                at = element.index(child) + 1
                run = etree.Element("p")
                run.text, child.tail = child.tail, None
            else:
                run.append(child)
        _put(element, run, len(element))


def _put(element: Any, run: Any, at: int) -> int:
    if len(run) or (run.text or "").strip():
        element.insert(at, run)
    return at


def _split_lines(body: Any) -> None:
    """Line breaks → paragraphs, where a block's text is written so."""
    for element in [*body.iter("td", "div", "p", "font", "span", "section", "article")]:
        if sum(1 for child in element if child.tag == "br") < 2:
            continue
        if any(child.tag in _BLOCKS for child in element):
            continue
        lines: list[Any] = [etree.Element("p")]
        lines[0].text = element.text
        for child in list(element):
            if child.tag == "br":
                lines.append(etree.Element("p"))
                lines[-1].text = child.tail
                element.remove(child)
            else:
                lines[-1].append(child)
        element.text = None
        if element.tag in ("p", "font", "span"):
            element.tag = "div"
        for line in lines:
            if len(line) or (line.text or "").strip():
                element.append(line)


def _drop_lines(body: Any, title: str | None) -> None:
    wanted = _bare(title)
    for element in [*_lines_of(body)]:
        is_cell = element.tag in ("td", "th")
        text = squeeze("".join(element.itertext()).replace("\u3000", " ").replace("\xa0", " "))
        if element.getparent() is None:
            continue
        if (
            (not text and element.find(".//img") is None and not len(element))
            or (len(text) <= LONGEST_LINE and _LINE.match(text) and not _STOP.search(text))
            or (len(text) <= LONGEST_LINE and not is_cell and _is_label(text))
            or (len(text) <= LONGEST_NOTICE and _NOTICE.search(text))
            or (wanted and _bare(text) == wanted)
        ):
            take_out(element)


def _is_label(text: str) -> bool:
    """A line on date, source and author, or numbers of pages: no sentence."""
    if _NUMBERS.match(text):
        return True
    return _DATED.search(text) is not None and _SENTENCE.search(text) is None


def _drop_last_links(body: Any) -> None:
    """Lines after the last sentence that are nothing but links lead to other articles."""
    for element in reversed([*_lines_of(body)]):
        text = _bare("".join(element.itertext()))
        linked = _bare("".join("".join(link.itertext()) for link in element.iter("a")))
        if text and len(linked) < 0.8 * len(text):
            return
        if linked and element.getparent() is not None:
            take_out(element)


def _lines_of(body: Any) -> Iterator[Any]:
    """The blocks that hold no other block: lines and paragraphs."""
    for element in body.iter(etree.Element):
        if element is body or element.tag not in _BLOCKS:
            continue
        if not any(inner.tag in _BLOCKS for inner in element.iterdescendants(etree.Element)):
            yield element


def _bare(text: str | None) -> str:
    return re.sub(r"\W+", "", text or "")


def _unwrap(body: Any) -> None:
    """A block around a single block, and nothing else, is as good as that one alone."""
    for element in [*body.iter("div", "section", "span", "font", "center")]:
        parent = element.getparent()
        if parent is None or element is body or len(element) != 1 or (element.text or "").strip():
            continue
        only = element[0]
        if only.tag not in ("p", "div", "section") or (only.tail or "").strip():
            continue
        only.tail = element.tail
        parent.replace(element, only)
