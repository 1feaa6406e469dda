"""One key for all tellers' links to a page, another for every other page; fit ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.dedupe.links import fit_atom_id, link_key

SAME = [
    ("http://x.example/a", "https://x.example/a"),
    ("https://www.x.example/a", "https://x.example/a"),
    ("https://X.Example./a", "https://x.example/a"),
    ("https://x.example:443/a", "http://x.example:80/a"),
    ("https://u:p@x.example/a", "https://x.example/a"),
    ("https://x.example/a/", "https://x.example/a"),
    ("https://x.example", "https://x.example/"),
    ("  https://x.example/a\n", "https://x.example/a"),
    ("https://x.example/a?utm_source=rss&utm_medium=x", "https://x.example/a"),
    ("https://x.example/a?id=1&fbclid=zz", "https://x.example/a?id=1"),
    ("https://x.example/a?spm=1.2&id=1", "https://x.example/a?id=1"),
    ("https://x.example/a?id=1&", "https://x.example/a?id=1"),
    ("https://x.example/a;jsessionid=0F?id=1", "https://x.example/a?id=1"),
    ("https://x.example/a?PHPSESSID=1", "https://x.example/a"),
    ("https://x.example/a#utm_source=x", "https://x.example/a"),
    ("https://x.example/%7Ea/%e5%9b%bd", "https://x.example/~a/国"),
    ("https://x.example/a?q=%e5%9b%bd", "https://x.example/a?q=国"),
    ("https://x.example/a?q=b+c", "https://x.example/a?q=b%20c"),
    ("https://x.example/a b", "https://x.example/a%20b"),
]
OTHER = [
    ("https://x.example/a", "https://x.example/b"),
    ("https://x.example/a", "https://x.example/A"),
    ("https://x.example/a?id=1", "https://x.example/a?id=2"),
    ("https://x.example/?12345", "https://x.example/?12346"),
    ("https://x.example/a#1", "https://x.example/a#2"),
    ("https://x.example:8080/a", "https://x.example/a"),
    ("https://a.example/x", "https://b.example/x"),
    ("https://m.x.example/a", "https://x.example/a"),
    ("https://x.example/a%2Fb", "https://x.example/a/b"),
    ("https://x.example/tag/%B9%FA%C4%DA", "https://x.example/tag/%B9%FA%CD%E2"),
    ("https://x.example/?tag=%B9%FA%C4%DA", "https://x.example/?tag=%B9%FA%CD%E2"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_links_to_one_page_have_one_key(one: str, other: str) -> None:
    assert link_key(one) == link_key(other) is not None


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_links_to_other_pages_have_other_keys(one: str, other: str) -> None:
    assert link_key(one) != link_key(other)


@pytest.mark.parametrize(
    "link",
    [
        *(None, "", " ", "/a", "a/b", "mailto:x@y.example", "javascript:x", "urn:x:y", "http://"),
        *("http:///a", "http:a", "ftp://x/y", "data:,x", "http://[::1", "http://x:y/", "//x/y"),
        *("http://x:99999/", "http://a\u2100b/", "file:///x"),
    ],
)
def test_what_is_no_web_link_has_no_key(link: str | None) -> None:
    assert link_key(link) is None


@pytest.mark.parametrize(
    "link",
    [
        "http://x/\ud800?\ud800=\ud800#\ud800",
        "http://\ud800/",
        "http://x/%",
        "http://x/%%%zz%u1234",
        "http://[::1]/a",
        "http://x/\x00\x1f\x7f",
        "http://xn--/",
        "http://" + "a" * 100_000,
        "http://x/" + "%" * 100_000,
        "http://x/?" + "&" * 100_000,
        "http://x/?" + "a=b&" * 100_000,
        "http://x/" + ";sid=" * 100_000,
    ],
)
def test_hostile_links_never_raise(link: str) -> None:
    key = link_key(link)
    assert key is None or key.encode()


@given(st.text(alphabet=st.characters(codec=None), max_size=60))
def test_any_text_as_a_link_never_raises_and_is_settled_at_once(text: str) -> None:
    for link in (text, "http://x.example/" + text, "http://x.example/?" + text):
        key = link_key(link)
        if key is not None and "?" not in key and "#" not in key:
            again = link_key("http://" + key)
            assert again is None or again == link_key("https://" + key)
    path_key = link_key("http://x.example/a/" + text.replace("#", "").replace("?", ""))
    if path_key:
        assert link_key("http://" + path_key) == path_key.rstrip("/")


@pytest.mark.parametrize(
    "guid",
    [
        "https://x.example/a",
        "http://x.example/?p=1",
        "https://x.example:8080/a#b",
        "https://x.example/%E5%9B%BD",
        "tag:x.example,2026:1",
        "tag:x.example,2026-11-23:/a/b",
        "urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a",
        "urn:isbn:0451450523",
    ],
)
def test_ids_in_normal_form_are_fit(guid: str) -> None:
    assert fit_atom_id(guid)


@pytest.mark.parametrize(
    "guid",
    [
        *("", "1", "x.example/a", "/a", "https://x.example", "https://X.example/a", "HTTP://x/a"),
        *("https://x.example/国", "https://x.example/a b", "https://x.example/%e5", "http://x/%"),
        *(
            "https://x.example/%41",
            "https://x.example:443/a",
            "http://x.example:080/a",
            "http://x/%zz",
        ),
        *(
            "https://x.example/a/../b",
            "https://x.example/./a",
            "https:///a",
            "https://u@x.example/a",
        ),
        *("tag:x", "tag:x.example:1", "tag:x y,2026:1", "tag:x.example,26:1", "tag:国,2026:1"),
        *("urn:x", "urn::y", "urn:uuid:1225C695-CFB8-4EBB-AAAA-80DA344EFA6A", "urn:uuid:1"),
        *("javascript:alert(1)", "data:,x", "mailto:a@b.example", "file:///a", "urn:x:\n"),
        *("https://x.example/a\n", "https://x.example/" + "a" * 2000, 'http://x/"', "http://x/<"),
    ],
)
def test_other_ids_are_not_fit(guid: str) -> None:
    assert not fit_atom_id(guid)


@given(
    st.from_regex(
        r"https?://(www\.)?[a-z0-9.-]{1,12}(/[A-Za-z0-9_.~-]{1,6}){0,3}/?", fullmatch=True
    )
)
def test_a_link_with_nothing_to_leave_out_has_the_key_it_has_by_the_long_way(link: str) -> None:
    assert link_key(link) == link_key(f" {link}?")
