"""The bytes of feeds.yaml → plain data and, for every value, the place where it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from aggregator.config.problems import Problem, fit_to_show, without_secrets

MAX_BYTES = 64 * 2**20
MAX_DEPTH = 60
# An alias repeats what it names; a file of a few hundred bytes can so stand for billions of nodes.
MAX_ALIASED_NODES = 100_000

Location = Sequence[str | int]

_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value", "map", "seq")
)
# libyaml composes by recursion in C, which overflows the stack of the process.
_MAYBE_DEEP = re.compile(rb"(?m)^(?:[ \t]|[-?][ \t]){%d}" % MAX_DEPTH)
_BRACKET = re.compile(rb"[\[\]{}]")
_UNFINISHED_KEY = re.compile(r"([ ]*(?:- +)?)([a-z_]+)(：|:(?=[^\s:/]))")
# The keys of the file that a person may leave without a sound colon.
KEYS = frozenset(
    "title base_url timezone store listen publish fetch categories sources id url category enabled"
    " every at language initial was headers proxy map rules directory entries".split()
)
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # YAML 1.1 section 4.2
_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})(\s|$)")
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class _Loader(_BASE):  # type: ignore[misc]
    """libyaml's loader, which of all implicit types tells apart only null and the merge key."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        """The tag of a node that names none; every plain scalar but null is its text."""
        if kind is yaml.ScalarNode:
            if implicit[0] and value in _NULLS:
                return _NULL
            return _MERGE if implicit[0] and value == "<<" else "tag:yaml.org,2002:str"
        name = "seq" if kind is yaml.SequenceNode else "map"
        return f"tag:yaml.org,2002:{name}"

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """Nothing: no path of the file has a type of its own."""

    def ascend_resolver(self) -> None:
        """Nothing, as above."""


@dataclass(slots=True)
class YamlDocument:
    """feeds.yaml as read: `data` holds mappings, lists and the scalars' text (None for null)."""

    path: str
    lines: list[str] = field(default_factory=list)
    node: Any = None
    data: Any = None
    problems: list[Problem] = field(default_factory=list)
    _masked: dict[int, str] = field(default_factory=dict)

    def problem(
        self,
        location: Location,
        message: str,
        hint: str | None = None,
        *,
        key: bool = False,
    ) -> Problem:
        """A problem at the value of `location` (keys and indexes), or at its key."""
        line, column, length = self._place(location, key)
        return self.at(line, column, length, message, hint)

    def at(self, line: int, column: int, length: int, message: str, hint: str | None) -> Problem:
        """A problem at a line and a column that count from 1."""
        message = fit_to_show(message)
        hint = hint and fit_to_show(hint)
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else None
        if text is None:
            return Problem(self.path, line, column, message, hint)
        length = max(1, min(length, len(text) - column + 1))
        if line not in self._masked:
            self._masked[line] = without_secrets(text)
        shown, column = _window(self._masked[line], column)
        return Problem(self.path, line, column, message, hint, shown, length)

    def _place(self, location: Location, key: bool) -> tuple[int, int, int]:
        node, key_node = self.node, None
        for step in location:
            found = _child(node, step)
            if found is None:
                break
            key_node, node = found
        else:
            if key and key_node is not None:
                node = key_node
        if node is None:
            return 0, 0, 1
        if not isinstance(node, yaml.ScalarNode) and key_node is not None and node.value == []:
            node = key_node
        start, end = node.start_mark, node.end_mark
        if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
            start, end = node.value[0][0].start_mark, node.value[0][0].end_mark
        length = end.column - start.column if end.line == start.line else 10_000
        return start.line + 1, start.column + 1, length


