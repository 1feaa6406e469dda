"""The text of a rule, search or output → a query, and whether an item matches it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import unquote

from aggregator.text import normal_form

DATE_FIELDS = ("after", "before")
FIELDS = (
    *("title", "text", "source", "outlet", "section", "tag", "link", "author", "lang"),
    *DATE_FIELDS,
)
MAX_LENGTH = 10_000
MAX_DEPTH = 50

# What Chinese input methods type for the signs of the language; one character for one, so that
# a position in the translated text is a position in the person's own.
_FULL_WIDTH = str.maketrans("：（）｜－＊　", ":()|-* ")
_QUOTES = {'"': '"＂', "＂": '"＂', "“": '”“"', "”": '”“"', "「": "」", "『": "』"}
_WORD_END = frozenset(' \t\r\n\f\v()|"＂“”「」『』')
_FIELD_NAME = re.compile(r"[A-Za-z]+")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://")
_OPERATORS = {"AND": "and", "and": "and", "OR": "or", "or": "or", "NOT": "not", "not": "not"}
# Scripts written without spaces between words, or (Hangul) with particles grown onto them: a
# word in one of them is found anywhere, one in any other script only as a whole word.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u30ff"
    "\u3105-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\ua4cf\uac00-\ud7ff\uf900-\ufaff"
    "\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
_UNSPACED = re.compile(f"[{UNSPACED}]")


class QueryError(ValueError):
    """A query that cannot be read: what is wrong, at which character (from 0), the way out."""

    def __init__(self, message: str, position: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Term:
    """Words to be found: `value` in normal form, in one field or (None) in title or text.

    With `prefix` the last word may go on (written with a trailing `*`).
    """

    field: str | None
    value: str
    prefix: bool = False
    _bounds: tuple[bool, bool] = dataclass_field(
        init=False, repr=False, compare=False, default=(True, True)
    )

    def __post_init__(self) -> None:
        bounds = (_is_spaced(self.value[0]), not self.prefix and _is_spaced(self.value[-1]))
        object.__setattr__(self, "_bounds", bounds)


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression (RE2 syntax, linear in the text), searched for in the normal form."""

    field: str | None
    pattern: str


@dataclass(frozen=True, slots=True)
class Dated:
    """What is dated at `moment` (UTC) or later, or (not `is_after`) before it."""

    is_after: bool
    moment: datetime


@dataclass(frozen=True, slots=True)
class Not:
    """What does not match `part`."""

    part: Query


@dataclass(frozen=True, slots=True)
class And:
    """What matches every one of `parts` (two or more)."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """What matches at least one of `parts` (two or more)."""

    parts: tuple[Query, ...]


Query = Term | Regex | Dated | Not | And | Or


class PreparedItem(dict[str, tuple[str, ...]]):
    """An item's fields in the form in which they are compared; made by `prepare`."""


def parse_query(text: str, zone: tzinfo = UTC) -> Query:
    """The query that a text says; its days are those of `zone`. Raises QueryError.

    Terms beside each other must all match; `OR` binds them tighter than that, `AND` tighter
    still, and `NOT` or `-` tightest: `a OR b -c` is `(a OR b) AND NOT c`. docs/queries.md tells
    the whole language.
    """
    if len(text) > MAX_LENGTH:
        raise QueryError(f"the query has {len(text)} characters", 0, f"at most {MAX_LENGTH}")
    return _Parser(_tokens(text), len(text), zone).parse()


