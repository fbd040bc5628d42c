"""Gate: hold what was measured against thresholds and against an earlier snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from flowgrade.errors import InputError
from flowgrade.records import JsonObject, Record
from flowgrade.retrieval.measuring.measurement import Measurement
from flowgrade.retrieval.measuring.measures import Measure, read_measure
from flowgrade.retrieval.measuring.statistics import FEWEST, paired_difference

Outcome = Literal["pass", "fail", "inconclusive"]


class Criterion(Record):
    """One line of a gate and how it came out."""

    id: str
    estimate: float
    interval: tuple[float, float]
    threshold: float
    outcome: Outcome
    reason: str

    def as_json(self) -> JsonObject:
        """The criterion as ``flowgrade index gate --json`` gives it."""
        return {
            "id": self.id,
            "estimate": round(self.estimate, 6),
            "interval": [round(self.interval[0], 6), round(self.interval[1], 6)],
            "threshold": self.threshold,
            "outcome": self.outcome,
            "reason": self.reason,
        }


def read_limits(written: Mapping[str, str], *, what: str) -> dict[Measure, float]:
    """Thresholds or margins by measure, each a number from 0 to 1; raises InputError."""
    found: dict[Measure, float] = {}
    for name, value in written.items():
        measure = read_measure(name)
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number <= 1:
            raise InputError(f"The {what} of {measure} is '{value}', no number from 0 to 1.")
        found[measure] = number
    return found


def hold_minima(found: Measurement, minima: Mapping[Measure, float]) -> list[Criterion]:
    """Whether each measure is at least its minimum, with the whole of its interval."""
    few = _few(found)
    criteria = []
    for measure, minimum in minima.items():
        value = found.metrics[str(measure)]
        criteria.append(
            _criterion(
                f"{measure} >= {minimum:g}",
                value.mean,
                (value.low, value.high),
                minimum,
                few=few,
            )
        )
    return criteria


def hold_against(
    found: Measurement, baseline: Measurement, margins: Mapping[Measure, float]
) -> list[Criterion]:
    """Whether each measure is worse than the baseline's by less than its margin, paired."""
    before = {one.question.id: one for one in baseline.asked}
    pairs = [(before[one.question.id], one) for one in found.asked if one.question.id in before]
    groups = [one.question.group for _, one in pairs]
    criteria = []
    for measure, margin in margins.items():
        change = paired_difference(
            [old.value(measure) for old, _ in pairs],
            [new.value(measure) for _, new in pairs],
            groups,
        )
        criteria.append(
            _criterion(
                f"{measure} - baseline >= {-margin:g}",
                change.difference,
                change.interval,
                -margin,
                few=change.verdict == "too_few",
            )
        )
    return criteria


def gate_outcome(criteria: list[Criterion]) -> Outcome:
    """``fail`` where one fails, else ``inconclusive`` where one is, else ``pass``."""
    found = {criterion.outcome for criterion in criteria}
    return "fail" if "fail" in found else "inconclusive" if "inconclusive" in found else "pass"


def _few(found: Measurement) -> bool:
    return len(set(found.groups())) < FEWEST


def _criterion(
    id: str, estimate: float, interval: tuple[float, float], threshold: float, *, few: bool
) -> Criterion:
    low, high = interval
    outcome: Outcome = "inconclusive"
    if few:
        reason = f"There are questions about fewer than {FEWEST} documents: too few to tell."
    elif low >= threshold:
        outcome, reason = "pass", f"The interval begins at {low:.4f}."
    elif high < threshold:
        outcome, reason = "fail", f"The interval ends at {high:.4f}."
    else:
        reason = f"The threshold lies within the interval, {low:.4f} to {high:.4f}."
    return Criterion(
        id=id,
        estimate=estimate,
        interval=interval,
        threshold=threshold,
        outcome=outcome,
        reason=reason,
    )
