"""The interface's words in Chinese and in English, and times and numbers as each writes them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from types import MappingProxyType

from aggregator.drift import said
from aggregator.model import Evidence
from aggregator.web.negotiate import Language

# key: (Chinese, English). Braces are filled in by str.format.
_WORDS: dict[str, tuple[str, str]] = {
    "skip": ("跳到正文", "Skip to content"),
    "feeds": ("订阅", "Feeds"),
    "sources": ("来源", "Sources"),
    "search": ("搜索", "Search"),
    "search_for": ("搜索文章", "Search the stories"),
    "search_lede": (
        "词语用空格隔开，同时出现才算；OR 表示任一，- 表示排除，引号表示短语。"
        "可以限定 title: 标题、source: 来源、outlet: 媒体、author: 作者，"
        "以及 after:2024-04-01、before: 日期。繁体简体不分。",
        "Words beside each other must all occur; OR means either, - excludes, quotes hold a "
        "phrase. Fields: title: source: outlet: author:, and after:2024-04-01, before: for dates.",
    ),
    "found_count": ("找到 {n} 篇", "{n} stories found"),
    "found_one": ("找到 1 篇", "1 story found"),
    "found_many": ("找到 {n} 篇以上", "More than {n} stories found"),
    "found_some": ("找到的文章", "Stories found"),
    "found_nothing": (
        "没有找到。换个说法，或者减少词语再试。",
        "Nothing matches. Try other words, or fewer of them.",
    ),
    "not_indexed": (
        "还有 {n} 篇尚未编入索引，稍后即可搜到。",
        "{n} texts are not indexed yet and will be found shortly.",
    ),
    "wrong_query": ("搜索式有误", "This search cannot be read"),
    "wrong_query_at": ("第 {n} 个字符处：", "At character {n}: "),
    "sort": ("排序", "Order"),
    "by_relevance": ("按相关度", "By relevance"),
    "by_time": ("按时间", "Newest first"),
    "search_as_feed": ("这个搜索也是一个订阅源", "This search is a feed"),
    "search_as_output": (
        "要让它像类别一样长期发布，把这一行加到 feeds.yaml 的 outputs 下：",
        "To publish it for good, as a category is, add this line to outputs in feeds.yaml:",
    ),
    "earlier": ("下一页", "Further"),
    "later": ("上一页", "Back"),
    "pages": ("翻页", "Pages"),
    "lede": (
        "把地址复制到任意一个阅读器，即可订阅。",
        "Copy an address into any feed reader to subscribe.",
    ),
    "all_title": ("全部", "Everything"),
    "uncategorized_title": ("未分类", "Uncategorized"),
    "count": ("{n} 篇", "{n} stories"),
    "count_one": ("1 篇", "1 story"),
    "empty_feeds": (
        "还没有文章，但现在就可以订阅：",
        "Nothing in these yet, but you can subscribe already:",
    ),
    "address_of": ("“{title}”的订阅地址", "Feed address of “{title}”"),
    "open_feed": ("打开", "Open"),
    "no_feeds": (
        "还没有发布任何内容。请先运行一次抓取。",
        "Nothing is published yet. Run a poll first.",
    ),
    "carriers": ("{n} 个来源", "{n} sources"),
    "summary_all_well": ("{n} 个来源，一切正常", "{n} sources, all well"),
    "summary_broken": ("{n} 个来源，{broken} 个有问题", "{n} sources, {broken} in trouble"),
    "the_rest": ("其余 {n} 个", "The other {n}"),
    "no_sources": (
        "还没有来源。在 feeds.yaml 里添加一个，三秒内生效。",
        "No sources yet. Add one to feeds.yaml; it is in force within three seconds.",
    ),
    "source": ("来源", "Source"),
    "state": ("状态", "State"),
    "last_poll": ("上次抓取", "Last poll"),
    "next_poll": ("下次抓取", "Next poll"),
    "entries": ("条目", "Entries"),
    "state_ok": ("正常", "OK"),
    "state_failing": ("出错", "Failing"),
    "state_odd": ("反常", "Unusual"),
    "odd_since": ("自 {time} 起", "since {time}"),
    "a_week": ("每周", "A week"),
    "hours": ("时段", "Hours"),
    "hours_of": ("一天中各小时的发布量", "when entries come, by the hour of the day"),
    "duplicates": ("重复 {n}", "{n} duplicate"),
    "unsorted": ("未分类 {part}%", "{part}% uncategorized"),
    "state_gone": ("已消失", "Gone"),
    "state_new": ("等待首次抓取", "Not polled yet"),
    "state_off": ("已停用", "Turned off"),
    "failing_since": ("自 {time} 起，连续 {n} 次", "since {time}, {n} in a row"),
    "gone_why": (
        "源站说它已永久删除，不再抓取",
        "its origin says it is gone for good; it is polled no more",
    ),
    "outcome_ok": ("已读取", "Read"),
    "outcome_ok_new": ("新增 {n} 条", "{n} new"),
    "outcome_not_modified": ("没有变化", "Nothing new"),
    "outcome_failed": ("失败", "Failed"),
    "outcome_gone": ("已删除", "Gone"),
    "never": ("从未", "never"),
    "not_planned": ("不再抓取", "none planned"),
    "due": ("即将", "due now"),
    "config_error": (
        "feeds.yaml 有误，未生效；仍按上一份正确的配置运行。",
        "feeds.yaml has a mistake and is not in force; the last good one still is.",
    ),
    "publish_error": (
        "最近一次发布失败，将自动重试。",
        "The last publishing failed; it is retried.",
    ),
    "store_error": ("最近一次写入存储失败。", "The store could not be written lately."),
    "crumbs": ("所在位置", "Where you are"),
    "category": ("类别", "Category"),
    "published": ("发布时间", "Published"),
    "byline": ("作者", "By"),
    "no_text": ("这篇文章没有附带正文。", "This article came without a text."),
    "older_version": (
        "这是 {time} 收录的旧版本，内容后来有改动。",
        "This is the version of {time}; the article has changed since.",
    ),
    "see_latest": ("看最新版本", "See the latest"),
    "media_picture": ("图片", "Picture"),
    "media_video": ("视频", "Video"),
    "media_audio": ("音频", "Audio"),
    "own_text": ("订阅里附带的原文", "The text that came in the feed"),
    "enclosures": ("附件", "Enclosures"),
    "enclosure_audio": ("音频", "Audio"),
    "enclosure_video": ("视频", "Video"),
    "enclosure_image": ("图片", "Picture"),
    "enclosure_file": ("文件", "File"),
    "disclaimer": (
        "以上内容为资讯信息快照，由 aggregator 自动采集并收录；除去掉危险代码外，"
        "本站未对信息做任何修改。信息内容不代表本站立场，如有侵权请联系我们删除。",
        "This is a snapshot of a story, collected automatically by aggregator and not changed "
        "but for the removal of dangerous code. It does not state the views of this site. "
        "If it infringes your rights, ask us to remove it.",
    ),
    "snapshot_time": ("快照生成时间", "Snapshot taken"),
    "permanent": ("永久地址", "permanent address"),
    "original_address": ("信息原文地址", "Original address"),
    "digest": ("快照摘要", "Digest"),
    "why_category": ("分类依据", "Category by"),
    "decided_source": ("来源的设置", "the source's setting"),
    "decided_rule": ("规则", "a rule"),
    "decided_model": ("自动分类", "the classifier"),
    "decided_correction": ("人工指定", "a person"),
    "also_carried": ("同一篇文章也见于", "Also carried by"),
    "seen": ("收录于", "seen"),
    "versions": ("历次版本", "Versions"),
    "first_version": ("首次收录", "first snapshot"),
    "what_changed": ("改动之处", "What changed"),
    "changed_title": ("标题", "title"),
    "changed_text": ("正文", "text"),
    "changed_metadata": ("其他信息", "other details"),
    "took_fulltext": ("补上了全文", "full text added"),
    "took_reextracted": (
        "本站从保存的原网页重新提取，原文未变",
        "read anew from the page that is kept; the original did not change",
    ),
    "changed_some": ("有改动：{what}", "changed: {what}"),
    "related": ("相关报道", "Related stories"),
    "more_of": ("更多关于“{title}”的资讯", "More in {title}"),
    "from": ("从", "From"),
    "until": ("到", "to"),
    "taken_out": ("删去的文字", "taken out"),
    "put_in": ("新增的文字", "put in"),
    "one_version": ("这篇文章只有一个版本。", "There is only one version of this article."),
    "same_text": (
        "标题和正文都没有改动。",
        "Neither the title nor the text differs between these versions.",
    ),
    "wrong_datetime_title": ("看不懂这个时间", "That is no date"),
    "wrong_datetime_text": (
        "Accept-Datetime 应写成 RFC 1123 的形式，例如 Mon, 23 Nov 2026 04:30:00 GMT。",
        "Accept-Datetime is to be written like Mon, 23 Nov 2026 04:30:00 GMT (RFC 1123).",
    ),
    "lost_title": ("没有这个页面", "There is no such page"),
    "lost_text": (
        "地址可能写错了，或者页面已经移走。",
        "The address may be mistyped, or the page may have moved.",
    ),
    "token_wanted_title": ("这个订阅源需要口令", "This feed is private"),
    "token_wanted_text": (
        "请在阅读器里填写口令作为密码，用户名任意。口令由站点管理员发放。",
        "Give your reader the token as password, with any user name. The operator hands them out.",
    ),
    "removed_item_title": ("这篇文章已撤下", "This article was removed"),
    "removed_item_text": (
        "它的内容、各个版本和快照都已销毁，不会恢复。",
        "Its text, every version and every snapshot of it were destroyed, for good.",
    ),
    "blocked_item_title": (
        "因法律要求，这篇文章已撤下",
        "This article was removed on a legal demand",
    ),
    "blocked_item_text": (
        "它的内容、各个版本和快照都已销毁，不会恢复。",
        "Its text, every version and every snapshot of it were destroyed, for good.",
    ),
    "removed": ("撤下", "Removed"),
    "removed_lede": (
        "这里列出应要求撤下的文章：编号、时间和原因。内容已经销毁，不会恢复。",
        "Articles taken down on request: id, time and reason. What they said is destroyed.",
    ),
    "no_removals": ("还没有撤下过任何文章。", "Nothing was taken down so far."),
    "removals_feed": ("撤下记录的订阅源", "Feed of removals"),
    "removed_legally": ("法律要求", "legal demand"),
    "removed_in_part": (
        "仅撤下其中一个来源的版本",
        "one source’s copy only; others still carry it",
    ),
    "page_of": ("第 {page} 页，共 {pages} 页", "Page {page} of {pages}"),
    "newer": ("较新", "Newer"),
    "older": ("较早", "Older"),
    "lost_feed_title": ("没有这个订阅源", "There is no such feed"),
    "lost_feed_text": (
        "这里没有名为“{name}”的订阅源。现有的订阅源：",
        "There is no feed called “{name}” here. These are the feeds:",
    ),
    "gone_feed_title": ("这个订阅源已取消", "This feed has ended"),
    "gone_feed_text": (
        "“{name}”不再发布，请退订。现有的订阅源：",
        "“{name}” is published no more; please unsubscribe. These are the feeds:",
    ),
    "soon_title": ("尚未发布", "Not published yet"),
    "soon_text": (
        "这个订阅源已经建立，文件还没有写好。请稍后再来。",
        "This feed exists, but its document is not written yet. Please come back soon.",
    ),
    "store_title": ("暂时读不到存储", "The store cannot be read right now"),
    "store_text": (
        "已发布的内容没有丢失。请稍后再来。",
        "Nothing published is lost. Please come back soon.",
    ),
    "failed_title": ("出了点问题", "Something went wrong"),
    "failed_text": (
        "这不是你的错，已经记录下来。",
        "It is not your fault, and it has been logged.",
    ),
    "method_title": ("这里只能查看", "This site can only be read"),
    "method_text": (
        "这个地址不接受这种请求。",
        "This address does not accept that kind of request.",
    ),
    "home": ("返回首页", "Back to the front page"),
    "made_with": ("由 aggregator 汇编", "Compiled by aggregator"),
    "original": ("原文版权归原作者所有", "Stories belong to their authors"),
}

WORDS = MappingProxyType(_WORDS)
HTML_LANGUAGE = {"zh": "zh-CN", "en": "en"}


class Words:
    """The words of one language, with times told in one zone as seen at one moment."""

    def __init__(self, language: Language, zone: tzinfo, now: datetime) -> None:
        self.language = language
        self.html_language = HTML_LANGUAGE[language]
        self._column = 0 if language == "zh" else 1
        self._zone = zone
        self._now = now.astimezone(zone)

    def __call__(self, key: str, **values: object) -> str:
        """The words of `key`, its braces filled."""
        return _WORDS[key][self._column].format(**values)

    def __contains__(self, key: str) -> bool:
        """Whether there are words of `key`."""
        return key in _WORDS

    def changed(self, what: Iterable[str]) -> str:
        """What changed in a version, named."""
        for one in what:
            if f"took_{one}" in self:
                return self(f"took_{one}")
        names = [self(f"changed_{one}") for one in what if f"changed_{one}" in self]
        if not names:
            return ""
        return self("changed_some", what=("、" if self.language == "zh" else ", ").join(names))

    def size(self, count: int) -> str:
        """A number of bytes, as people write it."""
        amount = float(count)
        for unit in ("B", "KB", "MB", "GB"):
            if amount < 1000 or unit == "GB":
                break
            amount /= 1000
        return f"{amount:.0f} {unit}" if unit == "B" or amount >= 10 else f"{amount:.1f} {unit}"

    def number(self, count: int) -> str:
        """A count with its thousands set apart."""
        return f"{count:,}"

    def count(self, count: int) -> str:
        """So many stories."""
        return self("count_one") if count == 1 else self("count", n=self.number(count))

    def stamp(self, moment: datetime) -> str:
        """The full time in the zone, to the second, with its offset."""
        at = moment.astimezone(self._zone)
        offset = f"{at:%z}"
        return f"{at:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:5]}"

    def iso(self, moment: datetime) -> str:
        """The time for `<time datetime>` (HTML, 2.3.5), to the second."""
        return moment.astimezone(self._zone).isoformat(timespec="seconds")

    def short(self, moment: datetime) -> str:
        """The hour of a time of today, the day of this year's, else the date."""
        at = moment.astimezone(self._zone)
        if at.date() == self._now.date():
            return f"{at:%H:%M}"
        if at.year != self._now.year:
            return f"{at:%Y-%m-%d}"
        if self.language == "zh":
            return f"{at.month}月{at.day}日"
        return f"{at.day} {_MONTHS[at.month - 1]}"

    def relative(self, moment: datetime) -> str:
        """How long ago, or how soon, in the largest unit that fits."""
        distance = moment - self._now
        past, seconds = distance <= timedelta(0), int(abs(distance).total_seconds())
        if seconds < 60:
            return ("刚刚", "just now")[self._column] if past else self("due")
        size, *names = next(unit for unit in _UNITS if seconds >= unit[0])
        count, name = seconds // size, names[self._column]
        if self.language == "zh":
            return f"{count} {name}{'前' if past else '后'}"
        return f"{count} {name} ago" if past else f"in {count} {name}"

    def evidence(self, evidence: Evidence) -> str:
        """What shows that something is wrong, as a sentence."""
        return said(evidence, self.language, self._zone)

    def upcoming(self, moment: datetime) -> str:
        """As `relative`, but what should have happened already is due now."""
        return self("due") if moment <= self._now else self.relative(moment)


_UNITS: tuple[tuple[int, str, str], ...] = (
    (86400, "天", "d"),
    (3600, "小时", "h"),
    (60, "分钟", "min"),
)
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
