"""feeds.yaml and what is to be added to it → feeds.yaml, everything else in it untouched.

New items are spliced in as text at the places that libyaml's marks name, so that not a byte of
the person's own changes. What comes out is read again; where it does not say exactly what was
wanted (odd flow style, comments within brackets), ruamel.yaml's round trip writes it instead.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from aggregator.config.document import read_document

_UNSHOWN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
# Most texts, told at a glance.
_SURELY_PLAIN = re.compile(r"(?:https?://)?\w[\w./?=&%~+@·-]*")

Item = Mapping[str, Any]


class EditError(Exception):
    """A feeds.yaml that cannot be added to."""


def add_items(content: bytes, categories: Sequence[Item], sources: Sequence[Item]) -> bytes:
    """feeds.yaml's bytes with categories and sources added; raises EditError.

    Items are mappings of key to text or list of texts, in the order in which they are written. A
    source goes behind the last one of its category, else to the end. The file must be valid.
    """
    document = read_document(content, "feeds.yaml")
    if not isinstance(document.data, dict) or document.problems:
        raise EditError("feeds.yaml must be valid before something is added to it")
    wanted = {key: list(document.data.get(key) or []) for key in ("categories", "sources")}
    splices: list[_Splice] = []
    for key, items in (("categories", categories), ("sources", sources)):
        for position, group in _placed(wanted[key], items):
            splices.append(_Splice(key, position, group))
    for splice in sorted(splices, key=lambda splice: -splice.position):
        wanted[splice.key][splice.position : splice.position] = [dict(i) for i in splice.items]
    expected = {**document.data, **{key: items for key, items in wanted.items() if items}}
    for attempt in (_by_splicing, _by_round_trip):
        edited = attempt(content, document.node, splices)
        if edited is not None and _says(edited, expected) and _keeps_comments(content, edited):
            return edited
    raise EditError("the form of feeds.yaml is too unusual to add to it; write the lines yourself")


class _Splice:
    """Items to be put before the item that has `position` now (or behind the last)."""

    def __init__(self, key: str, position: int, items: list[Item]) -> None:
        self.key, self.position, self.items = key, position, items


def _says(content: bytes, expected: dict[str, Any]) -> bool:
    again = read_document(content, "feeds.yaml")
    return not again.problems and again.data == expected


def _keeps_comments(before: bytes, after: bytes) -> bool:
    """Whether no comment is lost, told by the number of signs that begin one."""
    return after.count(b"#") >= before.count(b"#")


def _placed(present: list[Any], items: Sequence[Item]) -> list[tuple[int, list[Item]]]:
    """Where each item goes, those that go to one place together."""
    last: dict[str, int] = {}
    for number, item in enumerate(present):
        if isinstance(item, dict) and isinstance(item.get("category"), str):
            last[item["category"]] = number + 1
    groups: dict[int, list[Item]] = {}
    for item in items:
        category = item.get("category")
        position = last.get(category, len(present)) if isinstance(category, str) else len(present)
        groups.setdefault(position, []).append(item)
    return list(groups.items())


# ---------------------------------------------------------------- splicing


def _by_splicing(content: bytes, root: Any, splices: list[_Splice]) -> bytes | None:
    """The bytes with lines put in; None where the form of the file leaves no simple place."""
    bom = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.split("\n")
    # From the end of the file on, so that the places before stay where they are.
    places = [(*_place(root, splice, lines), splice) for splice in splices]
    for line, kind, splice in sorted(places, key=lambda place: (-place[0], place[1] == "absent")):
        if not _put(lines, line, kind, splice, root, newline):
            return None
    return bom + "\n".join(lines).encode()


def _value_of(root: Any, key: str) -> tuple[Any, Any] | None:
    for key_node, value in root.value:
        if key_node.value == key:
            return key_node, value
    return None


def _place(root: Any, splice: _Splice, lines: list[str]) -> tuple[int, str]:
    """The line before which a splice goes, and its kind: block, empty, flow, or absent."""
    found = _value_of(root, splice.key)
    if found is None:
        sources = _value_of(root, "sources")
        line = sources[0].start_mark.line if sources else len(lines)
        above = line
        while above > 0 and lines[above - 1].startswith("#"):
            above -= 1
        return (above or line), "absent"
    _, node = found
    if not isinstance(node, yaml.SequenceNode):
        return 0, "other"
    if node.flow_style:
        return node.end_mark.line, "flow" if node.value else "empty"
    if splice.position == 0:
        return node.value[0].start_mark.line, "block"
    line = _last_line(node.value[splice.position - 1]) + 1
    column = node.start_mark.column
    while line < len(lines) and _is_comment_below(lines[line], column):
        line += 1
    return line, "block"


def _last_line(node: Any) -> int:
    """The line on which a node's text ends (end marks of blocks are behind what follows)."""
    if isinstance(node, yaml.ScalarNode):
        end = node.end_mark
        return int(end.line - 1 if node.style in ("|", ">") and end.column == 0 else end.line)
    if node.flow_style or not node.value:
        return int(node.end_mark.line)
    if isinstance(node, yaml.MappingNode):
        return max(max(_last_line(key), _last_line(value)) for key, value in node.value)
    return max(_last_line(value) for value in node.value)


def _is_comment_below(line: str, column: int) -> bool:
    bare = line.lstrip(" ")
    return bare.startswith("#") and len(line) - len(bare) > column


