"""No secret of a source's address is shown, and no link leads where a page must not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.web.addresses import Site, public_host, public_url, web_link, without_secrets

SECRET = "https://user:pa55word@news.example.cn:8443/rss/all.xml?token=abcd1234&x=1#frag1"


def test_a_public_url_has_no_login_query_or_fragment() -> None:
    assert public_url(SECRET) == "https://news.example.cn:8443/rss/all.xml"
    assert public_host(SECRET) == "news.example.cn:8443"
    assert public_host("https://www.people.com.cn/rss/x.xml") == "people.com.cn"


@pytest.mark.parametrize("url", ["file:///srv/secret/feed.xml", "/srv/secret/feed.xml"])
def test_a_file_is_shown_by_its_name(url: str) -> None:
    assert public_url(url) == "feed.xml"
    assert public_host(url) == "feed.xml"


@given(st.text(max_size=60))
def test_any_address_is_shown_somehow(url: str) -> None:
    assert isinstance(public_url(url), str)
    assert isinstance(public_host(url), str)
    assert isinstance(without_secrets(url, url), str)


PIECE = st.text("abcdefghijkmnpqrstuvwxyz23456789", min_size=8, max_size=16)


@given(PIECE, PIECE, PIECE)
def test_nothing_secret_comes_through(user: str, password: str, token: str) -> None:
    url = f"https://{user}:{password}@Z.example/F.xml?key={token}&Q=1"
    message = f"GET {url} gave 403; {token} was refused for {user}:{password} at F.xml?key={token}"
    for shown in (public_url(url), public_host(url), without_secrets(message, url)):
        assert user not in shown
        assert password not in shown
        assert token not in shown


def test_messages_keep_what_helps() -> None:
    message = "cannot connect to https://a.example/feed?k=12345: refused"
    shown = without_secrets(message, "https://a.example/feed?k=12345")
    assert shown == "cannot connect to https://a.example/…: refused"
    assert without_secrets("header value s3cr3t", secrets=("s3cr3t",)) == "header value ***"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "/local",
        "//host/x",
        "https://",
        "https://[bad",
        None,
        "",
    ],
)
def test_what_is_no_web_address_is_not_linked_to(url: str | None) -> None:
    assert web_link(url) is None


def test_links_come_from_base_url_alone() -> None:
    site = Site("https://example.org/新闻/")
    assert site.full("feeds/all.atom") == "https://example.org/新闻/feeds/all.atom"
    assert site.local("sources") == "/%E6%96%B0%E9%97%BB/sources"
    assert site.inner_path("/新闻/feeds/all.atom") == "/feeds/all.atom"
    assert site.inner_path("/新闻") == "/"
    assert site.inner_path("/feeds/all.atom") == "/feeds/all.atom"
    assert Site("http://127.0.0.1:8000").local("") == "/"
