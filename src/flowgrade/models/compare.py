"""Let several models answer the same questions, and put side by side how they did."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median

from flowgrade.models.asking import Answer, ask
from flowgrade.models.models import Models
from flowgrade.models.request import ChatRequest
from flowgrade.records import Json, JsonObject, Record


class Standing(Record):
    """How one model did over all questions. Times are of the calls that succeeded."""

    model: str
    answered: int
    failed: int
    median: float | None
    """Seconds from the question to the end of the answer."""
    p95: float | None
    """The 95th percentile of the same, by nearest rank."""
    first_token: float | None
    """Median of the seconds until the first text."""
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None
    """US dollars of the calls whose price is known."""
    unpriced: int
    """Calls that answered and whose cost is not known."""

    def as_json(self) -> JsonObject:
        """The standing as the command line prints it with ``--json``."""
        return {
            "model": self.model,
            "answered": self.answered,
            "failed": self.failed,
            "median_seconds": _rounded(self.median),
            "p95_seconds": _rounded(self.p95),
            "first_token_seconds": _rounded(self.first_token),
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost": None if self.unpriced else self.cost,
            "known_cost": self.cost,
            "unpriced": self.unpriced,
        }


class Comparison(Record):
    """Questions, and for each the answers in the order of the models."""

    models: tuple[str, ...]
    questions: tuple[str, ...]
    answers: tuple[tuple[Answer, ...], ...]
    system: str | None = None

    @property
    def good(self) -> bool:
        """Whether every model answered every question."""
        return all(answer.error is None for row in self.answers for answer in row)

    def standings(self) -> list[Standing]:
        """How each model did."""
        return [
            _standing(model, [row[index] for row in self.answers])
            for index, model in enumerate(self.models)
        ]

    def as_json(self) -> JsonObject:
        """The comparison as the command line prints it with ``--json``."""
        return {
            "models": [standing.as_json() for standing in self.standings()],
            "answers": [
                {"question": question, "answers": [answer.as_json() for answer in row]}
                for question, row in zip(self.questions, self.answers, strict=True)
            ],
        }


async def compare_models(
    models: Models,
    names: Sequence[str],
    questions: Sequence[str],
    *,
    system: str | None = None,
    parameters: Mapping[str, Json] | None = None,
    concurrency: int = 8,
    on_answer: Callable[[Answer], None] | None = None,
) -> Comparison:
    """Ask every model every question, at most ``concurrency`` at once, question by question.

    A model that fails is an answer with an error, not the end.
    """
    found: dict[tuple[int, int], Answer] = {}
    work = iter([(q, m) for q in range(len(questions)) for m in range(len(names))])

    async def lane(work: Iterator[tuple[int, int]]) -> None:
        for question, model in work:
            request = ChatRequest(
                messages=_messages(system, questions[question]), parameters=parameters or {}
            )
            answer = await ask(models, names[model], request)
            found[question, model] = answer
            if on_answer is not None:
                on_answer(answer)

    async with asyncio.TaskGroup() as group:
        for _ in range(max(1, concurrency)):
            group.create_task(lane(work))
    return Comparison(
        models=tuple(names),
        questions=tuple(questions),
        answers=tuple(
            tuple(found[question, model] for model in range(len(names)))
            for question in range(len(questions))
        ),
        system=system,
    )


def _messages(system: str | None, question: str) -> list[JsonObject]:
    first: list[JsonObject] = [{"role": "system", "content": system}] if system else []
    return [*first, {"role": "user", "content": question}]


def _standing(model: str, answers: list[Answer]) -> Standing:
    good = [answer for answer in answers if answer.error is None]
    seconds = sorted(answer.seconds for answer in good)
    firsts = [answer.first_token for answer in good if answer.first_token is not None]
    costs = [answer.cost for answer in answers if answer.cost is not None]
    usages = [answer.usage for answer in answers if answer.usage is not None]
    return Standing(
        model=model,
        answered=len(good),
        failed=len(answers) - len(good),
        median=median(seconds) if seconds else None,
        p95=seconds[math.ceil(0.95 * len(seconds)) - 1] if seconds else None,
        first_token=median(firsts) if firsts else None,
        input_tokens=_sum([usage.input_tokens for usage in usages]),
        output_tokens=_sum([usage.output_tokens for usage in usages]),
        cost=math.fsum(costs) if costs else None,
        unpriced=sum(answer.cost is None for answer in good),
    )


def _sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
