"""Measurement: how an index did on a set of questions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property

from flowgrade.errors import InputError
from flowgrade.records import Failure, JsonObject, Record, Usage
from flowgrade.retrieval.measuring.measures import Measure
from flowgrade.retrieval.measuring.questions import Question
from flowgrade.retrieval.measuring.statistics import Estimate, estimate


class Asked(Record):
    """One question and what was found for it."""

    question: Question
    found: tuple[str, ...]
    """Ids of documents, best first, as deep as the deepest measure."""
    seconds: float
    error: Failure | None = None
    """Why the search failed; it then counts as one that found nothing."""

    def value(self, measure: Measure) -> float:
        """The measure for this question, which has a relevant document."""
        return measure.of(self.found, self.question.relevant)

    def as_json(self) -> JsonObject:
        """The question with the place of each relevant document, None where it was not found."""
        places = {name: place for place, name in enumerate(self.found, start=1)}
        return {
            "id": self.question.id,
            "question": self.question.text,
            "kind": self.question.kind,
            "ranks": {name: places.get(name) for name in self.question.relevant},
            "found": list(self.found),
            "seconds": round(self.seconds, 6),
            "error": self.error,
        }


class Segment(Record):
    """The questions of one kind."""

    queries: int
    metrics: Mapping[str, Estimate]


class Measurement(Record, dict=True):
    """Everything that one measuring found."""

    measures: tuple[Measure, ...]
    asked: tuple[Asked, ...]
    """The questions that have a relevant document, in the order of the data."""
    skipped: int
    """Questions without any relevant document: no measure is defined for them."""
    missing: tuple[str, ...]
    """Relevant documents that the index does not hold. They count as not found."""
    wall: float
    """Seconds from the first question to the last answer."""
    cpu: float
    """Seconds of CPU time of this process in the same time."""
    usage: Usage | None = None
    cost: float | None = None
    """US dollars of model calls whose price is known."""
    unpriced: int = 0

    @property
    def failed(self) -> int:
        """Searches that failed."""
        return sum(one.error is not None for one in self.asked)

    @cached_property
    def metrics(self) -> Mapping[str, Estimate]:
        """Every measure by name, over all questions."""
        return _estimates(self.measures, self.asked)

    @cached_property
    def segments(self) -> Mapping[str, Segment]:
        """The same for each kind of question."""
        kinds = sorted({one.question.kind for one in self.asked if one.question.kind is not None})
        found = {kind: [one for one in self.asked if one.question.kind == kind] for kind in kinds}
        return {
            kind: Segment(queries=len(part), metrics=_estimates(self.measures, part))
            for kind, part in found.items()
        }

    @property
    def queries_per_second(self) -> float:
        """Questions answered in a second of wall time."""
        return len(self.asked) / max(self.wall, 1e-9)

    @property
    def queries_per_cpu_second(self) -> float:
        """Questions answered in a second of CPU time."""
        return len(self.asked) / max(self.cpu, 1e-9)

    def latency(self, share: float) -> float:
        """Seconds within which this share of the searches ended, by nearest rank."""
        seconds = sorted(one.seconds for one in self.asked)
        return seconds[max(0, math.ceil(share * len(seconds)) - 1)]

    def values(self, measure: Measure) -> list[float]:
        """The measure for each question, in order."""
        return [one.value(measure) for one in self.asked]

    def groups(self) -> list[tuple[str, ...]]:
        """What says which questions belong together, in order."""
        return [one.question.group for one in self.asked]

    def of(self, questions: Sequence[Question]) -> Measurement:
        """The part of it that is about some of the questions; times stay those of the whole."""
        wanted = {question.id for question in questions}
        part = tuple(one for one in self.asked if one.question.id in wanted)
        if not part:
            raise InputError("No question of this part has a relevant document.")
        return Measurement(
            measures=self.measures,
            asked=part,
            skipped=0,
            missing=self.missing,
            wall=self.wall,
            cpu=self.cpu,
        )

    def as_json(self) -> JsonObject:
        """What ``flowgrade index evaluate --json`` prints."""
        usage = self.usage or Usage()
        return {
            "queries": len(self.asked),
            **{name: round(found.mean, 6) for name, found in self.metrics.items()},
            "queries_per_second": round(self.queries_per_second, 1),
            "queries_per_cpu_second": round(self.queries_per_cpu_second, 1),
            "latency": {
                "p50": round(self.latency(0.50), 6),
                "p95": round(self.latency(0.95), 6),
            },
            "intervals": _intervals(self.metrics),
            "segments": {
                kind: {
                    "queries": part.queries,
                    **{name: round(found.mean, 6) for name, found in part.metrics.items()},
                    "intervals": _intervals(part.metrics),
                }
                for kind, part in self.segments.items()
            },
            "skipped": self.skipped,
            "failed": self.failed,
            "missing": list(self.missing),
            "tokens": usage.total_tokens,
            "cost": None if self.unpriced else self.cost,
            "known_cost": self.cost,
            "unpriced": self.unpriced,
        }


def _estimates(measures: Sequence[Measure], asked: Sequence[Asked]) -> dict[str, Estimate]:
    groups = [one.question.group for one in asked]
    return {
        str(measure): estimate([one.value(measure) for one in asked], groups)
        for measure in measures
    }


def _intervals(metrics: Mapping[str, Estimate]) -> JsonObject:
    return {name: [round(one.low, 6), round(one.high, 6)] for name, one in metrics.items()}
