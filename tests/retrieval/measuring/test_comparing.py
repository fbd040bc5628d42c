"""Grids of settings, what is recommended of them, and gates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from flowgrade.errors import InputError
from flowgrade.records import replace
from flowgrade.retrieval.chunking.chunker import ChunkSettings
from flowgrade.retrieval.measuring.compare import IndexComparison, compare_settings, split
from flowgrade.retrieval.measuring.gate import gate_outcome, hold_against, hold_minima, read_limits
from flowgrade.retrieval.measuring.grid import grid_candidates, needs_build, read_tries
from flowgrade.retrieval.measuring.measure import measure
from flowgrade.retrieval.measuring.measurement import Measurement
from flowgrade.retrieval.measuring.questions import Question
from flowgrade.retrieval.settings import IndexSettings, SearchSettings
from tests.retrieval.measuring.indexes import Ranked, question

PLAIN = IndexSettings()


def labels(grid: dict[str, Any], current: IndexSettings = PLAIN) -> list[str]:
    return [candidate.label for candidate in grid_candidates(current, grid)]


def test_a_grid_is_every_combination_but_the_current_one() -> None:
    grid = read_tries(["size=128,256", "mode=hybrid,vector"])
    assert labels(grid) == ["size=128", "size=128 mode=vector", "mode=vector"]


def test_settings_without_effect_make_no_candidates_of_their_own() -> None:
    grid = read_tries(["mode=keyword", "keyword_weight=0.1,0.2,0.3", "fusion=adaptive,convex,rrf"])
    assert labels(grid) == ["mode=keyword"]
    assert labels(read_tries(["embedding=none", "mode=vector,hybrid"])) == [
        "embedding=none mode=keyword"
    ]


def test_only_what_is_built_in_needs_another_snapshot() -> None:
    found = grid_candidates(PLAIN, read_tries(["size=128,256", "keyword_weight=0.5,0.75"]))
    builds = {one.label: needs_build(PLAIN, one.settings) for one in found}
    assert builds == {
        "size=128 keyword_weight=0.5": True,
        "size=128": True,
        "keyword_weight=0.5": False,
    }


@pytest.mark.parametrize(
    ("tries", "words"),
    [
        (["mode"], "not of the form"),
        (["colour=red"], "nothing that can be tried"),
        (["mode=fast"], "no value for 'mode'"),
        (["size=big"], "no whole number"),
        (["keyword_weight=x"], "no number"),
        (["mode=hybrid"], "nothing but the settings"),
        (["size=" + ",".join(map(str, range(1, 30))), "overlap=1,2,3,4,5,6,7,8"], "232 comb"),
    ],
)
def test_a_grid_that_cannot_be_tried_is_refused(tries: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        grid_candidates(PLAIN, read_tries(tries))


QUESTIONS = [question(n, f"d{n}") for n in range(80)]


def place_by(rule: Callable[[int], int]) -> Ranked:
    """Puts the relevant document of question n at the place ``rule(n)``."""

    def rank(query: str) -> Sequence[str]:
        number = int(query.rpartition(" ")[2])
        others = [f"x{n}" for n in range(9)]
        return [*others[: rule(number)], f"d{number}", *others[rule(number) :]]

    return Ranked(rank)


def compared(
    rules: dict[str, Callable[[int], int]], questions: list[Question] = QUESTIONS, **options: Any
) -> IndexComparison:
    """Compare modes; ``rules`` says for each where it puts the relevant document."""

    async def open_with(settings: IndexSettings) -> Ranked:
        return place_by(rules[settings.search.mode])

    grid = grid_candidates(PLAIN, {"mode": [mode for mode in rules if mode != "hybrid"]})
    return asyncio.run(compare_settings(PLAIN, grid, questions, open_with, **options))


def test_what_is_better_on_the_other_half_is_recommended() -> None:
    found = compared({"hybrid": lambda n: 1 + n % 3, "keyword": lambda n: 3, "vector": lambda n: 0})
    assert found.recommended.label == "mode=vector"
    assert found.standings[0].candidate.label == "mode=vector"
    difference = found.standings[0].difference
    assert difference is not None
    assert difference.verdict == "improved"
    assert (found.tuned_on, len(found.standings[0].measurement.asked)) == (40, 40)


def test_chance_recommends_nothing() -> None:
    found = compared(
        {
            "hybrid": lambda n: n % 4,
            "keyword": lambda n: (n * 7 + n // 3) % 5,
            "vector": lambda n: (n * 3 + n // 5) % 4,
        }
    )
    assert found.recommended.label == "current"
    assert "settings stay" in found.reason


def test_what_is_as_good_and_simpler_is_recommended() -> None:
    alike = {mode: (lambda n: n % 2) for mode in ("hybrid", "keyword", "vector")}
    found = compared(alike, margin=0.2)
    assert found.recommended.label == "mode=keyword"
    assert "simpler" in found.reason


def test_one_candidate_is_judged_on_all_questions() -> None:
    found = compared({"hybrid": lambda n: n % 3, "keyword": lambda n: 9})
    assert found.tuned_on == 0
    assert found.as_json()["reported_on"] == 80
    assert found.recommended.label == "current"


def test_few_questions_are_not_enough_to_choose_by() -> None:
    rules = {mode: (lambda n: 0) for mode in ("hybrid", "keyword", "vector")}
    with pytest.raises(InputError, match="too few to choose"):
        compared(rules, QUESTIONS[:19])


def test_halves_share_no_document_and_come_back_the_same() -> None:
    questions = [question(n, f"d{n // 3}") for n in range(90)]
    first, second = split(questions, 1)
    assert len(first) + len(second) == 90
    assert not {one.group for one in first} & {one.group for one in second}
    assert split(questions, 1) == (first, second)
    assert split(questions, 2) != (first, second)


def measured(rule: Callable[[int], int], questions: list[Question] = QUESTIONS) -> Measurement:
    return asyncio.run(measure(place_by(rule), questions))


def test_a_gate_asks_the_whole_interval() -> None:
    found = measured(lambda n: 0 if n % 10 else 5)  # recall@1 is 0.9, from 0.81 to 0.95
    for minimum, wanted in (("0.8", "pass"), ("0.88", "inconclusive"), ("0.97", "fail")):
        (criterion,) = hold_minima(found, read_limits({"recall@1": minimum}, what="minimum"))
        assert criterion.outcome == wanted
        assert gate_outcome([criterion]) == wanted
        assert f"{found.metrics['recall@1'].low:.4f}" in criterion.reason or wanted == "fail"


def test_few_questions_leave_a_gate_undecided() -> None:
    found = measured(lambda n: 0, QUESTIONS[:9])
    criteria = hold_minima(found, read_limits({"recall@1": "0.1"}, what="minimum"))
    assert gate_outcome(criteria) == "inconclusive"
    assert "too few" in criteria[0].reason


def test_a_snapshot_may_be_worse_than_another_by_less_than_the_margin() -> None:
    margins = read_limits({"mrr@10": "0.05"}, what="margin")
    before = measured(lambda n: n % 2)
    assert gate_outcome(hold_against(measured(lambda n: n % 2), before, margins)) == "pass"
    assert gate_outcome(hold_against(measured(lambda n: 4), before, margins)) == "fail"
    shaken = measured(lambda n: (n + (n % 16 in (2, 5, 9, 12))) % 2)
    assert gate_outcome(hold_against(shaken, before, margins)) == "inconclusive"


def test_one_failed_criterion_fails_the_gate() -> None:
    found = measured(lambda n: n % 2)
    limits = read_limits({"recall@1": "0.99", "recall@5": "0.5"}, what="minimum")
    assert gate_outcome(hold_minima(found, limits)) == "fail"


@pytest.mark.parametrize("value", ["x", "1.5", "-0.1", "nan"])
def test_a_threshold_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(InputError, match=r"minimum of ndcg@10"):
        read_limits({"ndcg@10": value}, what="minimum")


def test_current_settings_that_are_not_the_default_are_kept_in_candidates() -> None:
    current = replace(
        PLAIN, chunks=ChunkSettings(size=64), search=SearchSettings(keyword_weight=0.4)
    )
    (found,) = grid_candidates(current, {"keyword_weight": [0.6]})
    assert found.settings.chunks.size == 64
    assert found.label == "keyword_weight=0.6"
