"""Compare settings of an index on the same questions, and recommend one of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Protocol

from flowgrade.errors import InputError
from flowgrade.records import JsonObject, Record
from flowgrade.retrieval.measuring.grid import Candidate, simplicity
from flowgrade.retrieval.measuring.measure import Missing, measure
from flowgrade.retrieval.measuring.measurement import Measurement
from flowgrade.retrieval.measuring.measures import DEFAULT_MEASURES, PRIMARY, Measure
from flowgrade.retrieval.measuring.questions import Question
from flowgrade.retrieval.measuring.statistics import (
    FEWEST,
    MARGIN,
    PairedDifference,
    holm,
    paired_difference,
)
from flowgrade.retrieval.result import Searches
from flowgrade.retrieval.settings import IndexSettings


class OpenWith(Protocol):
    """Gives an index as it is with other settings, building what that needs."""

    async def __call__(self, settings: IndexSettings) -> Searches:
        """The same documents, cut, embedded and searched by ``settings``."""
        ...


class IndexStanding(Record):
    """How one candidate did."""

    candidate: Candidate
    tuned: float
    """Mean of the measure on the questions that the choice is made by."""
    measurement: Measurement
    """On the questions that are reported."""
    difference: PairedDifference | None
    """From the current settings on those; None for the current ones themselves."""
    adjusted: float | None = None
    """p with all candidates of the grid in mind (Holm)."""

    def as_json(self, measure: Measure) -> JsonObject:
        """The candidate as ``flowgrade index compare --json`` gives it."""
        found = self.measurement
        return {
            "settings": self.candidate.label,
            "changes": dict(self.candidate.changes),
            "metrics": {name: one.as_json() for name, one in found.metrics.items()},
            "tuned": round(self.tuned, 6),
            "difference": None
            if self.difference is None
            else {"name": str(measure), **self.difference.as_json(), "adjusted": self.adjusted},
            "p50": round(found.latency(0.5), 6),
            "queries_per_second": round(found.queries_per_second, 1),
        }


class IndexComparison(Record):
    """Candidates beside the current settings, the best first, and which to take."""

    measure: Measure
    standings: tuple[IndexStanding, ...]
    recommended: Candidate
    reason: str
    tuned_on: int
    """Questions that the choice was made by; 0 where all questions are reported."""

    def as_json(self) -> JsonObject:
        """What ``flowgrade index compare --json`` prints."""
        return {
            "measure": str(self.measure),
            "candidates": [one.as_json(self.measure) for one in self.standings],
            "recommended": self.recommended.label,
            "changes": dict(self.recommended.changes),
            "reason": self.reason,
            "tuned_on": self.tuned_on,
            "reported_on": len(self.standings[0].measurement.asked),
        }


async def compare_settings(
    current: IndexSettings,
    candidates: Sequence[Candidate],
    questions: Sequence[Question],
    open_with: OpenWith,
    *,
    by: Measure = PRIMARY,
    margin: float = MARGIN,
    missing: Missing | None = None,
    on_candidate: Callable[[Candidate], None] | None = None,
) -> IndexComparison:
    """Measure ``candidates`` and ``current``, paired question by question.

    With several candidates the best is chosen on one half of the questions and judged on the other:
    the best of many looks better than it is on those it was chosen by. Questions about the same
    documents stay together. The best is recommended when it is better than ``current`` there; else
    the simplest of those that are equivalent to ``current``; else ``current``.
    """
    asked = [question for question in questions if question.relevant]
    tuning, report = split(asked) if len(candidates) > 1 else (asked, asked)
    measures = tuple(dict.fromkeys((by, *DEFAULT_MEASURES)))
    every = [Candidate(settings=current, changes={}), *candidates]
    measured: list[Measurement] = []
    for candidate in every:
        if on_candidate is not None:
            on_candidate(candidate)
        index = await open_with(candidate.settings)
        measured.append(await measure(index, asked, measures=measures, missing=missing))
    standings = _standings(every, measured, tuning, report, by, margin)
    chosen, reason = _recommended(standings, by)
    ordered = sorted(standings, key=lambda one: -one.measurement.metrics[str(by)].mean)
    return IndexComparison(
        measure=by,
        standings=tuple(ordered),
        recommended=chosen,
        reason=reason,
        tuned_on=0 if report is asked else len(tuning),
    )


def split(questions: Sequence[Question], seed: int = 0) -> tuple[list[Question], list[Question]]:
    """Two halves, by chance but the same for the same seed; questions of one group together.

    Raises InputError when a half would have too few to say anything.
    """
    groups = sorted({question.group for question in questions})
    if len(groups) < 2 * FEWEST:
        raise InputError(
            f"{len(questions):,} questions about {len(groups):,} documents are too few to choose "
            "between several settings.",
            hint=f"Bring questions about at least {2 * FEWEST} documents; flowgrade index "
            "questions makes some. Or try one setting at a time.",
        )
    random.Random(seed).shuffle(groups)
    first = set(groups[: len(groups) // 2])
    return (
        [question for question in questions if question.group in first],
        [question for question in questions if question.group not in first],
    )


def _standings(
    every: Sequence[Candidate],
    measured: Sequence[Measurement],
    tuning: Sequence[Question],
    report: Sequence[Question],
    by: Measure,
    margin: float,
) -> list[IndexStanding]:
    reported = [one.of(report) for one in measured]
    base, groups = reported[0].values(by), reported[0].groups()
    differences = [
        paired_difference(base, one.values(by), groups, margin=margin) for one in reported[1:]
    ]
    adjusted = holm([one.p for one in differences])
    tuned = [one.of(tuning).metrics[str(by)].mean for one in measured]
    return [
        IndexStanding(
            candidate=candidate,
            tuned=tuned[number],
            measurement=reported[number],
            difference=differences[number - 1] if number else None,
            adjusted=round(adjusted[number - 1], 6) if number else None,
        )
        for number, candidate in enumerate(every)
    ]


def _recommended(standings: Sequence[IndexStanding], by: Measure) -> tuple[Candidate, str]:
    current = standings[0]
    best = max(standings[1:], key=lambda one: one.tuned)
    found = best.difference
    assert found is not None
    if found.verdict == "improved":
        low, high = found.interval
        return best.candidate, (
            f"{by} is better by {found.difference:.4f} ({low:.4f} to {high:.4f}) than now, on "
            f"{found.n:,} questions."
        )
    alike = [one for one in standings[1:] if one.difference and one.difference.verdict in _ALIKE]
    simplest = min(alike, key=lambda one: simplicity(one.candidate.settings), default=None)
    if simplest is not None and simplicity(simplest.candidate.settings) < simplicity(
        current.candidate.settings
    ):
        return simplest.candidate, f"{by} is not worse than now, and the settings are simpler."
    words = {
        "too_few": "There are too few questions to tell.",
        "inconclusive": "The difference of the best from now may be chance.",
        "equivalent": "The best is as good as now.",
        "degraded": "Nothing is better than now.",
    }
    return current.candidate, f"{words[found.verdict]} The settings stay."


_ALIKE = ("equivalent", "improved")
