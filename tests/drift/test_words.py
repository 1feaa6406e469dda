"""Alarms in words: every kind, every evidence and every reason, in Chinese and in English."""

from __future__ import annotations

import ast
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import aggregator
from aggregator.drift import KINDS, REASONS, advice, event, name, said, why_failed
from aggregator.drift.words import _SENTENCES
from aggregator.model import Evidence

ZONE = ZoneInfo("Asia/Shanghai")
PACKAGE = Path(aggregator.__file__).parent


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_has_a_name_an_event_and_advice_in_both_languages(kind: str) -> None:
    for words in (name, event, advice):
        chinese, english = words(kind, "zh"), words(kind, "en")
        assert english.isascii()
        assert not chinese.isascii()
    assert len(advice(kind, "en")) > 10
    assert name("of another version", "zh") == "of another version"


def written() -> set[str]:
    """What every Evidence(…) in the program is called."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Evidence":
                first = node.args[0]
                found |= {first.value} if isinstance(first, ast.Constant) else set()
    return found


def test_every_evidence_has_its_sentence() -> None:
    assert written() <= {*_SENTENCES, "failed", "page-failed"}


def test_times_and_spans_are_told_as_each_language_writes_them() -> None:
    silent = Evidence("silent", {"last_at": 1795392000.0, "usual_h": 52.3})
    assert said(silent, "zh", ZONE) == "自 2026-11-23 08:00 起没有新条目；超过 2.2 天就不寻常"
    assert (
        said(silent, "en", UTC)
        == "nothing new since 2026-11-23 00:00; more than 2.2 days is unusual for it"
    )
    soon = Evidence("silent", {"last_at": 1795392000.0, "usual_h": 3})
    assert "3 小时" in said(soon, "zh", ZONE)
    assert "3 hours" in said(soon, "en", ZONE)


def test_what_an_origin_says_is_never_read_as_a_format() -> None:
    odd = Evidence("notice", {"title": "{0} {title!r} %s"})
    assert said(odd, "en", UTC) == "it only says “{0} {title!r} %s”"


def test_evidence_of_another_version_is_told_as_well_as_it_can_be() -> None:
    assert said(Evidence("few", {}), "en", UTC) == "few"
    assert said(Evidence("of later", {"text": "hm"}), "en", UTC) == "hm"


def reasons() -> set[str]:
    """The reasons of failed fetches that the program gives as plain words."""
    kinds = {"FetchFailed": 1, "Refused": 0, "BadAddress": 0, "PageError": 0, "ParseError": 0}
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in kinds:
                at = kinds[getattr(node.func, "id", "")]
                given = node.args[at] if len(node.args) > at else None
                found |= {given.value} if isinstance(given, ast.Constant) else set()
    return {str(reason) for reason in found}


def test_every_reason_of_a_failure_is_told_in_chinese() -> None:
    # A host that rests was not asked, so nothing failed.
    assert len(reasons()) > 15
    assert reasons() - REASONS.keys() - {"host-rests"} == set()


def test_a_failure_is_told_in_chinese_with_the_message_where_that_says_more() -> None:
    assert why_failed("http-404", "a.example knows no such document (404)", "zh") == (
        "网站说没有这个地址（404）"
    )
    assert why_failed("http-418", "a.example answers with status 418", "zh") == "网站答复状态 418"
    assert why_failed("dns", "no such name", "zh") == "找不到这个域名（no such name）"
    assert why_failed("dns", "no such name", "en") == "no such name"
    assert why_failed("of later", "hm", "zh") == "hm"
    assert why_failed(None, None, "zh") is None
