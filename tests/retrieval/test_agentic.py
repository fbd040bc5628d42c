"""Agentic retrieval searches until it is enough, and never without end."""

from __future__ import annotations

from typing import Any

import pytest

from flowgrade.errors import InputError
from flowgrade.flows import run_blocking
from flowgrade.models import Models
from flowgrade.records import loads
from flowgrade.retrieval import AgenticResult, agentic_search
from flowgrade.testing import StubServer
from flowgrade.tracing import RecordedSpan, start_trace
from tests.retrieval.conftest import CHAT, Say
from tests.retrieval.memory import searcher


def step(
    *queries: str, enough: bool = False, useful: tuple[int, ...] = (), missing: str = ""
) -> Any:
    return {
        "enough": enough,
        "missing": missing,
        "queries": list(queries),
        "useful": list(useful),
    }


def ask(models: Models, **options: Any) -> tuple[AgenticResult, list[RecordedSpan]]:
    spans: list[RecordedSpan] = []

    async def work() -> AgenticResult:
        with start_trace("test", sink=spans.extend):
            return await agentic_search(
                searcher(mode="keyword"),
                "Is the shop open when I bring the lamp back?",
                model=models.open(CHAT),
                **options,
            )

    return run_blocking(work()), spans


def test_it_plans_searches_checks_and_searches_again(models: Models, say: Say) -> None:
    say(
        step("lamp sent back"),
        step("opening nine", missing="when it is open", useful=(1,)),
        step(enough=True, useful=(1, 2)),
    )
    found, spans = ask(models)
    assert found.stopped == "enough"
    assert found.trail() == [
        {
            "queries": ["lamp sent back"],
            "found": ["returns#0", "shipping#0"],
            "enough": False,
            "missing": "when it is open",
        },
        {"queries": ["opening nine"], "found": ["hours#0"], "enough": True, "missing": ""},
    ]
    assert set(found.result.documents[:2]) == {"returns", "hours"}
    assert found.result.queries == ("lamp sent back", "opening nine")
    [span] = [span for span in spans if span.name == "agentic retrieval shop"]
    data = loads(span.data)
    assert data["attributes"]["flowgrade.retrieval.rounds"] == 2
    assert data["outputs"]["trail"][1]["queries"] == ["opening nine"]


def test_what_the_model_calls_useful_comes_first(models: Models, say: Say) -> None:
    say(step("the shop lamp", "tea"), step(enough=True, useful=(3, 99)))
    found, _ = ask(models)
    assert found.rounds[0].found[2] == "tea#0"
    assert found.result.documents[0] == "tea"


def test_its_rounds_are_bounded(models: Models, say: Say, stub: StubServer) -> None:
    say(*(step(f"lamp {n}") for n in range(20)))
    before = len(stub.requests)
    found, _ = ask(models, rounds=2)
    assert (found.stopped, len(found.rounds)) == ("rounds", 2)
    assert len(stub.requests) - before == 3


def test_a_search_that_was_made_is_not_made_again(models: Models, say: Say) -> None:
    say(step("lamp", "lamp"), step("lamp"))
    found, _ = ask(models)
    assert found.stopped == "nothing new"
    assert [one.queries for one in found.rounds] == [("lamp",)]


def test_a_plan_without_searches_still_searches_for_the_question(models: Models, say: Say) -> None:
    say(step(enough=True), step(enough=True))
    found, _ = ask(models)
    assert found.result.queries == ("Is the shop open when I bring the lamp back?",)
    assert found.result.hits


@pytest.mark.parametrize(("before", "searches"), [(0, 1), (1, 1)])
def test_a_model_that_fails_leaves_what_was_found(
    models: Models, say: Say, before: int, searches: int
) -> None:
    say(*[step("lamp")] * before, 401)
    found, spans = ask(models)
    assert found.stopped == "model failed"
    assert len(found.rounds) == searches
    assert found.result.hits
    [span] = [span for span in spans if span.name == "agentic retrieval shop"]
    assert "AuthenticationError" in loads(span.data)["attributes"]["flowgrade.retrieval.fallback"]


@pytest.mark.parametrize("rounds", [0, 11, True, "3"])
def test_a_number_of_rounds_that_is_none_is_refused(models: Models, rounds: Any) -> None:
    with pytest.raises(InputError, match="rounds"):
        ask(models, rounds=rounds)
