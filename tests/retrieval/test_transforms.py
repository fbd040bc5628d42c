"""Query transforms search for more than the question, and never for less."""

from __future__ import annotations

from typing import Any

import pytest

from flowgrade.errors import InputError
from flowgrade.flows import run_blocking
from flowgrade.models import Models
from flowgrade.records import loads
from flowgrade.retrieval import (
    TRANSFORMS,
    SearchResult,
    ask_index,
    check_transform,
    search_all,
    transformed,
)
from flowgrade.testing import StubServer
from flowgrade.tracing import RecordedSpan, start_trace
from tests.retrieval.conftest import CHAT, Say
from tests.retrieval.memory import searcher


def ask(models: Models, question: str, **options: Any) -> tuple[SearchResult, list[RecordedSpan]]:
    spans: list[RecordedSpan] = []

    async def work() -> SearchResult:
        with start_trace("test", sink=spans.extend):
            return await ask_index(
                searcher(mode="keyword"), question, model=models.open(CHAT), **options
            )

    return run_blocking(work()), spans


def test_rewrite_searches_for_the_question_that_stands_alone(models: Models, say: Say) -> None:
    say("opening hours of the shop")
    history = [{"inputs": {"question": "Where is the shop?"}, "outputs": {"answer": "In Ulm."}}]
    result, _ = ask(models, "And when?", transform="rewrite", history=history)
    assert result.query == "opening hours of the shop"
    assert result.documents[0] == "hours"


@pytest.mark.parametrize(
    "history",
    [
        [{"inputs": {"question": "Where?"}, "outputs": {"answer": "In Ulm."}}],
        [{"inputs": {"chat": "Where?"}, "outputs": {"reply": "In Ulm."}}],
        [{"role": "user", "content": "Where?"}, {"role": "assistant", "content": "In Ulm."}],
    ],
    ids=["ours", "other names", "messages"],
)
def test_a_history_may_have_any_of_the_usual_shapes(
    models: Models, say: Say, stub: StubServer, history: Any
) -> None:
    say("x")
    ask(models, "And when?", transform="rewrite", history=history)
    sent = str(stub.requests[-1].body)
    assert "Person: Where?" in sent
    assert "Assistant: In Ulm." in sent


def test_multi_query_fuses_what_all_queries_find(models: Models, say: Say) -> None:
    say({"queries": ["brewing temperature of tea", "postage to islands", "one too many"]})
    queries = run_blocking(transformed("multi_query", models.open(CHAT), "lamp sent back", count=2))
    assert queries == ("lamp sent back", "brewing temperature of tea", "postage to islands")
    result = run_blocking(search_all(searcher(mode="keyword"), queries, limit=3))
    assert set(result.documents) == {"returns", "tea", "shipping"}
    assert result.queries == queries
    scores = [hit.score for hit in result.hits]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("transform", ["hyde", "step_back"])
def test_the_question_is_searched_for_beside_what_the_model_wrote(
    models: Models, say: Say, transform: str
) -> None:
    say("Green tea is brewed\nat eighty degrees.")
    result, _ = ask(models, "how hot?", transform=transform)
    assert result.queries == ("how hot?", "Green tea is brewed at eighty degrees.")
    assert result.documents[0] == "tea"


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_model_that_fails_leaves_the_question_and_the_span_says_so(
    models: Models, say: Say, transform: str
) -> None:
    say(401, 401)
    result, spans = ask(models, "opens at nine?", transform=transform)
    assert result.documents[0] == "hours"
    [span] = [span for span in spans if span.name == f"transform {transform}"]
    data = loads(span.data)
    assert "AuthenticationError" in data["attributes"]["flowgrade.retrieval.fallback"]
    assert data["outputs"] == ["opens at nine?"]


@pytest.mark.parametrize("transform", ["rewrite", "hyde", "step_back"])
def test_a_model_that_says_nothing_leaves_the_question(
    models: Models, say: Say, transform: str
) -> None:
    say("   ")
    result, _ = ask(models, "opens at nine?", transform=transform)
    assert result.documents[0] == "hours"


def test_an_answer_without_end_makes_no_query_without_end(models: Models, say: Say) -> None:
    say("word " * 50_000)
    [_, other] = run_blocking(transformed("hyde", models.open(CHAT), "q"))
    assert len(other) <= 2000


def test_an_unknown_transform_is_refused() -> None:
    with pytest.raises(InputError, match="no query transform 'magic'"):
        check_transform("magic")