def matches(query: Query, item: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether an item matches. `item` maps names of FIELDS to the values it has of each.

    One item asked about often should be given as `prepare(item)`, made once.
    """
    return _matches(query, item if isinstance(item, PreparedItem) else prepare(item))


def prepare(item: Mapping[str, Iterable[str]]) -> PreparedItem:
    """An item whose fields are in normal form, links as host and path, languages with hyphens.

    The field `date` holds what `date_text` makes of its time.
    """
    return PreparedItem(
        (name, tuple(alike(_comparable(name, value)) for value in values))
        for name, values in item.items()
    )


def alike(text: str) -> str:
    """Text with traditional characters as their simplified ones, each in its place."""
    if text.isascii():
        return text
    # Late: its table stands on numpy and OpenCC, which reading a query has no need of.
    from aggregator.folding import simplified

    return simplified(text)


_alike_value = lru_cache(maxsize=4096)(alike)


def date_text(moment: datetime) -> str:
    """A moment as the field `date` of an item holds it: in UTC; its order is that of time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def print_query(query: Query) -> str:
    """A query as text; `parse_query` makes the same query of it."""
    return _print(query, _LOOSEST)


# ---------------------------------------------------------------- matching


def _matches(query: Query, item: PreparedItem) -> bool:
    if isinstance(query, Term):
        return _term_matches(query, item)
    if isinstance(query, Or):
        return any(_matches(part, item) for part in query.parts)
    if isinstance(query, And):
        return all(_matches(part, item) for part in query.parts)
    if isinstance(query, Not):
        return not _matches(query.part, item)
    if isinstance(query, Dated):
        bound = date_text(query.moment)
        return any((date >= bound) == query.is_after for date in item.get("date", ()))
    search = _compiled(_alike_value(query.pattern))
    return any(search(value) for name in _names(query.field) for value in item.get(name, ()))


def _names(name: str | None) -> tuple[str, ...]:
    return ("title", "text") if name is None else (name,)


def _term_matches(term: Term, item: PreparedItem) -> bool:
    test = _TESTS.get(term.field or "", _contains)
    wanted = _alike_value(term.value)
    for name in _names(term.field):
        for value in item.get(name, ()):
            if test(value, term, wanted):
                return True
    return False


def _contains(text: str, term: Term, value: str) -> bool:
    """Whether the words stand in the text, as whole words where their script has spaces.

    Linear: after a miss within a word the search goes on behind that word.
    """
    at = text.find(value)
    if at < 0:
        return False
    left, right = term._bounds
    while at >= 0:
        end = at + len(value)
        fits_left = not left or at == 0 or not _is_spaced(text[at - 1])
        if fits_left and (not right or end == len(text) or not _is_spaced(text[end])):
            return True
        start = at + 1
        if left:
            while start < len(text) and _is_spaced(text[start]):
                start += 1
        at = text.find(value, start)
    return False


def _same(text: str, term: Term, value: str) -> bool:
    return text.startswith(value) if term.prefix else text == value


def _in_link(text: str, term: Term, value: str) -> bool:
    """Whether host and path hold the value, from the beginning of one of their words on."""
    at = text.find(value)
    while at >= 0:
        if at == 0 or not (value[0].isalnum() and text[at - 1].isalnum()):
            return True
        at = text.find(value, at + 1)
    return False


def _speaks(text: str, term: Term, value: str) -> bool:
    """Whether a language tag is the wanted one or a narrower one (RFC 4647 3.3.1)."""
    return text == value or text.startswith(value if term.prefix else value + "-")


_TESTS: dict[str, Callable[[str, Term, str], bool]] = {
    "source": _same,
    "link": _in_link,
    "lang": _speaks,
}


@lru_cache(maxsize=4096)
def _is_spaced(character: str) -> bool:
    """Whether a character belongs to a word of a script that puts spaces between words."""
    if _UNSPACED.match(character):
        return False
    return unicodedata.category(character)[0] in "LMN"


def _comparable(name: str, value: str) -> str:
    if name == "date":
        return value
    if name == "link":
        bare = _SCHEME.sub("", value.strip().casefold(), count=1).partition("#")[0]
        host, slash, rest = unquote(bare.partition("?")[0]).partition("/")
        host = host.rpartition("@")[2].removeprefix("www.")
        return normal_form(host + slash + rest)
    if name == "lang":
        return normal_form(value).replace("_", "-")
    return normal_form(value)


# ---------------------------------------------------------------- regular expressions


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Callable[[str], Any]:
    """The search of a pattern, in time linear in the text: RE2 never backtracks.

    Texts are in normal form, so a full-width sign in the pattern stands for its plain one.
    """
    try:
        import re2  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError as error:
        raise ValueError("google-re2, which reads them, is not installed") from error

    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    plain = "".join(
        character
        if character.isascii() or (form := unicodedata.normalize("NFKC", character)) == character
        else re.escape(form)
        for character in pattern
    )
    try:
        search = re2.compile(plain, options).search
    except re2.error as error:
        told = error.args[0] if error.args else error
        raise ValueError(told.decode() if isinstance(told, bytes) else str(told)) from error

    def safe_search(text: str) -> Any:
        try:
            return search(text)
        except UnicodeEncodeError:  # a lone surrogate, which RE2's UTF-8 cannot hold
            return search(text.encode("utf-8", "replace").decode())

    return safe_search


def _check_pattern(pattern: str, position: int) -> None:
    if not pattern:
        raise QueryError("an empty regular expression", position, "write /pattern/")
    try:
        _compiled(pattern)
    except ValueError as error:
        hint = "RE2 syntax: no look-around and no back-references; a / in it is written \\/"
        raise QueryError(f"the regular expression cannot be read ({error})", position, hint) from (
            error
        )


# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # ( ) and or not field word regex
    value: str
    position: int
    prefix: bool = False


def _tokens(text: str) -> list[_Token]:
    plain = text.translate(_FULL_WIDTH)
    tokens: list[_Token] = []
    at = 0
    while at < len(plain):
        character = plain[at]
        if character.isspace():
            at += 1
        elif character in "()|":
            tokens.append(_Token("or" if character == "|" else character, character, at))
            at += 1
        elif character in _QUOTES:
            at = _phrase(text, plain, at, tokens)
        elif character in "」』":
            raise QueryError("a quote that closes nothing", at, 'write "…" around the phrase')
        elif character == "-":
            at = _minus(plain, at, tokens)
        elif character == "/":
            at = _regex(plain, text, at, tokens)
        else:
            at = _word(plain, at, tokens)
    return tokens


def _phrase(text: str, plain: str, at: int, tokens: list[_Token]) -> int:
    closing = _QUOTES[plain[at]]
    value: list[str] = []
    end = at + 1
    while end < len(text):
        if text[end] == "\\" and end + 1 < len(text) and text[end + 1] in '"\\“”＂」』':
            value.append(text[end + 1])
            end += 2
        elif text[end] in closing:
            prefix = plain[end + 1 : end + 2] == "*"
            tokens.append(_Token("word", "".join(value), at, prefix))
            return end + 1 + prefix
        else:
            value.append(text[end])
            end += 1
    raise QueryError("a phrase that does not end", at, "close it with a quote")


def _minus(plain: str, at: int, tokens: list[_Token]) -> int:
    if at + 1 >= len(plain) or plain[at + 1].isspace() or plain[at + 1] in ")|":
        hint = 'write -word without a space, or "-" for the sign itself'
        raise QueryError("a - before nothing", at, hint)
    tokens.append(_Token("not", "-", at))
    return at + 1


def _regex(plain: str, text: str, at: int, tokens: list[_Token]) -> int:
    in_link = bool(tokens) and tokens[-1].kind == "field" and tokens[-1].value == "link"
    end = at + 1
    while end < len(text) and text[end] != "/":
        end += 2 if text[end] == "\\" else 1
    follows = plain[end + 1 : end + 2]
    if end < len(text) and (not follows or follows in _WORD_END):
        pattern = text[at + 1 : end].replace("\\/", "/")
        _check_pattern(pattern, at)
        tokens.append(_Token("regex", pattern, at))
        return end + 1
    if in_link:
        return _word(plain, at, tokens)
    hint = 'write /pattern/ (a / in it as \\/), or "…" around text that begins with /'
    raise QueryError("a regular expression that does not end", at, hint)


def _word(plain: str, at: int, tokens: list[_Token]) -> int:
    end = at
    while end < len(plain) and plain[end] not in _WORD_END and not plain[end].isspace():
        if plain[end] == ":" and end > at and _take_field(plain, at, end, tokens):
            return end + 1
        end += 1
    word = plain[at:end]
    if word in _OPERATORS:
        tokens.append(_Token(_OPERATORS[word], word, at))
        return end
    prefix = len(word) > 1 and word.endswith("*")
    tokens.append(_Token("word", word[:-1] if prefix else word, at, prefix))
    return end


def _take_field(plain: str, at: int, end: int, tokens: list[_Token]) -> bool:
    """Whether the name before a colon is a field's; a misspelt one is an error.

    Text with a colon in another script (独家：…) is text; so is what follows a field.
    """
    name = plain[at:end]
    if tokens and tokens[-1].kind == "field":
        return False
    if name.lower() in FIELDS:
        tokens.append(_Token("field", name.lower(), at))
        return True
    if not _FIELD_NAME.fullmatch(name):
        return False
    from difflib import get_close_matches

    near = get_close_matches(name.lower(), FIELDS, 1, 0.6)
    hint = f"did you mean `{near[0]}:`?" if near else "the fields are " + ", ".join(FIELDS)
    if plain.startswith("://", end):
        hint = "write link: and the address"
    raise QueryError(f"there is no field `{name}`", at, hint + '; text with a colon needs "…"')


class _Parser:
    """Tokens → query, by recursive descent: all := any+; any := both (OR both)*; …"""

    def __init__(self, tokens: list[_Token], length: int, zone: tzinfo) -> None:
        self.tokens = tokens
        self.zone = zone
        self.next = 0
        self.length = length
        self.depth = 0

    def parse(self) -> Query:
        if not self.tokens:
            raise QueryError("an empty query", 0, "write at least one word")
        query = self._all(None)
        if self.next < len(self.tokens):
            hint = "remove it, or open one before"
            raise QueryError("a ) that closes nothing", self._position(), hint)
        return query

    def _kind(self) -> str | None:
        return self.tokens[self.next].kind if self.next < len(self.tokens) else None

    def _position(self) -> int:
        return self.tokens[self.next].position if self.next < len(self.tokens) else self.length

    def _all(self, name: str | None) -> Query:
        parts = [self._any(name)]
        while self._kind() not in (None, ")"):
            parts.append(self._any(name))
        return _joined(And, parts)

    def _any(self, name: str | None) -> Query:
        parts = [self._both(name)]
        while self._kind() == "or":
            while self._kind() == "or":
                self.next += 1
            parts.append(self._both(name))
        return _joined(Or, parts)

    def _both(self, name: str | None) -> Query:
        parts = [self._unary(name)]
        while self._kind() == "and":
            self.next += 1
            parts.append(self._unary(name))
        return _joined(And, parts)

    def _unary(self, name: str | None) -> Query:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            hint = f"at most {MAX_DEPTH} levels"
            raise QueryError("too many levels inside one another", self._position(), hint)
        try:
            return self._operand(name)
        finally:
            self.depth -= 1

    def _operand(self, name: str | None) -> Query:
        kind, position = self._kind(), self._position()
        if kind is None or kind in (")", "or", "and"):
            self._miss(kind, position)
        token = self.tokens[self.next]
        self.next += 1
        if kind == "not":
            return Not(self._unary(name))
        if kind == "field":
            return self._unary(token.value)
        if kind == "(":
            return self._group(name, position)
        if name in DATE_FIELDS:
            return Dated(name == "after", _day(token, self.zone))
        if kind == "regex":
            return Regex(name, token.value)
        value = _comparable(name or "title", token.value)
        if not value:
            raise QueryError("nothing to search for", position, "write a word")
        return Term(name, value, token.prefix)

    def _group(self, name: str | None, position: int) -> Query:
        query = self._all(name)
        if self._kind() != ")":
            raise QueryError("a ( that is not closed", position, "close it with )")
        self.next += 1
        return query

    def _miss(self, kind: str | None, position: int) -> NoReturn:
        before = self.tokens[self.next - 1] if self.next else None
        hint = 'words such as "or" are put in quotes to search for them'
        if before is not None and before.kind == "field":
            raise QueryError(f"nothing follows `{before.value}:`", before.position, "write a word")
        if before is not None and before.kind in ("or", "and", "not"):
            raise QueryError(f"nothing follows `{before.value}`", before.position, hint)
        if before is not None and before.kind == "(":
            raise QueryError("nothing between ( and )", before.position, "write a word")
        if kind == ")":
            raise QueryError("a ) that closes nothing", position, "remove it, or open one before")
        raise QueryError("an operator without what it joins", position, hint)


_DAY = re.compile(r"(\d{4})(?:-(\d\d?)(?:-(\d\d?)(?:T(\d\d):(\d\d)(?::(\d\d))?(Z)?)?)?)?")


def _day(token: _Token, zone: tzinfo) -> datetime:
    """The beginning of a day, month or year of `zone`, or the time of day that is written."""
    found = _DAY.fullmatch(token.value) if token.kind == "word" and not token.prefix else None
    hint = "write a day like 2024-04-01, or a month or year"
    if found is None:
        raise QueryError("that is no date", token.position, hint)
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    own = UTC if found[7] else zone
    try:
        at = datetime(year, month or 1, day or 1, hour, minute, second, tzinfo=own)
        return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise QueryError("there is no such date", token.position, hint) from error


def _joined(kind: type[And] | type[Or], parts: list[Query]) -> Query:
    if len(parts) == 1:
        return parts[0]
    flat: list[Query] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, kind) else (part,))
    return kind(tuple(flat))


