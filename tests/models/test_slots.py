"""Slots of flowgrade.yaml: names that flows use for models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from flowgrade.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionNotFoundError,
    ContentFilterError,
    FlowgradeError,
    ModelServerError,
    QuotaError,
    SettingsError,
    UnknownModelError,
)
from flowgrade.models import (
    ChatRequest,
    CompletionRequest,
    EmbeddingRequest,
    Model,
    Models,
    RetryPolicy,
)
from flowgrade.models.slots import targets
from flowgrade.settings import read_settings
from flowgrade.tracing import RecordedSpan, start_trace

if TYPE_CHECKING:
    from tests.models.conftest import Kit
    from tests.models.server import Server

REQUEST = ChatRequest(messages=[{"role": "user", "content": "Hi"}])
TWO = "models: {fast: {use: stub/a, fallback: [stub/b, stub/c]}}"


def models(folder: Path, text: str, server: Server | None = None, **environment: str) -> Models:
    (folder / "flowgrade.yaml").write_text(text, encoding="utf-8")
    url = server.url if server else "http://127.0.0.1:1/v1"
    (folder / "connections.yaml").write_text(f"stub: {{base_url: '{url}'}}", encoding="utf-8")
    environ = {"FLOWGRADE_HOME": str(folder / "home"), **environment}
    return Models(read_settings(environ, folder=folder), retry=RetryPolicy(retries=0))


def ask(model: Model, request: ChatRequest = REQUEST) -> tuple[str | None, list[dict[str, Any]]]:
    """The answer, and what the spans of the calls kept."""
    spans: list[RecordedSpan] = []

    async def work() -> str | None:
        with start_trace("root", sink=spans.extend):
            return (await model.chat(request)).text

    text = asyncio.run(work())
    return text, [orjson.loads(span.data) | {"status": span.status} for span in spans[:-1]]


def test_a_slot_is_opened_by_its_name(tmp_path: Path, server: Server) -> None:
    found = models(tmp_path, "models: {fast: stub/org/a}", server)
    text, (span,) = ask(found.open("fast"))
    assert text == "Hello."
    assert server.requests[0].body["model"] == "org/a"
    assert span["attributes"]["flowgrade.slot"] == "fast"
    assert found.open("fast") is found.open("fast")


def test_a_slot_has_parameters_and_a_connection(tmp_path: Path, server: Server) -> None:
    text = "models: {fast: {use: a, connection: stub, parameters: {temperature: 0, seed: 7}}}"
    model = models(tmp_path, text, server).open("fast")
    ask(model, ChatRequest(messages=REQUEST.messages, parameters={"seed": 8}))
    body = server.requests[0].body
    assert (body["model"], body["temperature"], body["seed"]) == ("a", 0, 8)


def test_an_environment_binds_slots_otherwise(tmp_path: Path) -> None:
    text = """
models: {fast: stub/a, smart: stub/s}
environments:
  prod: {models: {fast: stub/b}}
