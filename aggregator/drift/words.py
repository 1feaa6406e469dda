"""Alarms, their evidence and failed fetches → what people read, in Chinese or in English. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Literal, NamedTuple

from aggregator.model import Evidence

Language = Literal["zh", "en"]


class Kind(NamedTuple):
    """A kind of alarm as (Chinese, English): its name, what the source did, what to do."""

    name: tuple[str, str]
    event: tuple[str, str]
    advice: tuple[str, str]


# The order is that of urgency.
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "gone": Kind(
            ("永久消失", "gone for good"),
            ("已永久消失", "is gone for good"),
            (
                "源站说它已永久消失：删去这个来源，或者找到它的新地址",
                "the origin says it is gone for good: remove the source, or find its new address",
            ),
        ),
        "moved": Kind(
            ("只剩停更或搬家的告示", "only says that it has ended or moved"),
            ("只剩停更或搬家的告示", "only says that it has ended or moved"),
            (
                "它只说自己已停办或搬走：到那里看看新地址",
                "it only says that it has ended or moved: look there for the new address",
            ),
        ),
        "selector": Kind(
            ("选择器不再匹配", "a selector finds nothing"),
            ("的选择器什么也没匹配到", "is a page in which a selector finds nothing"),
            (
                "网页改版了：看看页面，改一改 feeds.yaml 里的选择器",
                "the page was rebuilt: look at it and mend the selectors in feeds.yaml",
            ),
        ),
        "pages": Kind(
            ("文章页抓不到", "articles' pages cannot be had"),
            ("的文章页抓不到", "has articles whose pages cannot be had"),
            (
                "用浏览器打开这一页：网站也许要求登录、换了地址，或不许程序抓取",
                "open the page in a browser: the site may want a login, have moved it, or keep "
                "programs out",
            ),
        ),
        "thin": Kind(
            ("正文没有了或骤短", "texts are gone or suddenly short"),
            ("的文章没有正文或骤短", "has articles whose texts are gone or suddenly short"),
            (
                "打开这一页，再用 aggregator check --probe 看看取到了什么；"
                "改好选择器之后 aggregator reextract 可以补上",
                "open the page, and see with `aggregator check --probe` what is found; after the "
                "selectors are mended, `aggregator reextract` makes up for it",
            ),
        ),
        "failing": Kind(
            ("连续抓取失败", "fails"),
            ("连续抓取失败", "fails"),
            (
                "用浏览器打开这个地址；网站若已搬家，请换成新地址",
                "open the address in a browser; if the site has moved, give its new one",
            ),
        ),
        "empty": Kind(
            ("不再有条目", "no entries any more"),
            ("不再有条目", "is empty"),
            (
                "打开这个订阅看看：那里若也是空的，告诉网站，或者另找一个",
                "open the feed: if it is empty there too, tell the site or look for another feed",
            ),
        ),
        "collapsed": Kind(
            ("条目骤减", "most entries are missing"),
            ("条目骤减", "lost most of its entries"),
            (
                "打开它看看：原来在里面的条目少了许多",
                "open it: entries that used to stand in it are missing",
            ),
        ),
        "encoding": Kind(
            ("文字编码损坏", "damaged text"),
            ("文字编码损坏", "has damaged text"),
            (
                "文字在源站就已损坏：请告诉网站，这里无能为力",
                "the text is damaged at the origin: tell the site; nothing to be done here",
            ),
        ),
        "undated": Kind(
            ("日期无法读取", "dates cannot be read"),
            ("日期无法读取", "has dates that cannot be read"),
            (
                "它的日期再也读不出来：用 aggregator parse 看看，并告诉我们",
                "its dates cannot be read any more: see `aggregator parse` and report it",
            ),
        ),
        "silent": Kind(
            ("异常沉默", "unusually silent"),
            ("异常沉默", "has been silent for unusually long"),
            (
                "看看网站是否还在更新，是否还更新在这个订阅里",
                "see whether the site still publishes, and whether it does so in this feed",
            ),
        ),
        "certificate": Kind(
            ("证书即将到期", "certificate ends soon"),
            ("证书即将到期", "has a certificate that ends soon"),
            (
                "请告诉网站：证书到期后就再也抓不到它了",
                "tell the site: once its certificate has ended it cannot be fetched any more",
            ),
        ),
        # Of categories.
        "unsure": Kind(
            ("分类把握下降", "less sure"),
            ("的分类把握下降", "is recognised with less confidence"),
            (
                "看看这类新条目（aggregator why），用 aggregator relabel 改正几条，"
                "或给一个讲它的来源写上 category：下次训练会学到",
                "see its newest entries (`aggregator why`), put some right (`aggregator relabel`) "
                "or give a source that tells of it this `category`: the next training learns it",
            ),
        ),
        "uncategorized": Kind(
            ("未分类增多", "more without a category"),
            ("变多", "has grown"),
            (
                "看看未分类里新来的是什么：加一条规则，或给它们的来源写上 category，"
                "或用 aggregator relabel 教几条",
                "look at what is new among the uncategorized: add a rule, give their source a "
                "`category`, or teach some with `aggregator relabel`",
            ),
        ),
    }
)

# what of an Evidence → the sentence. Facts that end in _at are moments (seconds since 1970), those
# that end in _h are hours.
_SENTENCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "text": ("{text}", "{text}"),
        "none": ("一条也没有，平时有 {usual} 条", "there are none; {usual} are usual"),
        "few": ("只有 {count} 条，平时有 {usual} 条", "{count} where {usual} are usual"),
        "selector": (
            "{url} 上没有与 `{key}: {selector}` 匹配的内容",
            "`{key}: {selector}` matches nothing on {url}",
        ),
        "selector-near": (
            "{url} 上没有与 `{key}: {selector}` 匹配的内容；那里有 {nearest}",
            "`{key}: {selector}` matches nothing on {url}; the page has {nearest}",
        ),
        "no-text": ("{url} 上没有取到正文", "no text was found on {url}"),
        "short-text": (
            "{url} 上只取到 {count} 个字，平时约有 {usual} 个",
            "only {count} characters were found on {url}; some {usual} are usual",
        ),
        "notice": ("里面只写着“{title}”", "it only says “{title}”"),
        "undated": (
            "{count} 条新条目都没有可读的日期",
            "none of {count} new entries has a date that can be read",
        ),
        "undated-one": (
            "新条目没有可读的日期",
            "a new entry has no date that can be read",
        ),
        "encoding": (
            "文字与编码不符，例如“{title}”",
            "the text does not fit its encoding, as in “{title}”",
        ),
        "silent": (
            "自 {last_at} 起没有新条目；超过 {usual_h}就不寻常",
            "nothing new since {last_at}; more than {usual_h} is unusual for it",
        ),
        "unsure": (
            "{first} 至 {last} 的 {count} 条平均把握 {now}%，"
            "{before_first} 至 {before_last} 的 {before_count} 条为 {before}%",
            "{now} % sure on average of {count} entries from {first} to {last}, "
            "after {before} % of {before_count} from {before_first} to {before_last}",
        ),
        "uncategorized": (
            "{first} 至 {last} 的 {count} 条新条目有 {now}% 没有分类，"
            "{before_first} 至 {before_last} 的 {before_count} 条为 {before}%",
            "{now} % of {count} new entries from {first} to {last} found no category, "
            "after {before} % of {before_count} from {before_first} to {before_last}",
        ),
        "certificate": ("证书将于 {ends_at} 到期", "its certificate ends at {ends_at}"),
        "certificate-expired": ("证书已经到期", "its certificate has expired"),
    }
)

# reason of a FetchFailed → why, in Chinese; in English its own message says more.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "bad-redirect": "转向没有给出可用的地址",
        "bad-request": "请求无法发出",
        "bad-response": "答复不是合格的 HTTP",
        "bad-scheme": "只能抓取 http 和 https 地址",
        "bad-url": "地址写得不对",
        "certificate-expired": "网站的证书已经到期",
        "connect": "连接不上网站",
        "connect-timeout": "在时限内没有连接上",
        "connection": "连接中断",
        "disconnected": "网站没有答复就断开了连接",
        "dns": "找不到这个域名",
        "empty": "内容是空的",
        "error": "发生了意料之外的错误",
        "file": "文件读不出来",
        "headers-too-large": "答复的头部超过上限",
        "html": "这里是一个网页，不是订阅",
        "http-401": "网站要求登录（401）",
        "http-403": "网站拒绝访问（403）",
        "http-404": "网站说没有这个地址（404）",
        "http-410": "网站说它已永久删除（410）",
        "http-429": "网站请我们暂时不要来（429）",
        "http-500": "网站内部出错（500）",
        "http-502": "网站的网关出错（502）",
        "http-503": "网站暂时无法服务（503）",
        "http-504": "网站的网关超时（504）",
        "idle-timeout": "很久没有收到任何数据",
        "in-flight-limit": "太大又太慢，占了别人的位置",
        "incomplete": "文章的后续页面没有取全",
        "internal": "本程序自身出错，请告诉我们",
        "no-article": "页面上没有标题也没有正文",
        "no-page": "这里不是网页",
        "no-reader": "读取文档的子进程没有启动",
        "not-a-feed": "这里不是订阅",
        "private-address": "地址指向内网（见 fetch.allow_private）",
        "proxy": "代理没有连接上",
        "redirect-loop": "转来转去又回到原处",
        "robots": "网站的 robots.txt 不允许抓取",
        "robots-unknown": "读不到网站的 robots.txt，所以不抓取",
        "selector": "选择器什么也没匹配到",
        "timeout": "整个抓取超过了时限",
        "tls": "无法建立安全的连接",
        "too-expensive": "文档太复杂，读起来太费力",
        "too-large": "文档超过上限",
        "too-many-redirects": "转向次数太多",
        "truncated": "内容传到一半就断了",
        "unsolicited-304": "没有问过，却答“没有变化”（304）",
    }
)


def name(kind: str, language: Language) -> str:
    """What a kind of alarm is called."""
    return KINDS[kind].name[_column(language)] if kind in KINDS else kind


def event(kind: str, language: Language) -> str:
    """What a source does for which the alarm is raised; reads on from the source's title."""
    return KINDS[kind].event[_column(language)] if kind in KINDS else kind


