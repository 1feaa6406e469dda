"""An article's cleaned HTML → HTML for a page that loads nothing from elsewhere.

Pictures, films and sounds become links to where they are: whoever reads here is not seen there
before they choose to go. `picture` is the one place to change for pictures that are brought here.
"""

from __future__ import annotations

import re
from html import escape, unescape

from aggregator.web.addresses import web_link

# The tags of cleaned HTML: nh3 writes them so and no other way, every value in double quotes.
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?: [a-z:-]+(?:="[^"]*")?)*)\s*/?>')
_ATTRIBUTE = re.compile(r' ([a-z:-]+)(?:="([^"]*)")?')
_EMPTY_LINK = re.compile(r"<a(?: [^<>]*)?></a>")
_MEDIA = frozenset(["img", "video", "audio", "source"])
# Their tags go, what stands in them stays: it is what a browser shows that knows none of them.
_DROPPED = frozenset(["video", "audio", "source", "track", "picture"])
_LONGEST_NAME = 120


def page_html(cleaned: str, words: dict[str, str]) -> str:
    """`cleaned` (by html.clean_html) with links in place of what would be loaded.

    `words` names what the links lead to, by `picture`, `video`, `audio`.
    """
    pieces: list[str] = []
    at = 0
    link: str | None = None  # the link that is open: one cannot stand in another
    inside = "video"  # what a <source> belongs to
    for tag in _TAG.finditer(cleaned):
        closing, name, attributes = tag[1], tag[2], tag[3]
        pieces.append(cleaned[at : tag.start()])
        at = tag.end()
        if name == "a":
            link = None if closing else tag[0]
        if name in ("video", "audio", "picture") and not closing:
            inside = name
        if name in _MEDIA and not closing:
            kind = inside if name == "source" else "picture" if name == "img" else name
            media = _media_link(kind, dict(_ATTRIBUTE.findall(attributes)), words)
            if media and link is not None:
                media = f"</a>{media}{link}"
            # Each size of one picture again would say the same several times.
            pieces.append("" if name == "source" and kind == "picture" else media)
        elif name not in _DROPPED:
            pieces.append(tag[0])
    pieces.append(cleaned[at:])
    return _EMPTY_LINK.sub("", "".join(pieces))


def _media_link(kind: str, attributes: dict[str, str], words: dict[str, str]) -> str:
    address = web_link(unescape(attributes.get("src", "")))
    if address is None:
        return ""
    said = unescape(attributes.get("alt") or attributes.get("title") or "").strip()
    label = f"{words[kind]}: {said[:_LONGEST_NAME]}" if said else words[kind]
    return picture(address, label)


def picture(address: str, label: str) -> str:
    """What stands in a page for a picture, film or sound at `address`."""
    return (
        f'<a class="media" href="{escape(address)}" rel="noopener noreferrer nofollow">'
        f"{escape(label)}</a>"
    )
