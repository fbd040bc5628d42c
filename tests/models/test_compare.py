"""Several models, the same questions."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowgrade.models import (
    Answer,
    ChatRequest,
    Comparison,
    Models,
    RetryPolicy,
    ask,
    ask_to_embed,
    compare_models,
)
from flowgrade.records import Failure, Usage
from flowgrade.settings import Settings

if TYPE_CHECKING:
    from tests.models.conftest import Kit
    from tests.models.server import Server


def models(folder: Path, server: Server) -> Models:
    (folder / "connections.yaml").write_text(
        f"stub: {{base_url: '{server.url}'}}\nbad: {{base_url: 'http://127.0.0.1:1/v1'}}",
        encoding="utf-8",
    )
    settings = Settings(project=folder, home=folder, store="")
    return Models(settings, retry=RetryPolicy(retries=0))


def compare(found: Models, names: list[str], questions: list[str], **more: object) -> Comparison:
    return asyncio.run(compare_models(found, names, questions, **more))  # type: ignore[arg-type]


def test_every_model_is_asked_every_question(tmp_path: Path, server: Server) -> None:
    seen: list[Answer] = []
    found = compare(
        models(tmp_path, server),
        ["stub/a", "stub/b"],
        ["one", "two", "three"],
        system="Be brief.",
        parameters={"temperature": 0},
        on_answer=seen.append,
    )
    assert found.good
    assert len(seen) == 6
    asked = {(r.body["model"], r.body["messages"][1]["content"]) for r in server.requests}
    assert asked == {(m, q) for m in "ab" for q in ("one", "two", "three")}
    assert all(r.body["messages"][0]["content"] == "Be brief." for r in server.requests)
    assert all(r.body["temperature"] == 0 for r in server.requests)
    assert [[answer.model for answer in row] for row in found.answers] == [["stub/a", "stub/b"]] * 3


@pytest.mark.parametrize("concurrency", [1, 3])
def test_no_more_calls_than_asked_for_are_under_way(
    tmp_path: Path, server: Server, kit: Kit, concurrency: int
) -> None:
    under_way = most = 0

    class Counting(Models):
        def open(self, model: str, **more: object) -> object:  # type: ignore[override]
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            return super().open(model)

    def done(_: Answer) -> None:
        nonlocal under_way
        under_way -= 1

    plain = models(tmp_path, server)
    counting = Counting(plain.settings, retry=RetryPolicy(retries=0))
    compare(
        counting, ["stub/a"], [str(n) for n in range(9)], concurrency=concurrency, on_answer=done
    )
    assert most == concurrency


def test_a_model_that_fails_is_an_answer_with_its_error(tmp_path: Path, server: Server) -> None:
    found = compare(models(tmp_path, server), ["bad/x", "nowhere/y", "stub/a"], ["one"])
    assert not found.good
    kinds = [answer.error.type if answer.error else None for answer in found.answers[0]]
    assert kinds == ["ModelUnreachableError", "ConnectionNotFoundError", None]
    first, _, third = found.standings()
    assert (first.answered, first.failed, first.median) == (0, 1, None)
    assert (third.answered, third.failed) == (1, 0)


def test_an_answer_without_text_is_not_taken_for_a_good_one(
    tmp_path: Path, server: Server, kit: Kit
) -> None:
    server.will(kit.stream("  "))
    request = ChatRequest(messages=[{"role": "user", "content": "Hi"}])
    answer = asyncio.run(ask(models(tmp_path, server), "stub/a", request))
    assert answer.error is not None
    assert "no text" in answer.error.message


def test_a_model_that_does_not_stream_is_asked_whole(
    tmp_path: Path, server: Server, kit: Kit
) -> None:
    (tmp_path / "models.yaml").write_text(
        "models: {stub/a: {lacks: [streaming]}}", encoding="utf-8"
    )
    server.will(kit.chat("whole"))
    request = ChatRequest(messages=[{"role": "user", "content": "Hi"}])
    answer = asyncio.run(ask(models(tmp_path, server), "stub/a", request))
    assert (answer.text, answer.first_token, answer.answered_by) == ("whole", None, "stub-2024")
    assert "stream" not in server.requests[0].body


def test_an_embedding_says_what_came(tmp_path: Path, server: Server, kit: Kit) -> None:
    body = b'{"data": [{"index": 0, "embedding": [1, 2, 3]}], "model": "e"}'
    server.will(kit.Reply(body=body))
    answer = asyncio.run(ask_to_embed(models(tmp_path, server), "stub/e", "x"))
    assert (answer.text, answer.answered_by) == ("a vector of 3 numbers", "e")


def answer(seconds: float, *, cost: float | None = 0.5, failed: bool = False) -> Answer:
    return Answer(
        model="m",
        text="t",
        error=Failure(type="E", message="m") if failed else None,
        seconds=seconds,
        first_token=seconds / 2,
        usage=Usage(input_tokens=2, output_tokens=None),
        cost=cost,
    )


def standing_of(*answers: Answer) -> dict[str, object]:
    rows = tuple((one,) for one in answers)
    questions = tuple("q" for _ in answers)
    found = Comparison(models=("m",), questions=questions, answers=rows)
    return found.standings()[0].as_json()


def test_times_are_of_the_calls_that_succeeded() -> None:
    found = standing_of(*(answer(float(n)) for n in range(1, 21)), answer(900.0, failed=True))
    assert (found["median_seconds"], found["p95_seconds"]) == (10.5, 19.0)
    assert found["first_token_seconds"] == 5.25
    assert (found["answered"], found["failed"]) == (20, 1)
    assert (found["input_tokens"], found["output_tokens"]) == (42, None)


def test_a_cost_that_is_known_in_part_is_no_cost() -> None:
    whole = standing_of(answer(1), answer(1))
    assert (whole["cost"], whole["known_cost"], whole["unpriced"]) == (1.0, 1.0, 0)
    part = standing_of(answer(1), answer(1, cost=None))
    assert (part["cost"], part["known_cost"], part["unpriced"]) == (None, 0.5, 1)
    none = standing_of(answer(1, cost=None))
    assert (none["cost"], none["known_cost"], none["unpriced"]) == (None, None, 1)
