"""Laws of decoding that no single document shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.parse.decode import decode, decode_part
from aggregator.parse.guess import guess_encoding
from aggregator.parse.labels import codec_of, encoding_named


@given(st.binary(max_size=300), st.sampled_from([None, "text/xml; charset=gbk", "x; charset=?"]))
def test_any_bytes_have_a_text(body: bytes, content_type: str | None) -> None:
    decoded = decode(body, content_type)
    assert decode_part(body[decoded.start :], decoded.encoding) == decoded.text
    if decoded.exact:
        assert decoded.text.encode() == body[decoded.start :]


@given(st.text(alphabet="中文新闻经济 abc。，", min_size=1, max_size=60), st.integers(0, 59))
def test_one_bad_byte_costs_one_character(text: str, place: int) -> None:
    place = min(place, len(text))
    body = text[:place].encode("gb18030") + b"\xff" + text[place:].encode("gb18030")
    head = b'<?xml version="1.0" encoding="gb2312"?>'
    assert decode(head + body).text == head.decode() + text[:place] + "\ufffd" + text[place:]


@pytest.mark.parametrize("codec", ["gb18030", "euc_jp", "cp932", "utf-8"])
def test_a_long_body_decodes_as_a_short_one(codec: str) -> None:
    text = "日本語と中文。" * 100_000
    name = {"euc_jp": "euc-jp", "cp932": "shift_jis"}.get(codec, codec)
    assert decode_part(text.encode(codec) + b"\xff", name) == text + "\ufffd"


@pytest.mark.parametrize(
    ("label", "encoding"),
    [
        ("GB2312", "gb18030"),
        (" gbk ", "gb18030"),
        ("ISO-8859-1", "windows-1252"),
        ("us-ascii", "windows-1252"),
        ("ks_c_5601-1987", "euc-kr"),
        ("x-sjis", "shift_jis"),
        ("cp866", "ibm866"),
        ("windows-1251", "windows-1251"),
        ("UTF8", "utf-8"),
        ("rot13", None),
        ("utf-7", None),
        ("base64", None),
        ("", None),
        (None, None),
    ],
)
def test_labels(label: str | None, encoding: str | None) -> None:
    assert encoding_named(label) == encoding
    if encoding is not None:
        "x".encode(codec_of(encoding))


@pytest.mark.parametrize(
    ("text", "codec", "encoding"),
    [
        ("今天的新闻：全国经济工作会议召开", "gb18030", "gb18030"),
        ("今天的新聞：我們要說這個國家的經濟", "big5", "big5"),
        ("これはテストです。よろしくおねがいします", "cp932", "shift_jis"),
        ("これはテストです。よろしくおねがいします", "euc_jp", "euc-jp"),
        ("이것은 한국어로 된 기사입니다. 사람들이 많이 읽는다", "euc_kr", "euc-kr"),
        ("Ärger über größere Füße in Köln", "cp1252", "windows-1252"),
    ],
)
def test_guesses(text: str, codec: str, encoding: str) -> None:
    assert guess_encoding(text.encode(codec)) == encoding