def _put(lines: list[str], line: int, kind: str, splice: _Splice, root: Any, newline: str) -> bool:
    carriage = newline[:-1]
    found = _value_of(root, splice.key)
    if kind == "block":
        assert found is not None
        node = found[1]
        new = _block_lines(splice.items, node.start_mark.column, _is_compact(node))
        if _spaced(node, lines) and line <= len(lines):
            new = [text for item in _grouped(new) for text in ("", *item)]
        _insert(lines, line, new, carriage)
    elif kind == "absent":
        new = [f"{splice.key}:", *_block_lines(splice.items, 2, splice.key == "categories")]
        _insert(lines, line, new, carriage)
    elif kind == "empty":
        assert found is not None
        key_node, node = found
        if key_node.end_mark.line != node.start_mark.line:
            return False
        row = lines[line]
        before, after = row[: node.start_mark.column], row[node.end_mark.column :]
        lines[line] = before.rstrip() + (f" {after.strip()}" if after.strip() else "") + carriage
        _insert(lines, line + 1, _block_lines(splice.items, 2, False), carriage)
    elif kind == "flow":
        assert found is not None
        end = found[1].end_mark
        row = lines[line]
        before = row[: end.column - 1]
        joint = "" if _ends_with_comma(found[1], lines) else ", "
        flow = ", ".join(_flow_text(item) for item in splice.items)
        lines[line] = before.rstrip(" ") + (joint or " ") + flow + row[end.column - 1 :]
    else:
        return False
    return True


def _ends_with_comma(node: Any, lines: list[str]) -> bool:
    """Whether a comma stands between the last item of a flow list and its bracket."""
    start, end = node.value[-1].end_mark, node.end_mark
    between = lines[start.line : end.line + 1]
    between[-1] = between[-1][: end.column - 1]
    between[0] = between[0][start.column :]
    return any("," in text.partition("#")[0] for text in between)


def _insert(lines: list[str], line: int, new: list[str], carriage: str) -> None:
    if line >= len(lines) and lines and lines[-1]:
        lines[-1] = lines[-1].rstrip("\r") + carriage
        lines.append("")
    at = min(line, len(lines) - 1 if lines and not lines[-1] else len(lines))
    lines[at:at] = [text + carriage for text in new]


def _is_compact(node: Any) -> bool:
    """Whether the list's items are written `- {…}`."""
    return bool(node.value) and bool(node.value[-1].flow_style)


def _spaced(node: Any, lines: list[str]) -> bool:
    """Whether blank lines stand between the items of a list."""
    starts = [item.start_mark.line for item in node.value[1:]]
    blank = sum(1 for start in starts if start and not lines[start - 1].strip())
    return bool(starts) and blank * 2 > len(starts)


def _grouped(new: list[str]) -> list[list[str]]:
    groups: list[list[str]] = []
    for text in new:
        if text.lstrip().startswith("- ") or not groups:
            groups.append([])
        groups[-1].append(text)
    return groups


def _block_lines(items: Sequence[Item], column: int, compact: bool) -> list[str]:
    indent = " " * column
    if compact:
        return [f"{indent}- {_flow_text(item)}" for item in items]
    new = []
    for item in items:
        lead = "- "
        for key, value in item.items():
            new.append(f"{indent}{lead}{key}: {_value_text(value)}")
            lead = "  "
    return new


def _flow_text(item: Item) -> str:
    return "{" + ", ".join(f"{key}: {_value_text(value)}" for key, value in item.items()) + "}"


def _value_text(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value_text(inner) for inner in value) + "]"
    return scalar_text(str(value))


def scalar_text(text: str) -> str:
    """A text as YAML writes it, plain where that reads back as the same text, else quoted."""
    if _SURELY_PLAIN.fullmatch(text) and text.lower() != "null":
        return text
    quoted = "'" + text.replace("'", "''") + "'"
    for written in (text, quoted):
        if "\n" in written or len(written) > 2000:
            continue
        form = f"a: [{written}, end]\nb:\n  - {written}\n  - key: {written}\n"
        probe = read_document(form.encode(), "probe")
        if not probe.problems and probe.data == {"a": [text, "end"], "b": [text, {"key": text}]}:
            return written
    # JSON's escapes are YAML's too; what YAML takes for a line break or refuses is escaped here.
    shown = json.dumps(text, ensure_ascii=False)
    return _UNSHOWN.sub(lambda found: f"\\u{ord(found[0]):04x}", shown)


# ---------------------------------------------------------------- round trip


def _by_round_trip(content: bytes, root: Any, splices: list[_Splice]) -> bytes | None:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 10_000
    sources = _value_of(root, "sources")
    offset = sources[1].start_mark.column if sources and not sources[1].flow_style else 2
    editor.indent(mapping=2, sequence=offset + 2, offset=offset)
    try:
        data = editor.load(content.decode("utf-8-sig"))
        for splice in sorted(splices, key=lambda splice: -splice.position):
            if not data.get(splice.key):
                data[splice.key] = []
            listed = data[splice.key]
            for number, item in enumerate(splice.items):
                listed.insert(splice.position + number, dict(item))
        out = io.StringIO()
        editor.dump(data, out)
    except (YAMLError, UnicodeDecodeError, TypeError, AttributeError):
        return None
    return out.getvalue().encode()