"""
    assert models(tmp_path, text).open("fast").name == "a"
    prod = models(tmp_path, text, FLOWGRADE_ENVIRONMENT="prod")
    assert prod.open("fast").name == "b"
    assert prod.open("smart").name == "s"


def test_a_node_that_names_its_connection_means_no_slot(tmp_path: Path) -> None:
    found = models(tmp_path, "models: {fast: stub/a}")
    assert found.open("fast", connection="stub").name == "fast"


@pytest.mark.parametrize("status", [429, 500, 503, 529, 404, 402, 408])
def test_the_next_model_answers_when_one_fails(
    tmp_path: Path, server: Server, kit: Kit, status: int
) -> None:
    server.will(kit.error(status, "first"), kit.error(500, "second"), kit.chat("third"))
    text, spans = ask(models(tmp_path, TWO, server).open("fast"))
    assert text == "third"
    assert [request.body["model"] for request in server.requests] == ["a", "b", "c"]
    assert [span["status"] for span in spans] == ["error", "error", "ok"]
    assert all(span["attributes"]["flowgrade.slot"] == "fast" for span in spans)
    assert "flowgrade.fallback" not in spans[0]["attributes"]
    before = spans[2]["attributes"]["flowgrade.fallback"]
    assert [failure["model"] for failure in before] == ["a", "b"]
    assert before[1]["error"] == "ModelServerError"
    assert "second" in before[1]["message"]


def test_quota_goes_on_and_so_does_a_server_that_is_gone(
    tmp_path: Path, server: Server, kit: Kit
) -> None:
    server.will(kit.error(429, code="insufficient_quota"), kit.chat("b"))
    assert ask(models(tmp_path, TWO, server).open("fast"))[0] == "b"
    gone = "models: {fast: {use: ollama/a, fallback: [stub/b]}}"
    server.will(kit.chat("here"))
    opened = models(tmp_path, gone, server)
    (tmp_path / "connections.yaml").write_text(
        f"ollama: {{base_url: 'http://127.0.0.1:1/v1'}}\nstub: {{base_url: '{server.url}'}}",
        encoding="utf-8",
    )
    assert ask(opened.open("fast"))[0] == "here"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, None, BadRequestError),
        (400, "content_filter", ContentFilterError),
        (401, None, AuthenticationError),
    ],
)
def test_a_request_that_is_refused_is_not_sent_elsewhere(
    tmp_path: Path, server: Server, kit: Kit, status: int, code: str | None, kind: type[Exception]
) -> None:
    server.will(kit.error(status, "no", code=code))
    with pytest.raises(kind):
        ask(models(tmp_path, TWO, server).open("fast"))
    assert len(server.requests) == 1


def test_when_all_fail_the_error_is_the_last_and_names_those_before(
    tmp_path: Path, server: Server, kit: Kit
) -> None:
    server.will(kit.error(429, "busy"), kit.error(402, "broke"), kit.error(500, "down"))
    with pytest.raises(ModelServerError, match="down") as caught:
        ask(models(tmp_path, TWO, server).open("fast"))
    assert "slot 'fast'" in caught.value.message
    assert "a: RateLimitError" in caught.value.message
    assert "b: QuotaError" in caught.value.message
    assert issubclass(QuotaError, FlowgradeError)


def test_a_model_that_lacks_what_is_asked_is_passed_over_but_not_the_first(
    tmp_path: Path, server: Server, kit: Kit
) -> None:
    (tmp_path / "models.yaml").write_text("models: {stub/b: {lacks: [seed]}}", encoding="utf-8")
    seeded = ChatRequest(messages=REQUEST.messages, parameters={"seed": 1})
    server.will(kit.error(500), kit.chat("c"))
    assert ask(models(tmp_path, TWO, server).open("fast"), seeded)[0] == "c"
    (tmp_path / "models.yaml").write_text("models: {stub/a: {lacks: [seed]}}", encoding="utf-8")
    with pytest.raises(FlowgradeError, match="lacks what the request needs"):
        ask(models(tmp_path, TWO, server).open("fast"), seeded)


def test_other_operations_fall_back_too(tmp_path: Path, server: Server, kit: Kit) -> None:
    model = models(tmp_path, TWO, server).open("fast")
    vectors = {"data": [{"index": 0, "embedding": [1.0]}]}
    server.will(kit.error(500), kit.Reply(body=orjson.dumps(vectors)))
    found = asyncio.run(model.embed(EmbeddingRequest(inputs=["x"])))
    assert found.vectors == [[1.0]]
    completion = {"choices": [{"index": 0, "text": "done"}]}
    server.will(kit.error(500), kit.Reply(body=orjson.dumps(completion)))
    assert asyncio.run(model.complete(CompletionRequest(prompt="x"))).text == "done"


async def texts(stream: AsyncIterator[Any]) -> list[str]:
    return [chunk.text async for chunk in stream if chunk.text]


def test_a_stream_falls_back_before_its_first_piece(
    tmp_path: Path, server: Server, kit: Kit
) -> None:
    model = models(tmp_path, TWO, server).open("fast")
    server.will(kit.error(503), kit.stream("from", "b"))
    assert asyncio.run(texts(model.chat_stream(REQUEST))) == ["from", "b"]


def test_a_stream_that_has_begun_does_not_fall_back(
    tmp_path: Path, server: Server, kit: Kit
) -> None:
    whole = kit.stream("from", "a")
    assert whole.pieces is not None
    server.will(kit.Reply(**{**vars(whole), "pieces": whole.pieces[:1], "then": "cut"}))
    seen: list[str] = []

    async def work() -> None:
        async for chunk in models(tmp_path, TWO, server).open("fast").chat_stream(REQUEST):
            seen.append(chunk.text)

    with pytest.raises(FlowgradeError):
        asyncio.run(work())
    assert seen == ["from"]
    assert len(server.requests) == 1


def test_slots_lead_to_slots(tmp_path: Path) -> None:
    text = """