# ---------------------------------------------------------------- printing

_LOOSEST, _INSIDE = 0, 1
_PLAIN_WORD = re.compile(
    r"[^\s()|\"“”＂「」『』/\\*:：（）｜－＊-][^\s()|\"“”＂「」『』\\*:：（）｜＊]*"
)


def _print(query: Query, level: int) -> str:
    if isinstance(query, Term):
        word = query.value
        if not _PLAIN_WORD.fullmatch(word) or word in _OPERATORS:
            word = '"' + re.sub(r'(["\\“”＂」』])', r"\\\1", word) + '"'
        return _with_field(query.field, word + ("*" if query.prefix else ""))
    if isinstance(query, Regex):
        escaped = re.sub(r"(\\.)|/", lambda found: found[1] or "\\/", query.pattern)
        return _with_field(query.field, f"/{escaped}/")
    if isinstance(query, Not):
        return "-" + _print(query.part, _INSIDE)
    if isinstance(query, Dated):
        return f"{'after' if query.is_after else 'before'}:{date_text(query.moment)}"
    joint = " " if isinstance(query, And) else " OR "
    printed = joint.join(_print(part, _INSIDE) for part in query.parts)
    return f"({printed})" if level == _INSIDE else printed


def _with_field(name: str | None, text: str) -> str:
    return text if name is None else f"{name}:{text}"