def advice(kind: str, language: Language) -> str:
    """What to do about an alarm of a kind."""
    return KINDS[kind].advice[_column(language)] if kind in KINDS else kind


def said(evidence: Evidence, language: Language, zone: tzinfo) -> str:
    """The evidence as a sentence, its times in `zone`."""
    facts = {key: _fact(key, value, language, zone) for key, value in evidence.facts.items()}
    if evidence.what in ("failed", "page-failed"):
        why = why_failed(facts.get("reason"), facts.get("text"), language) or ""
        url = facts.get("url", "")
        return why if url in why else f"{why}{'：' if language == 'zh' else ': '}{url}"
    sentence = _SENTENCES.get(evidence.what, _SENTENCES["text"])[_column(language)]
    try:
        return sentence.format(**facts)
    except KeyError:  # written by another version
        return evidence.what


def why_failed(reason: str | None, message: str | None, language: Language) -> str | None:
    """Why a fetch failed: the message, in Chinese behind what its reason means."""
    if language == "en" or reason is None:
        return message
    chinese = REASONS.get(reason)
    if chinese is None and reason.startswith("http-"):
        chinese = f"网站答复状态 {reason.removeprefix('http-')}"
    if chinese is None or reason.startswith("http-") or not message:
        return chinese or message
    return f"{chinese}（{message}）"


def _fact(key: str, value: str | float, language: Language, zone: tzinfo) -> str:
    if key.endswith("_at") and not isinstance(value, str):
        return f"{datetime.fromtimestamp(value, zone):%Y-%m-%d %H:%M}"
    if key.endswith("_h") and not isinstance(value, str):
        return _span(value, language)
    return value if isinstance(value, str) else f"{value:.0f}"


def _span(hours: float, language: Language) -> str:
    days, chinese = hours >= 48, language == "zh"
    if days:
        return f"{hours / 24:.1f} 天" if chinese else f"{hours / 24:.1f} days"
    return f"{hours:.0f} 小时" if chinese else f"{hours:.0f} hours"


def _column(language: Language) -> int:
    return 0 if language == "zh" else 1
