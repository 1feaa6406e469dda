"""An article is taken out of a document that holds others, however it is written there."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.redacting import redacted

TEXT = "嘉北街道的张桂芳昨天在文昌苑门口向记者讲述了她家漏水三个月无人维修的经过。"
OTHER = "入冬以来汾湖的水产养殖户迎来捕捞季，今年全镇清水蟹产量预计达到四百六十吨。"


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16-le", "big5"])
def test_in_any_encoding(encoding: str) -> None:
    text, other = ("漏水三個月無人維修的經過昨天說", "今年清水蟹產量") if encoding == "big5" else (
        TEXT, OTHER)  # fmt: skip
    raw = f"<item><p>{text}</p></item><item>{other}</item>".encode(encoding)
    left = redacted(raw, encoding, [text])
    assert left is not None
    assert letters(text)[:4] not in left.decode(encoding)
    assert f"<item>{other}</item>" in left.decode(encoding)


@pytest.mark.parametrize(
    "write",
    [
        lambda text: "".join(f"&#{ord(one)};" for one in text),
        lambda text: "".join(f"&amp;#x{ord(one):X};" for one in text),
        lambda text: json.dumps(text)[1:-1],
        lambda text: f"{text[:5]}<b class='x'>{text[5:20]}</b> {text[20:]}",
        lambda text: f"{text[:5]}&lt;b&gt;{text[5:20]}&lt;/b&gt;\n{text[20:]}",
        lambda text: f'<meta name="description" content="{text}">',
    ],
)
def test_however_it_is_escaped(write: object) -> None:
    assert callable(write)
    raw = f"{OTHER} {write(TEXT)} {OTHER}".encode()
    left = redacted(raw, "utf-8", [TEXT])
    assert left is not None
    assert left.decode().startswith(OTHER)
    assert left.decode().endswith(OTHER)
    assert redacted(left, "utf-8", [TEXT]) is None
    for one in letters(TEXT):
        assert one in OTHER or one not in left.decode()


def test_what_does_not_hold_it_stays_as_it_is() -> None:
    assert redacted(OTHER.encode(), "utf-8", [TEXT]) is None
    assert redacted(TEXT.encode(), "utf-8", ["短"]) is None


def test_what_cannot_be_decoded_is_not_kept() -> None:
    assert redacted(b"\xff\xfe\x00", "no-such-encoding", [TEXT]) == b""


@given(st.text(max_size=80), st.text(max_size=80))
def test_nothing_else_changes(before: str, after: str) -> None:
    raw = f"{before}\n\n{TEXT}\n\n{after}".encode("utf-8", "surrogatepass")
    left = redacted(raw, "utf-8", [TEXT])
    assert left is not None
    assert len(left.decode("utf-8", "surrogateescape")) <= len(
        raw.decode("utf-8", "surrogateescape")
    )
    assert redacted(left, "utf-8", [TEXT]) is None
