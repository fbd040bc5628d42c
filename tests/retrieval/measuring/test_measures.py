"""Measures of rankings: worked by hand, against an independent reading, and as properties."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.errors import InputError
from flowgrade.retrieval.measuring.measures import MEASURES, Measure, read_measure

FOUND = ("a", "b", "c", "d", "e")
"""b and d are relevant, and x, which was not found."""
RELEVANT = {"b": 1.0, "d": 1.0, "x": 1.0}

BY_HAND = {
    "recall@1": 0.0,
    "recall@2": 1 / 3,
    "recall@5": 2 / 3,
    "precision@1": 0.0,
    "precision@2": 1 / 2,
    "precision@5": 2 / 5,
    "precision@10": 2 / 10,  # places that are empty hold nothing relevant
    "hit@1": 0.0,
    "hit@2": 1.0,
    "mrr@1": 0.0,
    "mrr@5": 1 / 2,
    "map@5": (1 / 2 + 2 / 4) / 3,
    "map@2": (1 / 2) / 2,  # two places can hold two of the three
    "ndcg@5": (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3) + 1 / math.log2(4)),
    "ndcg@1": 0.0,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_it_is_what_it_is_by_hand(name: str) -> None:
    assert read_measure(name).of(FOUND, RELEVANT) == pytest.approx(BY_HAND[name])


def test_a_better_document_gains_more_in_ndcg() -> None:
    grades = {"a": 1.0, "b": 3.0}
    best = 7 + 1 / math.log2(3)
    assert Measure("ndcg", 5).of(["a", "b"], grades) == pytest.approx((1 + 7 / math.log2(3)) / best)
    assert Measure("ndcg", 5).of(["b", "a"], grades) == pytest.approx(1)
    assert Measure("ndcg", 1).of(["a", "b"], grades) == pytest.approx(1 / 7)


documents = st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=10)
grades = st.dictionaries(
    st.sampled_from("abcdefghijxyz"), st.sampled_from([1.0, 2.0, 3.0]), min_size=1
)
names = st.sampled_from(sorted(MEASURES))
depths = st.integers(1, 12)


def plainly(name: str, found: Sequence[str], relevant: Mapping[str, float], k: int) -> float:
    """The textbook, read again: from 0/1 lists and sets instead of counters."""
    marks = [int(one in relevant) for one in found[:k]] + [0] * max(0, k - len(found))
    prefixes = [sum(marks[: i + 1]) / (i + 1) for i in range(k)]
    discount = [1 / math.log(i + 2, 2) for i in range(max(k, len(relevant)))]
    gains = [2 ** relevant.get(one, 0) - 1 for one in found[:k]]
    ideal = sorted((2**grade - 1 for grade in relevant.values()), reverse=True)[:k]
    return {
        "recall": len(set(found[:k]) & set(relevant)) / len(set(relevant)),
        "precision": sum(marks) / k,
        "hit": float(any(marks)),
        "mrr": max((mark / (i + 1) for i, mark in enumerate(marks)), default=0.0),
        "map": sum(p * m for p, m in zip(prefixes, marks, strict=True)) / min(k, len(relevant)),
        "ndcg": sum(g * d for g, d in zip(gains, discount, strict=False))
        / sum(g * d for g, d in zip(ideal, discount, strict=False)),
    }[name]


@given(names, documents, grades, depths)
def test_an_independent_reading_agrees(
    name: str, found: list[str], relevant: dict[str, float], k: int
) -> None:
    assert Measure(name, k).of(found, relevant) == pytest.approx(plainly(name, found, relevant, k))


@given(names, documents, grades, depths)
def test_it_lies_between_0_and_1(
    name: str, found: list[str], relevant: dict[str, float], k: int
) -> None:
    assert 0 <= Measure(name, k).of(found, relevant) <= 1 + 1e-12


@given(st.sampled_from(["hit", "mrr", "map", "ndcg"]), grades, depths)
def test_the_best_ranking_has_1(name: str, relevant: dict[str, float], k: int) -> None:
    best = sorted(relevant, key=lambda one: -relevant[one])
    assert Measure(name, k).of(best, relevant) == pytest.approx(1)


@given(names, documents, grades, depths)
def test_what_stands_below_the_depth_does_not_count(
    name: str, found: list[str], relevant: dict[str, float], k: int
) -> None:
    measure = Measure(name, k)
    assert measure.of(found, relevant) == measure.of(found[:k], relevant)


@given(documents.filter(bool), grades, depths, st.data())
def test_moving_a_relevant_document_up_never_harms(
    found: list[str], relevant: dict[str, float], k: int, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(found) - 1))
    if found[place] not in relevant or place == 0 or found[place - 1] in relevant:
        return
    better = [*found]
    better[place - 1], better[place] = better[place], better[place - 1]
    for name in MEASURES:
        measure = Measure(name, k)
        assert measure.of(better, relevant) >= measure.of(found, relevant) - 1e-12


@pytest.mark.parametrize("written", ["ndcg", "ndcg@", "ndcg@x", "f1@5", "ndcg@²", "@5", ""])
def test_what_is_no_measure_is_refused(written: str) -> None:
    with pytest.raises(InputError, match="is no measure"):
        read_measure(written)


@pytest.mark.parametrize("written", ["ndcg@0", "recall@1001"])
def test_a_depth_out_of_bounds_is_refused(written: str) -> None:
    with pytest.raises(InputError, match="not between 1 and 1,000"):
        read_measure(written)


def test_a_measure_is_called_as_it_is_written() -> None:
    assert str(read_measure(" NDCG@10 ")) == "ndcg@10"
