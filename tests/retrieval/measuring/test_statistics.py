"""Intervals and paired tests: by hand, by simulation, and at their edges."""

from __future__ import annotations

import math

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.retrieval.measuring.statistics import estimate, holm, paired_difference

shares = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@given(shares)
def test_an_interval_holds_its_mean_and_lies_between_0_and_1(values: list[float]) -> None:
    found = estimate(values)
    assert found.mean == pytest.approx(math.fsum(values) / len(values))
    assert 0 <= found.low <= found.mean <= found.high <= 1
    assert found.low < found.high
    assert found.n == len(values)


def test_zeros_and_ones_have_wilsons_interval() -> None:
    # 8 of 10: worked with z = 1.96 in any textbook.
    found = estimate([1.0] * 8 + [0.0] * 2)
    assert found.low == pytest.approx(0.4902, abs=2e-4)
    assert found.high == pytest.approx(0.9433, abs=2e-4)


def test_ten_ones_do_not_make_a_certainty() -> None:
    found = estimate([1.0] * 10)
    assert found.high == 1
    assert found.low == pytest.approx(0.025 ** (1 / 10))  # Clopper and Pearson


def test_the_same_values_have_the_same_interval() -> None:
    values = [0.1, 0.9, 0.3, 0.3, 1.0, 0.0, 0.63] * 4
    assert estimate(values) == estimate(values)
    assert estimate(values) != estimate(values, seed=1)


def test_the_bootstrap_agrees_with_the_normal_interval_where_that_holds() -> None:
    values = numpy.random.default_rng(3).normal(0.5, 0.1, 400).clip(0, 1).tolist()
    found = estimate(values)
    half = 1.96 * float(numpy.std(values, ddof=1)) / 20
    assert found.low == pytest.approx(found.mean - half, abs=0.002)
    assert found.high == pytest.approx(found.mean + half, abs=0.002)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    random = numpy.random.default_rng(5)
    held = 0
    for _ in range(150):
        found = estimate(random.choice([0.0, 0.5, 0.63, 1.0], 60, p=[0.1, 0.1, 0.2, 0.6]).tolist())
        held += found.low <= 0.776 <= found.high
    assert held / 150 > 0.9


def test_questions_about_one_document_count_less_than_about_many() -> None:
    values = [1.0, 0.5, 0.0, 0.9, 0.2, 0.7, 0.1, 0.8, 0.4, 0.6, 0.3, 1.0]
    alone = estimate(values)
    together = estimate(values * 5, list(range(12)) * 5)
    assert together.high - together.low == pytest.approx(alone.high - alone.low, abs=1e-9)
    apart = estimate(values * 5)
    assert apart.high - apart.low < 0.6 * (together.high - together.low)


def test_a_difference_of_every_question_is_seen() -> None:
    first = [0.1 * (n % 5) for n in range(30)]
    found = paired_difference(first, [value + 0.2 for value in first])
    assert found.verdict == "improved"
    assert found.difference == pytest.approx(0.2)
    assert found.p <= 0.001
    assert paired_difference([value + 0.2 for value in first], first).verdict == "degraded"


def test_the_same_results_are_equivalent_only_where_there_are_enough() -> None:
    values = [0.0, 1.0] * 200
    same = paired_difference(values, values)
    assert same.verdict == "equivalent"
    assert same.p == 1
    assert same.interval[0] < 0 < same.interval[1]
    assert paired_difference(values[:40], values[:40]).verdict == "inconclusive"


def test_nine_questions_are_too_few_and_none_too() -> None:
    assert paired_difference([0.0] * 9, [1.0] * 9).verdict == "too_few"
    assert paired_difference([], []).verdict == "too_few"
    assert (
        paired_difference([0.0] * 50, [1.0] * 50, [n % 5 for n in range(50)]).verdict == "too_few"
    )


def test_p_is_the_share_of_changes_of_sign_that_are_as_far() -> None:
    # Of 2^5 signs for 5 equal changes, two give a sum as far from 0.
    assert paired_difference([0.0] * 5, [0.5] * 5).p == pytest.approx(2 / 32)
    # 1 and -1: every sign gives 0, 2 or -2; |0| is what was seen.
    assert paired_difference([0.0, 1.0], [1.0, 0.0]).p == 1


@pytest.mark.parametrize("grouped", [False, True])
def test_p_says_there_is_a_difference_as_seldom_as_it_should(grouped: bool) -> None:
    random = numpy.random.default_rng(11)
    wrong = 0
    for _ in range(100):
        if grouped:
            effect = numpy.repeat(random.normal(0, 0.3, 30), 4)
            groups = numpy.repeat(numpy.arange(30), 4).tolist()
        else:
            effect, groups = numpy.zeros(40), None
        changes = effect + random.normal(0, 0.2, len(effect))
        found = paired_difference([0.0] * len(changes), changes.tolist(), groups)
        wrong += found.p < 0.05
    assert wrong / 100 < 0.12


def test_turning_a_pair_around_turns_the_difference_around() -> None:
    first = [0.2, 0.4, 0.4, 1.0, 0.0, 0.3] * 5
    second = [0.5, 0.4, 0.1, 1.0, 0.3, 0.6] * 5
    there, back = paired_difference(first, second), paired_difference(second, first)
    assert there.difference == pytest.approx(-back.difference)
    assert there.p == pytest.approx(back.p, abs=0.02)


def test_holm_is_as_worked_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
