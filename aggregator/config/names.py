"""Titles and addresses → ids that are free, in the form that feeds.yaml asks for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from urllib.parse import unquote, urlsplit

from aggregator.config.values import MAX_ID, RESERVED_IDS

# Ids are ASCII; the titles that Chinese readers give their folders, in English.
_TRANSLATED = {
    "国内": "domestic", "中国": "china", "国际": "world", "世界": "world", "环球": "world",
    "财经": "finance", "经济": "economy", "金融": "finance", "商业": "business", "股市": "stocks",
    "科技": "technology", "技术": "tech", "互联网": "internet", "数码": "gadgets", "编程": "code",
    "人工智能": "ai", "体育": "sports", "文化": "culture", "娱乐": "entertainment",
    "健康": "health-news", "社会": "society", "军事": "military", "教育": "education",
    "汽车": "cars", "房产": "property", "地方": "local", "本地": "local", "生活": "life",
    "博客": "blogs", "新闻": "news", "要闻": "top-news", "时政": "politics", "观点": "opinion",
    "评论": "comment", "游戏": "games", "设计": "design", "音乐": "music", "电影": "films",
    "播客": "podcasts", "视频": "videos", "历史": "history", "旅游": "travel", "美食": "food",
    "摄影": "photos", "阅读": "reading", "读书": "books", "科学": "science", "环保": "environment",
}  # fmt: skip
_GENERIC = frozenset(
    "feed feeds rss rss2 atom xml index default posts news all www rdf json php html".split()
)


def slug(text: str) -> str:
    """The ASCII words of a text as an id, or an empty string where it has none."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_ID].strip("-")


def source_id(title: str | None, url: str, taken: Container[str], prefix: str = "") -> str:
    """A free id for a source: from its title where that has words in ASCII, else its address."""
    name = slug(title or "")
    letters = sum(character.isascii() and character.isalpha() for character in title or "")
    if letters < 3 or letters * 2 < len("".join((title or "").split())):
        name = _from_address(url) or name
    return _free((prefix + (name or "source"))[:MAX_ID].strip("-"), taken)


def category_id(title: str, taken: Container[str]) -> str:
    """A free id for a category of a title; never a reserved one."""
    name = _TRANSLATED.get(title.strip()) or slug(title) or "category"
    return _free(f"{name}-news" if name in RESERVED_IDS else name, taken)


def _from_address(url: str) -> str:
    """`chinanews-china` from https://www.chinanews.com.cn/rss/china.xml."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    labels = [label for label in (parts.hostname or "").split(".") if label not in ("www", "feeds")]
    while len(labels) > 1 and (len(labels[-1]) <= 3 or labels[-1] in ("info", "xyz")):
        labels.pop()
    if all(label.isdigit() for label in labels):
        labels = []
    segments = [slug(part.rpartition(".")[0] or part) for part in unquote(parts.path).split("/")]
    telling = [part for part in segments if part and part not in _GENERIC]
    return "-".join([*labels[-1:], *telling[-1:]])[:MAX_ID].strip("-")


def _free(name: str, taken: Container[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name[: MAX_ID - 5]}-{number}" in taken:
        number += 1
    return f"{name[: MAX_ID - 5]}-{number}"
