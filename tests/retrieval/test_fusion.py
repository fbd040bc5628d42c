"""Fusion gives one ranking, exactly and always the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.retrieval import Found, convex, reciprocal_ranks, scaled
from flowgrade.retrieval.fusion import keyword_share

WORDS = [Found("a", 12.0), Found("b", 8.0), Found("c", 4.0)]
NEAR = [Found("c", 0.9), Found("d", 0.5), Found("a", 0.1)]

rankings = st.dictionaries(
    st.sampled_from("abcdefgh"), st.floats(-100, 100, allow_nan=False), max_size=8
).map(lambda d: sorted((Found(i, s) for i, s in d.items()), key=lambda f: (-f.score, f.id)))


def test_convex_sums_the_scaled_scores_of_both_sides() -> None:
    fused = convex(WORDS, NEAR, weight=0.8)
    assert dict(fused) == {
        "a": pytest.approx(0.8 * 1.0 + 0.2 * 0.0),
        "b": pytest.approx(0.8 * 0.5),
        "c": pytest.approx(0.8 * 0.0 + 0.2 * 1.0),
        "d": pytest.approx(0.2 * 0.5),
    }
    assert [one.id for one in fused] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(("weight", "first"), [(1.0, "a"), (0.0, "c")])
def test_the_weight_at_its_ends_leaves_one_side(weight: float, first: str) -> None:
    assert convex(WORDS, NEAR, weight=weight)[0].id == first


def test_reciprocal_ranks_are_weighted_sums_of_one_over_k_and_rank() -> None:
    fused = dict(reciprocal_ranks([WORDS, NEAR], k=10, weights=[3, 1]))
    assert fused["a"] == pytest.approx(3 / 11 + 1 / 13)
    assert fused["c"] == pytest.approx(3 / 13 + 1 / 11)
    assert fused["d"] == pytest.approx(1 / 12)


def test_equal_scores_share_the_better_rank() -> None:
    tied = [Found("x", 2.0), Found("y", 2.0), Found("z", 1.0)]
    fused = dict(reciprocal_ranks([tied], k=0))
    assert fused == {"x": 1.0, "y": 1.0, "z": pytest.approx(1 / 3)}


def test_equal_sums_are_in_the_order_of_their_ids() -> None:
    one, other = [Found("b", 1.0), Found("a", 0.0)], [Found("a", 1.0), Found("b", 0.0)]
    assert [found.id for found in convex(one, other, weight=0.5)] == ["a", "b"]
    assert [found.id for found in reciprocal_ranks([one, other])] == ["a", "b"]


def test_a_side_with_one_score_counts_in_full() -> None:
    assert scaled([Found("a", 0.3), Found("b", 0.3)]) == [Found("a", 1.0), Found("b", 1.0)]
    assert convex([Found("a", 0.3)], [], weight=0.8) == [Found("a", 0.8)]
    assert convex([], [], weight=0.8) == []


@given(rankings, rankings, st.floats(0, 1))
def test_fusion_keeps_every_candidate_once_and_in_order(
    words: list[Found], near: list[Found], weight: float
) -> None:
    for fused in (
        convex(words, near, weight=weight),
        reciprocal_ranks([words, near], weights=[weight, 1 - weight]),
    ):
        assert sorted(one.id for one in fused) == sorted({*dict(words), *dict(near)})
        assert fused == sorted(fused, key=lambda one: (-one.score, one.id))


@given(rankings, rankings, st.floats(0.1, 10))
def test_convex_does_not_depend_on_the_scale_of_a_side(
    words: list[Found], near: list[Found], factor: float
) -> None:
    larger = [Found(id, score * factor) for id, score in words]
    first = dict(convex(words, near, weight=0.6))
    second = dict(convex(larger, near, weight=0.6))
    if len({score for _, score in words}) == len({score for _, score in larger}):
        assert second == pytest.approx(first, abs=1e-6)


def test_a_question_in_other_words_is_left_to_the_vectors() -> None:
    assert keyword_share(0.0) == keyword_share(0.2) == pytest.approx(0.3)
    assert keyword_share(0.4) == pytest.approx(0.525)
    assert keyword_share(0.6) == keyword_share(1.0) == pytest.approx(0.75)