def _window(text: str, column: int, limit: int = 160) -> tuple[str, int]:
    """A line cut to what can be read around a column, and the column in the cut line."""
    if len(text) <= limit:
        return text, column
    start = max(0, min(column - 1 - limit // 3, len(text) - limit))
    cut = text[start : start + limit]
    if start:
        cut = "…" + cut[1:]
    return cut, column - start


def _child(node: Any, step: str | int) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return (None, node.value[step]) if step < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            if key_node.value == str(step):
                return key_node, value_node
    return None


def read_document(content: bytes, path: str) -> YamlDocument:
    """feeds.yaml's bytes as data with places; what stops reading is in `problems`.

    YAML 1.1 as libyaml reads it. Scalars keep the text they are written with: `id: 163` and
    `title: no` mean what they say, and the model of each key decides on its type.
    """
    document = YamlDocument(path)
    text = _decode(content, document)
    if text is None:
        return document
    document.lines = _LINE_BREAK.split(text)
    document.problems.extend(_spoiled_lines(document, text))
    if document.problems:
        return document
    encoded = text.encode()
    try:
        if _suspected_deep(encoded) and _too_deep(encoded, document):
            return document
        document.node = yaml.compose(encoded, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        # A colon without its space is read as part of a text; libyaml stumbles only later.
        found = _unfinished_keys(document)
        document.problems.extend(found or [_syntax_problem(error, document)])
        return document
    except (yaml.YAMLError, RecursionError) as error:
        document.problems.append(Problem(path, 0, 0, f"cannot be read as YAML: {error}"))
        return document
    if document.node is None:
        document.problems.append(
            Problem(path, 0, 0, "the file is empty", "it needs at least `sources:` with one source")
        )
        return document
    document.data = _Converter(document).convert()
    return document


def _decode(content: bytes, document: YamlDocument) -> str | None:
    if len(content) > MAX_BYTES:
        size = f"{len(content) / 2**20:.0f} MiB"
        hint = f"at most {MAX_BYTES // 2**20} MiB are read"
        document.problems.append(Problem(document.path, 0, 0, f"the file has {size}", hint))
        return None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            pass
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        document.problems.append(_encoding_problem(content, error, document))
        return None


def _encoding_problem(content: bytes, error: UnicodeDecodeError, document: YamlDocument) -> Problem:
    start = content.rfind(b"\n", 0, error.start) + 1
    end = content.find(b"\n", error.start)
    row = content[start : end if end >= 0 else len(content)].rstrip(b"\r")
    line = content.count(b"\n", 0, error.start) + 1
    column = len(row[: error.start - start].decode("utf-8", "replace")) + 1
    try:
        content.decode("gb18030")
        shown, guess = row.decode("gb18030", "replace"), "it looks like GBK (GB18030)"
        way_out = f"save it as UTF-8, or: iconv -f GB18030 -t UTF-8 {document.path}"
    except UnicodeDecodeError:
        shown, guess = row.decode("utf-8", "replace"), "its encoding is unknown"
        way_out = "save the file as UTF-8"
    message = f"the file is not UTF-8: {guess}"
    return Problem(document.path, line, column, message, way_out, without_secrets(shown))


def _spoiled_lines(document: YamlDocument, text: str) -> list[Problem]:
    """What must be told before YAML is read, since libyaml names only the first, and obscurely."""
    problems: list[Problem] = []
    if not text.strip():
        hint = "it needs at least `sources:` with one source"
        return [Problem(document.path, 0, 0, "the file is empty", hint)]
    unfit = _UNFIT.search(text) is not None
    conflict = any(mark in text for mark in ("<<<<<<<", ">>>>>>>", "|||||||", "======="))
    if not (unfit or conflict or "\t" in text):
        return problems
    for number, line in enumerate(document.lines, 1):
        if conflict and (found := _CONFLICT.match(line)):
            hint = "decide between the two versions and remove the lines <<<<<<<, =======, >>>>>>>"
            problems.append(
                document.at(number, 1, len(found[1]), "a merge conflict was left", hint)
            )
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent and line.strip() and not line.lstrip().startswith("#"):
            column = indent.index("\t") + 1
            hint = "YAML is indented with spaces only; set the editor to insert spaces"
            problems.append(document.at(number, column, 1, "a tab in the indentation", hint))
        if unfit and (found := _UNFIT.search(line)):
            code = f"U+{ord(found[0]):04X}"
            message, hint = f"the control character {code}", "remove it"
            problems.append(document.at(number, found.start() + 1, 1, message, hint))
    return problems


def _unfinished_keys(document: YamlDocument) -> list[Problem]:
    problems = []
    for number, line in enumerate(document.lines, 1):
        found = _UNFINISHED_KEY.match(line)
        if found is None or found[2] not in KEYS:
            continue
        wide = found[3] == "："
        message = "a full-width colon (：)" if wide else "a colon without a space after it"
        hint = f"write `{found[2]}: …`"
        problems.append(document.at(number, found.start(3) + 1, 1, message, hint))
    return problems


def _suspected_deep(content: bytes) -> bool:
    if _MAYBE_DEEP.search(content):
        return True
    depth = 0
    for bracket in _BRACKET.findall(content):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _too_deep(content: bytes, document: YamlDocument) -> bool:
    depth = 0
    for event in yaml.parse(content, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                mark: Any = event.start_mark
                message, hint = "too many levels inside one another", f"at most {MAX_DEPTH}"
                problem = document.at(mark.line + 1, mark.column + 1, 1, message, hint)
                document.problems.append(problem)
                return True
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return False


# What libyaml says → what it means and how it is mended.
_SYNTAX = (
    ("mapping values are not allowed", "a key where none may stand",
     "is the line indented like its neighbours? a text that holds ': ' needs quotes"),
    ("could not find expected ':'", "a key without its colon",
     "a key is written `key: value`, with a space after the colon"),
    ("did not find expected ',' or ']'", "a list [ … ] that does not end", "close it with ]"),
    ("did not find expected ',' or '}'", "a mapping { … } that does not end", "close it with }"),
    ("found unexpected end of stream", "a quoted text that does not end",
     "close the quotes; the text begins at the line named"),
    ("did not find expected '-' indicator", "a line that belongs to no item of the list",
     "indent it like the keys around it; a new item begins with `- ` below the other ones"),
    ("did not find expected key", "a line that fits no key around it",
     "keys of one mapping stand in the same column; a text with quotes ends at its quote"),
    ("found character that cannot start any token", "a character that no value may begin with",
     "put the value in quotes"),
    ("block sequence entries are not allowed", "a list item where none may stand",
     "put `- ` on a line of its own, below its key"),
    ("found another document", "a second document", "feeds.yaml is one document: remove `---`"),
    ("found undefined alias", "an alias that names nothing",
     "a value that begins with * needs quotes"),
    ("found unknown escape", "an unknown escape in a quoted text",
     "within double quotes a backslash is written \\\\; single quotes take it as it is"),
    ("found duplicate anchor", "an anchor that exists already", "give it another name"),
)  # fmt: skip


def _syntax_problem(error: yaml.MarkedYAMLError, document: YamlDocument) -> Problem:
    told = error.problem or str(error)
    begun = error.context_mark
    mark = error.problem_mark or begun
    message, hint = f"cannot be read as YAML: {told}", None
    for phrase, meaning, way_out in _SYNTAX:
        if phrase in told:
            message, hint = meaning, way_out
            break
    # An open quote or bracket is told best where it begins: it ends, as a rule, with the file.
    if begun is not None and ("does not end" in message or "without its colon" in message):
        mark = begun
    if mark is None:
        return Problem(document.path, 0, 0, message, hint)
    return document.at(mark.line + 1, mark.column + 1, 1, message, hint)


class _Converter:
    """Nodes → plain data, each node once; duplicate keys, tags and alias bombs are problems."""

    def __init__(self, document: YamlDocument) -> None:
        self.document = document
        self.done: dict[int, tuple[Any, int]] = {}
        self.repeated = 0

    def convert(self) -> Any:
        value, _ = self._convert(self.document.node)
        if self.repeated > MAX_ALIASED_NODES:
            message = f"aliases repeat more than {MAX_ALIASED_NODES} values"
            self._tell(self.document.node, message, "write the values out")
            return None
        return value

    def _tell(self, node: Any, message: str, hint: str | None) -> None:
        mark, end = node.start_mark, node.end_mark
        length = end.column - mark.column if end.line == mark.line else 1
        problem = self.document.at(mark.line + 1, mark.column + 1, length, message, hint)
        self.document.problems.append(problem)

    def _convert(self, node: Any) -> tuple[Any, int]:
        """The value of a node, and how many nodes it stands for with aliases written out."""
        if isinstance(node, yaml.ScalarNode):
            if node.tag not in _PLAIN_TAGS:
                self._refuse_tag(node)
            return (None if node.tag == _NULL else node.value), 1
        number = id(node)
        if number in self.done:
            value, size = self.done[number]
            self.repeated += size
            if size == 0:
                self._tell(node, "an alias inside the value that it names", "write the value out")
                return None, 1
            return value, size
        self.done[number] = (None, 0)
        if node.tag not in _PLAIN_TAGS:
            self._refuse_tag(node)
        value, size = (
            self._sequence(node) if isinstance(node, yaml.SequenceNode) else self._mapping(node)
        )
        self.done[number] = (value, size)
        return value, size

    def _refuse_tag(self, node: Any) -> None:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        self._tell(
            node, f"the tag {tag} means nothing here", "a text that begins with ! needs quotes"
        )

    def _sequence(self, node: Any) -> tuple[list[Any], int]:
        values, size = [], 1
        for child in node.value:
            value, child_size = self._convert(child)
            values.append(value)
            size += child_size
        return values, size

    def _mapping(self, node: Any) -> tuple[dict[str, Any], int]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        places: dict[str, int] = {}
        size = 1
        for key_node, value_node in node.value:
            value, child_size = self._convert(value_node)
            size += child_size
            if not isinstance(key_node, yaml.ScalarNode):
                self._tell(key_node, "a key must be a word", "write `key: value`")
                continue
            if key_node.tag == _MERGE:
                self._merge(key_node, value, merged)
                continue
            key = key_node.value
            if key in own:
                hint = f"it stands already in line {places[key]}; remove one of them"
                self._tell(key_node, f"the key `{key}` stands twice", hint)
                continue
            own[key] = value
            places[key] = key_node.start_mark.line + 1
        return {**merged, **own} if merged else own, size

    def _merge(self, key_node: Any, value: Any, merged: dict[str, Any]) -> None:
        for part in value if isinstance(value, list) else [value]:
            if not isinstance(part, dict):
                self._tell(key_node, "`<<` takes in a mapping", "write `<<: *name`")
                continue
            for key, inner in part.items():
                merged.setdefault(key, inner)
