"""A replica e-paper on loopback: editions by day in the layout of 嘉兴日报, and its twin in GBK."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date

from tests.acceptance.origin import Origin, Page

SECTIONS = ("要闻", "秀洲新闻")


@dataclass
class Article:
    """One article: its number in the paper, title and paragraphs."""

    number: int
    title: str
    paragraphs: tuple[str, ...]
    picture: bool = False


@dataclass
class Edition:
    """A day of the paper: a list of articles a page."""

    day: date
    pages: list[list[Article]]


@dataclass
class Paper:
    """The paper as its origin serves it; `name` is its path, `encoding` that of its pages."""

    origin: Origin
    name: str = "jxrbPaper"
    encoding: str = "utf-8"
    editions: list[Edition] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address to configure."""
        return f"{self.origin.base}/{self.name}/pc/layout/{{date:%Y%m/%d}}/node_01.html"

    def layout(self, day: date, number: int) -> str:
        """The path of a page of an edition."""
        return f"/{self.name}/pc/layout/{day:%Y%m/%d}/node_{number:02d}.html"

    def content(self, day: date, article: Article) -> str:
        """The path of an article."""
        return f"/{self.name}/pc/content/{day:%Y%m/%d}/content_{article.number}.html"

    def publish(self, edition: Edition) -> None:
        """Put an edition's pages on the origin, or put them there again after a change."""
        if edition not in self.editions:
            self.editions.append(edition)
        for number, articles in enumerate(edition.pages, 1):
            self._put(self.layout(edition.day, number), self._layout_page(edition, articles))
            for article in articles:
                self._put(self.content(edition.day, article), self._article_page(edition, article))

    def _put(self, path: str, html: str) -> None:
        body = html.encode(self.encoding)
        etag = '"' + hashlib.sha256(body).hexdigest()[:12] + '"'
        # As such servers do: the charset stands in the page only.
        self.origin.pages[path] = Page(body, "text/html", 200, etag)

    def _head(self, title: str) -> str:
        return (
            "<!DOCTYPE html><html><head>"
            f'<meta http-equiv="Content-Type" content="text/html; charset={self.encoding}">'
            f"<title>{title}</title><script>var p='<a href=x>';</script></head><body>"
            '<div class="nav"><a href="/index.html">首页</a> <a href="javascript:;">往期</a></div>'
        )

    def _layout_page(self, edition: Edition, articles: list[Article]) -> str:
        pages = "".join(
            f'<li><a href="node_{at:02d}.html">第 {at:02d} 版:{SECTIONS[(at - 1) % 2]}</a>'
            f'<a href="../../../att/{at}.pdf"><img src="pdf.gif"></a></li>'
            for at in range(1, len(edition.pages) + 1)
        )
        up = f"/{self.name}/pc/content/{edition.day:%Y%m/%d}"
        listed = "".join(
            f'<li class="clearfix"><a href="{up}/content_{a.number}.html;jsessionid=A1{a.number}">'
            f"{a.title}</a></li>"
            for a in articles
        )
        return (
            self._head("电子报") + f'<div id="list"><ul>{pages}</ul></div>'
            f'<ul id="articlelist">{listed}</ul></body></html>'
        )

    def _article_page(self, edition: Edition, article: Article) -> str:
        paragraphs = "".join(f"<p>&nbsp;&nbsp;{text}</p>" for text in article.paragraphs)
        picture = (
            '<div class="attachment"><img src="/blank.gif" data-src="../../../images/pic_1.jpg">'
            "</div>"
            if article.picture
            else ""
        )
        return (
            self._head(article.title) + f'<div id="Title">{article.title}</div>'
            f"<p><date>{edition.day:%Y-%m-%d}</date> 版名:要闻</p>{picture}"
            f"<founder-content>{paragraphs}</founder-content>"
            "<script>count()</script></body></html>"
        )


def edition(day: date, per_page: int = 3, pages: int = 2) -> Edition:
    """An edition whose articles all differ."""
    made = [
        [
            Article(
                number=day.day * 1000 + page * 100 + at,
                title=f"{day:%m月%d日}第{page}版第{at}篇",
                paragraphs=(
                    f"本报讯 {day:%m月%d日}第{page}版第{at}篇的第一段,说的是本地的一件新事。",
                    f"第二段写得更细一些:编号{day.day * 1000 + page * 100 + at},不与别篇相同。",
                ),
                picture=at == 1,
            )
            for at in range(1, per_page + 1)
        ]
        for page in range(1, pages + 1)
    ]
    return Edition(day, made)
