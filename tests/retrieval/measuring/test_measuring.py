"""Measuring an index: what is asked, counted, skipped and reported."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from flowgrade.errors import DatasetError, InputError, ModelBusyError
from flowgrade.records import SpanKind, Usage
from flowgrade.retrieval.measuring.measure import measure
from flowgrade.retrieval.measuring.measurement import Measurement
from flowgrade.retrieval.measuring.questions import Question, read_questions
from flowgrade.tracing import span
from tests.retrieval.measuring.indexes import Ranked, question

ORDER = [f"d{n}" for n in range(30)]


def run(index: Any, questions: Sequence[Question], **options: Any) -> Measurement:
    return asyncio.run(measure(index, questions, **options))


def test_each_question_is_asked_and_the_means_are_taken() -> None:
    found = run(Ranked(lambda _: ORDER), [question(0, "d0"), question(1, "d1"), question(2, "zz")])
    json = found.as_json()
    assert json["queries"] == 3
    assert json["recall@1"] == pytest.approx(1 / 3, abs=1e-6)
    assert json["recall@10"] == pytest.approx(2 / 3, abs=1e-6)
    assert json["mrr@10"] == pytest.approx(0.5)
    assert json["queries_per_second"] > 0
    low, high = json["intervals"]["mrr@10"]
    assert low < 0.5 < high


def test_a_document_has_the_place_of_its_best_passage() -> None:
    found = run(Ranked(lambda _: ["a#3", "a#1", "b#0", "a#2", "c#5"]), [question(0, "b")])
    assert found.asked[0].found == ("a", "b", "c")
    assert found.asked[0].as_json()["ranks"] == {"b": 2}


def test_more_passages_are_asked_for_where_they_came_from_too_few_documents() -> None:
    index = Ranked(lambda _: [*(f"a#{n}" for n in range(12)), *ORDER])
    found = run(index, [question(0, "d8")])
    assert index.limits == [10, 40]
    assert found.asked[0].found == ("a", *ORDER[:9])


def test_no_more_are_asked_for_when_there_are_no_more() -> None:
    index = Ranked(lambda _: ["a", "b"])
    run(index, [question(0, "b")])
    assert index.limits == [10]


def test_questions_without_a_relevant_document_are_skipped_and_counted() -> None:
    found = run(Ranked(lambda _: ORDER), [question(0, "d0"), question(1)])
    assert (len(found.asked), found.skipped) == (1, 1)
    with pytest.raises(InputError, match="No question names"):
        run(Ranked(lambda _: ORDER), [question(1)])


def test_a_relevant_document_that_is_not_in_the_index_is_reported() -> None:
    held = {"d0", "d1"}
    found = run(
        Ranked(lambda _: ORDER),
        [question(0, "d0"), question(1, "gone", "d1")],
        missing=lambda ids: [one for one in ids if one not in held],
    )
    assert found.missing == ("gone",)
    assert found.metrics["recall@10"].mean == pytest.approx(0.75)


def test_questions_about_another_index_are_refused() -> None:
    with pytest.raises(InputError, match="holds none of the 2 documents"):
        run(Ranked(lambda _: ORDER), [question(0, "x"), question(1, "y")], missing=list)


def test_each_kind_is_a_segment() -> None:
    questions = [question(n, f"d{n}", kind="direct" if n < 2 else "other") for n in range(4)]
    segments = run(Ranked(lambda _: ORDER[:2]), questions).as_json()["segments"]
    assert segments["direct"]["recall@5"] == 1
    assert segments["other"]["recall@5"] == 0
    assert segments["direct"]["queries"] == 2
    assert segments["direct"]["intervals"]["recall@5"][0] < 1


def test_no_more_searches_are_under_way_than_asked_for() -> None:
    index = Ranked(lambda _: ORDER, pause=0.001)
    run(index, [question(n, "d0") for n in range(20)], concurrency=3)
    assert index.most == 3


def test_a_search_that_fails_finds_nothing_and_is_counted() -> None:
    def rank(query: str) -> list[str]:
        if query.endswith("1"):
            raise ModelBusyError("The endpoint is overloaded.")
        return ORDER

    found = run(Ranked(rank), [question(0, "d0"), question(1, "d0")])
    assert found.failed == 1
    assert found.metrics["hit@10"].mean == 0.5
    error = found.asked[1].error
    assert error is not None
    assert error.type == "ModelBusyError"
    with pytest.raises(ModelBusyError):
        run(Ranked(rank), [question(1, "d0")])


def test_what_models_consumed_is_summed_up() -> None:
    def rank(_: str) -> list[str]:
        with span("embed", kind=SpanKind.EMBEDDING) as step:
            step.usage = Usage(input_tokens=7)
            step.cost = 0.25
        return ORDER

    found = run(Ranked(rank), [question(n, "d0") for n in range(4)]).as_json()
    assert (found["tokens"], found["cost"], found["unpriced"]) == (28, 1.0, 0)


def test_without_a_model_call_nothing_is_known_of_cost() -> None:
    found = run(Ranked(lambda _: ORDER), [question(0, "d0")]).as_json()
    assert (found["tokens"], found["cost"]) == (None, None)


def test_questions_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text(
        '{"question": "a?", "relevant": ["x", "y"], "kind": "k", "id": 7}\n\n'
        '{"question": "b?", "relevant": {"x": 2, "y": 0}}\n'
        '{"question": "c?", "relevant": []}\n',
        encoding="utf-8",
    )
    first, second, third = read_questions(file).questions
    assert (first.id, first.kind, dict(first.relevant)) == ("7", "k", {"x": 1.0, "y": 1.0})
    assert (second.id, dict(second.relevant)) == ("1", {"x": 2.0})
    assert not third.relevant


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"relevant": ["x"]}', "no 'question'"),
        ('{"question": " ", "relevant": ["x"]}', "no 'question'"),
        ('{"question": "a"}', "no 'relevant'"),
        ('{"question": "a", "relevant": "x"}', "neither a list"),
        ('{"question": "a", "relevant": 3}', "neither a list"),
        ('{"question": "a", "relevant": [null]}', "no document id"),
        ('{"question": "a", "relevant": {"x": "high"}}', "grade of 'x'"),
        ('{"question": "a", "relevant": {"x": -1}}', "grade of 'x'"),
        ('{"question": "a", "relevant": ["x"], "id": "first"}', "there before"),
    ],
)
def test_a_question_that_cannot_be_used_is_named_with_its_line(
    tmp_path: Path, line: str, words: str
) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text(
        '{"id": "first", "question": "a?", "relevant": ["x"]}\n\n' + line + "\n", encoding="utf-8"
    )
    with pytest.raises(DatasetError, match=words) as caught:
        read_questions(file)
    assert str(caught.value.place) == f"{file}:3"
