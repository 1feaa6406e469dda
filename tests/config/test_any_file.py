"""Whatever stands in feeds.yaml, the answer is a Config or a ConfigError that names places."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.config import ConfigError, config_warnings, parse_config, plan_changes
from aggregator.model import Config

SHIPPED = (Path(__file__).parents[2] / "feeds.yaml").read_bytes()
LINES = SHIPPED.splitlines(keepends=True)
SHORT = b"".join(LINES[12:60])
PIECES = [
    b":",
    b": ",
    b"- ",
    b"\n",
    b"\t",
    b"  ",
    b'"',
    b"'",
    b"[",
    b"]",
    b"{",
    b"}",
    b"&a ",
    b"*a",
]
PIECES += [
    b"<<: ",
    b"!!x ",
    b"%",
    b"\xff",
    b"\x00",
    b"~",
    b"#",
    b"|\n",
    b"---\n",
    b"${X}",
    "：".encode(),
]


def answer(content: bytes) -> Config | ConfigError:
    try:
        return parse_config(content, Path("feeds.yaml"), {})
    except ConfigError as error:
        return error


def check(content: bytes) -> None:
    told = answer(content)
    if isinstance(told, ConfigError):
        lines = content.count(b"\n") + content.count(b"\r") + content.count(b"\xc2\x85") + 2
        lines += content.count(b"\xe2\x80\xa8") + content.count(b"\xe2\x80\xa9")
        assert told.problems
        assert str(told)
        assert all(0 <= problem.line <= lines for problem in told.problems)
    else:
        config_warnings(told)
        assert plan_changes(told, told) == ()


@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    check(content)


@given(st.integers(0, len(SHORT)), st.integers(0, 30), st.sampled_from([b"", *PIECES]))
@settings(max_examples=200, deadline=None)
def test_an_edit_anywhere(at: int, length: int, piece: bytes) -> None:
    check(SHORT[:at] + piece + SHORT[at + length :])


@given(st.lists(st.integers(0, 47), max_size=48))
@settings(max_examples=100, deadline=None)
def test_lines_in_any_order(order: list[int]) -> None:
    check(b"".join(LINES[12:60][number] for number in order))


@pytest.mark.parametrize("end", range(0, len(SHORT), 37))
def test_a_half_written_file(end: int) -> None:
    check(SHORT[:end])


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "id url title sources categories category rules was map headers every at page"
                " enabled fetch publish timezone proxy".split()
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.fixed_dictionaries({"sources": values}, optional={"categories": values, "fetch": values}))
@settings(max_examples=200, deadline=None)
def test_values_of_any_type(data: dict[str, object]) -> None:
    import json

    check(json.dumps(data).encode())


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 50_000,
        b"- " * 50_000,
        b"{a: " * 50_000,
        b"? " * 50_000,
        b"sources: [" + b"a," * 100_000 + b"]",
        b"a" * 1_000_000,
        b"sources: []\n" + b"#" * 1_000_000,
        b"\n" * 1_000_000,
        b"sources: []\ntitle: " + b"x" * 1_000_000,
        b"<<<<<<<\n" * 10_000,
    ],
    ids=range(10),
)
def test_hostile_files_are_answered_soon(content: bytes) -> None:
    begun = time.process_time()
    check(content)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("content", [b"~", b"null", b"~\n", b"--- ~"])
def test_a_file_that_says_nothing_at_all_is_answered(content: bytes) -> None:
    check(content)
    assert isinstance(answer(content), ConfigError)
