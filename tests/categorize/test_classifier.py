"""Labels → a classifier: what it learns, what it promises, why it decides, and its bytes."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.categorize.calibrate import calibrate
from aggregator.categorize.classifier import (
    Classifier,
    TooFewLabels,
    from_bytes,
    learn,
    report_of,
    to_bytes,
)
from aggregator.categorize.features import EDGE, Reading, features_of, named_features
from aggregator.categorize.linear import Label, train
from aggregator.categorize.solve import SparseRows, minimise

TOPICS = {
    "sports": "球队 比赛 进球 教练 冠军 联赛 主场 射门".split(),
    "finance": "股市 央行 利率 基金 上涨 债券 汇率 银行".split(),
    "tech": "芯片 手机 系统 算法 模型 开源 处理器 网络".split(),
}
FILLER = "今天 表示 记者 我们 全国 一个 关于 工作 发布 最新".split()


def title(topic: str, rng: random.Random) -> str:
    """A made-up headline on a topic."""
    words = rng.sample(TOPICS[topic], 3) + rng.sample(FILLER, 3)
    rng.shuffle(words)
    return "".join(words)


def labels(count: int, seed: int = 1, sources: int = 3, mark: str = "") -> list[Label]:
    """`count` labels a topic, from so many sources each; `mark` ends every title of a source."""
    rng = random.Random(seed)
    return [
        Label(
            Reading(title(topic, rng) + (f"{mark}{topic}{number % sources}" if mark else "")),
            topic,
            f"{topic}-{number % sources}",
        )
        for topic in TOPICS
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def learned() -> Classifier:
    """A classifier of 40 labels a topic."""
    return learn(labels(40)).classifier


def test_what_was_learned_is_found_again_in_unseen_titles(learned: Classifier) -> None:
    unseen = labels(50, seed=99)
    verdicts = learned.judge([label.reading for label in unseen])
    right = [v.category == label.category for v, label in zip(verdicts, unseen, strict=True)]
    assert sum(right) >= 0.98 * len(unseen)
    sure = [hit for verdict, hit in zip(verdicts, right, strict=True) if verdict.sure]
    assert len(sure) > len(unseen) / 2
    assert sum(sure) >= 0.97 * len(sure)


def test_what_has_nothing_to_do_with_the_labels_is_not_sure(learned: Classifier) -> None:
    strange = [Reading("zebra quagga okapi"), Reading(""), Reading("今天 我们"), Reading("…")]
    assert [verdict.sure for verdict in learned.judge(strange)] == [False] * 4


def test_nothing_asked_is_nothing_answered(learned: Classifier) -> None:
    assert learned.judge([]) == []


def test_the_same_labels_give_the_same_bytes() -> None:
    assert to_bytes(learn(labels(12)).classifier) == to_bytes(learn(labels(12)).classifier)


def test_bytes_keep_every_answer(learned: Classifier) -> None:
    again = from_bytes(to_bytes(learned))
    unseen = [label.reading for label in labels(30, seed=7)]
    for one, other in zip(learned.judge(unseen), again.judge(unseen), strict=True):
        assert one.category == other.category
        assert one.probability == pytest.approx(other.probability, abs=0.01)
    assert report_of(to_bytes(learned)) == again.report == learned.report


def test_bytes_that_are_cut_short_or_of_another_version_are_refused(learned: Classifier) -> None:
    data = to_bytes(learned)
    with pytest.raises(ValueError, match="cut short"):
        from_bytes(data[:-4])
    with pytest.raises(ValueError, match="another version"):
        from_bytes(b'{"format": 0}\n')


def test_a_higher_precision_has_a_higher_threshold(learned: Classifier) -> None:
    low = learned.wanting(dict.fromkeys(TOPICS, 0.6)).thresholds()
    high = learned.wanting(dict.fromkeys(TOPICS, 0.97)).thresholds()
    impossible = learned.wanting(dict.fromkeys(TOPICS, 1.0)).thresholds()
    assert all(low[name] <= high[name] <= impossible[name] for name in TOPICS)
    assert all(threshold > 1 for threshold in impossible.values())


def test_two_categories_with_labels_are_needed_and_the_way_out_is_said() -> None:
    with pytest.raises(TooFewLabels, match=r"there are: sports 9.*`category`"):
        learn([Label(Reading(f"球 {number}"), "sports") for number in range(9)])


def test_sources_are_held_back_whole_and_a_lonely_one_is_named() -> None:
    report = learn(labels(20)).classifier.report
    assert report.by_source
    assert report.alone == ()
    lonely = [one for one in labels(20) if not one.source.startswith("tech-")]
    lonely += [replace(one, source="tech-0") for one in labels(20) if one.category == "tech"]
    assert learn(lonely).classifier.report.alone == ("tech",)
    nameless = [replace(one, source="") for one in labels(20)]
    assert not learn(nameless).classifier.report.by_source


def test_the_boilerplate_of_a_source_teaches_nothing() -> None:
    marked = labels(40, mark="本网独家")
    made = learn(marked).classifier
    # A sports title under the mark of a finance source is sports still.
    verdict = made.judge([Reading("球队主场比赛进球" + "本网独家finance1")])[0]
    assert verdict.category == "sports"
    assert made.report.accuracy > 0.95


def test_evidence_names_characters_and_words_for_and_against(learned: Classifier) -> None:
    told = learned.evidence(Reading("央行下调利率，手机"), "finance")
    said_for = [name for name, _ in told.speaks_for]
    assert any(name in ("央", "央行", "利率", "利", "率") for name in said_for)
    assert any(set(name) & set("手机") for name, _ in told.speaks_against)
    assert all(weight > 0 for _, weight in told.speaks_for)
    assert all(weight < 0 for _, weight in told.speaks_against)


def test_progress_grows_to_the_end() -> None:
    told: list[float] = []
    learn(labels(10), progress=lambda what, part: told.append(part))
    assert told == sorted(told)
    assert told[-1] == 1.0


# ---------------------------------------------------------------- features

texts = st.text(alphabet="中文字 ab c1，\n\u00df", max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.builds(Reading, texts, texts, st.tuples(texts)), min_size=1, max_size=5))
def test_features_of_many_are_those_of_each_alone(readings: list[Reading]) -> None:
    together = features_of(readings, True)
    for number, reading in enumerate(readings):
        alone = features_of([reading], True)
        here = together.rows == number
        assert together.hashes[here].tolist() == alone.hashes.tolist()
        assert np.allclose(together.values[here], alone.values)


@given(st.lists(st.tuples(st.builds(Reading, texts), st.booleans()), min_size=1, max_size=6))
def test_features_of_some_entries_are_those_of_these_alone(
    dealt: list[tuple[Reading, bool]],
) -> None:
    found = features_of([reading for reading, _ in dealt], False)
    some = found.of(np.array([chosen for _, chosen in dealt]))
    alone = features_of([reading for reading, chosen in dealt if chosen], False)
    assert some.count == alone.count
    assert some.rows.tolist() == alone.rows.tolist()
    assert some.hashes.tolist() == alone.hashes.tolist()


@settings(max_examples=60, deadline=None)
@given(st.builds(Reading, texts, texts, st.tuples(texts)))
def test_every_feature_has_a_name(reading: Reading) -> None:
    names = named_features(reading, True)
    assert {int(one) for one in features_of([reading], True).hashes} == set(names)


def test_chinese_gives_characters_and_pairs_and_english_words_and_pairs() -> None:
    assert set(named_features(Reading("中文"), False).values()) == {
        *("中", "文", "中文", EDGE + "中", "文" + EDGE)
    }
    named = set(named_features(Reading("Social Work"), False).values())
    assert {"social", "work", "social work"} <= named
    assert "so" not in named


def test_the_title_weighs_more_than_the_text_and_the_same_text_twice_no_more() -> None:
    def value(reading: Reading) -> float:
        name = next(h for h, n in named_features(reading, False).items() if n == "芯")
        found = features_of([reading], False)
        return float(found.values[found.hashes == name][0])

    assert value(Reading("芯")) > value(Reading("", "芯"))
    assert value(Reading("", "芯" * 300)) < 4


# ---------------------------------------------------------------- solving, calibrating


def test_the_solver_finds_the_least_of_a_bowl() -> None:
    centre = np.array([3.0, -2.0, 0.5])
    steep = np.array([100.0, 1.0, 10.0])

    def bowl(point: np.ndarray) -> tuple[float, np.ndarray]:  # type: ignore[type-arg]
        return float((steep * (point - centre) ** 2).sum()), 2 * steep * (point - centre)

    found = minimise(bowl, np.zeros(3), 1 / (2 * steep), 30)
    assert found == pytest.approx(centre, abs=1e-2)


def test_sparse_rows_multiply_as_the_dense_matrix_does() -> None:
    dense = np.array([[1.0, 0, 2], [0, 3, 0], [4, 5, 6]])
    rows, columns = np.nonzero(dense)
    matrix = SparseRows(rows, columns, dense[rows, columns], 3, 3)
    assert matrix.order.tolist() == [0, 1, 2]
    weights = np.array([1.0, 10, 100], np.float32)
    assert matrix.times(weights).tolist() == (dense @ weights).tolist()
    assert matrix.transposed_times(weights).tolist() == (dense.T @ weights).tolist()


@given(st.integers(0, 2**32 - 1))
def test_columns_seen_once_come_last_and_count_all_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    dense = np.zeros((6, 9))
    for column in range(9):
        dense[rng.integers(0, 6, 1 + column % 3), column] = rng.integers(1, 9)
    dense[np.arange(6), rng.integers(0, 9, 6)] += 1
    rows, columns = np.nonzero(dense)
    matrix = SparseRows(rows, columns, dense[rows, columns], 6, 9)
    assert sorted(matrix.order.tolist()) == list(range(9))
    ordered = dense[:, matrix.order]
    amounts = rng.integers(0, 5, 6).astype(np.float32)
    weights = rng.integers(0, 5, 9).astype(np.float32)
    assert matrix.times(weights).tolist() == (ordered @ weights).tolist()
    assert matrix.transposed_times(amounts).tolist() == (ordered.T @ amounts).tolist()
    assert matrix.column_squares().tolist() == (ordered**2).sum(axis=0).tolist()


def test_promises_never_sink_as_probability_grows_and_keep_what_was_seen() -> None:
    rng = np.random.default_rng(1)
    wanted = rng.integers(0, 3, 3000)
    scores = rng.normal(size=(3000, 3)) + 2.5 * np.eye(3)[wanted]
    made = calibrate(scores, wanted)
    for curve in made.curves:
        assert list(curve.probabilities) == sorted(set(curve.probabilities))
        assert list(curve.promised) == sorted(curve.promised)
        threshold = curve.threshold(0.95)
        assert threshold is not None
        assert curve.promise(threshold) >= 0.95


def test_what_was_always_right_is_held_for_probable_however_far_it_is_ahead() -> None:
    rng = np.random.default_rng(1)
    wanted = rng.integers(0, 3, 150)
    scores = (rng.uniform(1.4, 2.1, (150, 1)) * np.eye(3)[wanted]).astype(np.float32)
    made = calibrate(scores, wanted)
    assert made.probabilities(scores)[1].min() > 0.98
    # One in ten wrong, and those hardly ahead: less probable than the others.
    scores[:15] = 0.1 * np.eye(3)[(wanted[:15] + 1) % 3]
    given = calibrate(scores, wanted).probabilities(scores)[1]
    assert given[:15].max() < 0.2 < 0.9 < given[15:].min()


def test_corrections_weigh_more_than_sources() -> None:
    base = labels(30)
    twisted = [Label(Reading("球队比赛"), "tech", f"x{number}", 5.0) for number in range(6)]
    taught = [*base, *twisted]
    made = train(taught, features_of([label.reading for label in taught], False), False)
    assert made.classes[int(made.scores([Reading("球队比赛")]).argmax())] == "tech"