models:
  smart: {use: fast, fallback: [spare, stub/z], parameters: {temperature: 1, top_p: 0.5}}
  fast: {use: stub/a, fallback: [spare], parameters: {temperature: 0, seed: 1}}
  spare: {use: stub/b, parameters: {seed: 2, top_p: 0.9}}
"""
    slots = models(tmp_path, text).settings.models
    found = targets(slots["smart"], slots)
    assert [target.model for target in found] == ["stub/a", "stub/b", "stub/z"]
    assert found[0].parameters == {"temperature": 1, "seed": 1, "top_p": 0.5}
    assert found[1].parameters["seed"] == 2
    assert found[2].parameters == {"temperature": 1, "top_p": 0.5}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("models:\n  a: a", 2, "leads back to itself: a → a"),
        ("models:\n  a: b\n  b: {use: stub/x, fallback: [a]}", 2, "a → b → a"),
        ("models:\n  fast: stub/a\n  smart: fsat", 3, "no slot of that name.*'fast'"),
        ("models:\n  fast: gpt-4o", 2, "no slot of that name.*openai/gpt-4o"),
        ("models:\n  fast: {use: stub/a, fallback: [b]}", 2, "no slot of that name"),
        ("models:\n  fast: {fallback: [stub/b]}", 2, "lacks 'use'"),
        ("models:\n  fast: {use: stub/a, falback: []}", 2, "no field of a slot 'falback'"),
        ("models:\n  fast: [stub/a]", 2, "a text or a mapping with 'use'"),
        ("models:\n  fast:\n    use: stub/a\n    fallback: stub/b", 4, "must be a list"),
        ("models:\n  a/b: stub/a", 2, "named 'a/b'"),
        ("environments:\n  prod:\n    models:\n      fast: x", 4, "no slot of that name"),
        ("environments:\n  prod:\n    store: x", 3, "no setting of an environment 'store'"),
    ],
)
def test_a_mistake_in_the_slots_is_shown_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    with pytest.raises(SettingsError, match=f"(?s){words}") as caught:
        models(tmp_path, text)
    assert caught.value.place is not None
    assert caught.value.place.file.endswith("flowgrade.yaml")
    assert caught.value.place.line == line


def test_many_slots_that_lead_to_each_other_are_checked_quickly(tmp_path: Path) -> None:
    lines = [f"  s{n}: {{use: s{n + 1}, fallback: [s{n + 2}]}}" for n in range(60)]
    lines += ["  s60: stub/a", "  s61: stub/b"]
    found = models(tmp_path, "models:\n" + "\n".join(lines))
    assert found.open("s30").name == "a"


def test_an_unknown_environment_gets_the_nearest(tmp_path: Path) -> None:
    text = "environments: {prod: {models: {}}}"
    with pytest.raises(SettingsError, match="Did you mean 'prod'"):
        models(tmp_path, text, FLOWGRADE_ENVIRONMENT="prdo")
    with pytest.raises(SettingsError, match="no environment of that name"):
        models(tmp_path, "name: x", FLOWGRADE_ENVIRONMENT="prod")


def test_a_slot_to_an_unknown_connection_is_shown_with_its_line(tmp_path: Path) -> None:
    found = models(tmp_path, "models:\n\n  fast: opnai/a")
    with pytest.raises(ConnectionNotFoundError, match="Did you mean 'openai/opnai/a'|openai") as e:
        found.open("fast")
    assert e.value.place is not None
    assert e.value.place.line == 3


def test_a_misspelt_slot_gets_the_nearest(tmp_path: Path) -> None:
    found = models(tmp_path, "models: {fast: stub/a}", OPENAI_API_KEY="k")
    with pytest.raises(UnknownModelError, match=r"(?s)no slot 'fasst'.*openai/fasst"):
        found.open("fasst")
    assert found.open("openai/fasst").name == "fasst"
    assert found.open("gpt-4o").name == "gpt-4o"
