"""Ask an index questions whose answers are known, and measure what it finds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence

from flowgrade.errors import FlowgradeError, InputError
from flowgrade.records import Failure, Record, Usage
from flowgrade.retrieval.measuring.measurement import Asked, Measurement
from flowgrade.retrieval.measuring.measures import DEFAULT_MEASURES, Measure
from flowgrade.retrieval.measuring.questions import Question
from flowgrade.retrieval.result import Searches
from flowgrade.tracing import start_trace

Missing = Callable[[Sequence[str]], Sequence[str]]
"""Which of these documents an index does not hold."""

_WIDER = (4, 16)
"""Times as many passages, where the first did not come from enough documents."""


class _Answer(Record):
    found: tuple[str, ...]
    hits: int
    seconds: float
    error: BaseException | None = None
    usage: Usage | None = None
    cost: float | None = None
    unpriced: int = 0


async def measure(
    index: Searches,
    questions: Sequence[Question],
    *,
    measures: Sequence[Measure] = DEFAULT_MEASURES,
    missing: Missing | None = None,
    concurrency: int = 1,
    on_answer: Callable[[], None] | None = None,
) -> Measurement:
    """Ask ``index`` every question that has a relevant document, ``concurrency`` at once.

    Documents are ranked by their best passage. Times are of searches for as many passages as the
    deepest measure has places; where those come from fewer documents, more are asked for later.
    A search that fails finds nothing and is counted in ``failed``; when all fail, the first error
    is raised. Raises InputError when no question has a relevant document that the index holds.
    """
    asked = [question for question in questions if question.relevant]
    if not asked:
        raise InputError("No question names a relevant document.", hint=_WRITE)
    gone = _gone(asked, missing)
    depth = max(measure.k for measure in measures)
    wall, cpu = time.perf_counter(), time.process_time()
    answers = await _ask_all(index, [(q, depth) for q in asked], concurrency, on_answer)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if all(answer.error is not None for answer in answers):
        raise next(answer.error for answer in answers if answer.error is not None)
    spent = list(answers)
    for times in _WIDER:
        short = [n for n, one in enumerate(answers) if _is_short(one, depth, times)]
        wider = await _ask_all(index, [(asked[n], depth * times) for n in short], concurrency)
        spent += wider
        for number, answer in zip(short, wider, strict=True):
            if answer.error is None:
                answers[number] = answer
    first = spent[: len(asked)]
    costs = [answer.cost for answer in spent if answer.cost is not None]
    usages = [answer.usage for answer in spent if answer.usage is not None]
    return Measurement(
        measures=tuple(measures),
        asked=tuple(
            Asked(
                question=question,
                found=answer.found[:depth],
                seconds=timed.seconds,
                error=None if answer.error is None else Failure.of(answer.error),
            )
            for question, answer, timed in zip(asked, answers, first, strict=True)
        ),
        skipped=len(questions) - len(asked),
        missing=gone,
        wall=wall,
        cpu=cpu,
        usage=sum(usages, start=Usage()) if usages else None,
        cost=sum(costs) if costs else None,
        unpriced=sum(answer.unpriced for answer in spent),
    )


_WRITE = 'A line of the data is {"question": "…", "relevant": ["document id"]}.'


def _gone(asked: Sequence[Question], missing: Missing | None) -> tuple[str, ...]:
    wanted = list(dict.fromkeys(name for question in asked for name in question.relevant))
    gone = tuple(missing(wanted)) if missing is not None else ()
    if len(gone) == len(wanted):
        raise InputError(
            f"The index holds none of the {len(wanted):,} documents that the questions name, "
            f"such as '{wanted[0]}'.",
            hint="Name documents by the ids that they have in the index, and use questions about "
            "this index.",
        )
    return gone


def _is_short(answer: _Answer, depth: int, times: int) -> bool:
    """Whether more passages might come from more documents: all that were asked for came."""
    before = depth * (1 if times == _WIDER[0] else _WIDER[0])
    return answer.error is None and len(answer.found) < depth and answer.hits >= before


async def _ask_all(
    index: Searches,
    work: Sequence[tuple[Question, int]],
    concurrency: int,
    on_answer: Callable[[], None] | None = None,
) -> list[_Answer]:
    answers: dict[int, _Answer] = {}
    waiting = iter(enumerate(work))

    async def lane(waiting: Iterator[tuple[int, tuple[Question, int]]]) -> None:
        for number, (question, limit) in waiting:
            answers[number] = await _ask(index, question, limit)
            if on_answer is not None:
                on_answer()

    async with asyncio.TaskGroup() as group:
        for _ in range(min(max(1, concurrency), len(work))):
            group.create_task(lane(waiting))
    return [answers[number] for number in range(len(work))]


async def _ask(index: Searches, question: Question, limit: int) -> _Answer:
    found: tuple[str, ...] = ()
    hits, error = 0, None
    root = start_trace("measure", sink=_forget)
    started = time.perf_counter()
    with root:
        try:
            result = await index.search(question.text, limit=limit)
            found, hits = result.documents, len(result.hits)
        except FlowgradeError as caught:
            error = caught
    seconds, trace = time.perf_counter() - started, root.trace
    assert trace is not None
    return _Answer(
        found=found,
        hits=hits,
        seconds=seconds,
        error=error,
        usage=trace.usage,
        cost=trace.cost,
        unpriced=trace.unpriced,
    )


def _forget(spans: object) -> None:
    """What was asked is not kept; the trace sums up what it cost."""
