"""Questions made from passages, by a model and without one."""

from __future__ import annotations

import asyncio
import re

import pytest

from flowgrade.errors import InputError
from flowgrade.models import ChatRequest, ChatResponse, Model
from flowgrade.records import dumps
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.measuring.synthesis import gap_questions, sample, written_questions

TEXTS = [
    "The battery of the Pocket F1 weighs 2.4 kilograms. It is charged in three hours at home.",
    "Parcels without a case number are stored for 30 days and then sent back to the sender.",
    "Short.",
    "The Care Line is staffed on weekdays from eight to twenty and on Saturdays from nine.",
]
CHUNKS = [
    Chunk(id=f"d{n}#0", document=f"d{n}", number=0, text=text, start=0, end=len(text))
    for n, text in enumerate(TEXTS)
]


def test_a_gap_leaves_out_a_word_that_the_passage_has() -> None:
    found = gap_questions(CHUNKS, 10)
    assert {one.chunk.document for one in found} == {"d0", "d1", "d3"}
    for one in found:
        assert "_____" in one.question
        assert not re.search(rf"\b{re.escape(one.answer)}\b", one.question)
        assert one.question.replace("_____", one.answer) in one.chunk.text


def test_gaps_are_marked_and_come_back_the_same() -> None:
    rows = [one.as_row(n) for n, one in enumerate(gap_questions(CHUNKS, 2, seed=4))]
    assert rows == [one.as_row(n) for n, one in enumerate(gap_questions(CHUNKS, 2, seed=4))]
    assert [(row["synthetic"], row["method"], row["kind"]) for row in rows] == [
        (True, "gap", "synthetic-gap")
    ] * 2


def test_every_document_comes_once_before_one_comes_twice() -> None:
    chunks = [
        Chunk(id=f"{d}#{n}", document=d, number=n, text="t", start=0, end=1)
        for d in "ab"
        for n in range(5)
    ]
    taken = [chunk.document for chunk in sample(chunks, 1)]
    assert all(set(taken[start : start + 2]) == {"a", "b"} for start in range(0, 10, 2))


class Writer:
    """A model that writes what a function makes of the passage."""

    name = "writer"

    def __init__(self, quote: str | None, question: str = "How long for {n}?") -> None:
        self._quote = quote
        self._question = question
        self.calls = 0

    async def chat(self, request: ChatRequest) -> ChatResponse:
        self.calls += 1
        passage = str(request.messages[-1]["content"]).split("\n")[1]
        answer = {
            "question": self._question.format(n=self.calls),
            "answer": "an answer",
            "quote": passage[:30] if self._quote is None else self._quote,
        }
        return ChatResponse(
            text=dumps(answer),
            message={"role": "assistant", "content": dumps(answer)},
            finish_reason="stop",
            usage=None,
            model=self.name,
            raw={},
        )


def ask(writer: Writer, count: int = 3) -> tuple[list[str], dict[str, int]]:
    model: Model = writer  # type: ignore[assignment]
    found, refused = asyncio.run(written_questions(CHUNKS, model, count, concurrency=1))
    return [one.question for one in found], refused


def test_a_model_writes_as_many_as_were_asked_for() -> None:
    questions, refused = ask(Writer(None))
    assert questions == ["How long for 1?", "How long for 2?", "How long for 3?"]
    assert refused == {}


def test_what_the_passage_does_not_answer_is_refused() -> None:
    with pytest.raises(InputError, match="the quote that should answer it is not in the passage"):
        ask(Writer("It is made of gold."))


def test_what_speaks_of_the_passage_or_was_asked_before_is_refused() -> None:
    with pytest.raises(InputError, match="speaks of the passage"):
        ask(Writer(None, "What does the passage say about {n}?"))
    questions, refused = ask(Writer(None, "How long?"))
    assert questions == ["How long?"]
    assert refused == {"the question was asked before": 3}
