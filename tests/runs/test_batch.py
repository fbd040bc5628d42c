"""Calls of a run that a provider does as a batch."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anthropic import Anthropic, AsyncAnthropic

from flowgrade.app import App
from flowgrade.errors import AuthenticationError, InputError
from flowgrade.models.anthropic.batches import AnthropicBatches
from flowgrade.runs import (
    Run,
    RunOptions,
    RunStatus,
    ask_to_cancel,
    get_run,
    list_runs,
    run_rows,
)
from flowgrade.settings import read_settings
from flowgrade.testing import StubReply, StubScript, StubServer, running_stub
from flowgrade.tracing import get_trace

FLOW = """
inputs:
  text: {type: string}
outputs:
  answer: {type: string, reference: "${tidy.output}"}
nodes:
- name: answer
  type: llm
  source: {type: code, path: answer.jinja2}
  inputs: {model: MODEL, text: "${inputs.text}"}
  api: chat
- name: tidy
  type: python
  source: {type: code, path: tidy.py}
  inputs: {text: "${answer.output}"}
"""
ROWS = [{"text": f"question {number}"} for number in range(6)]
OPTIONS = RunOptions(engine="batch", name="r")


def places(folder: Path) -> dict[str, str]:
    return {
        "FLOWGRADE_HOME": str(folder / "home"),
        "FLOWGRADE_STORE": str(folder / "s.db"),
        "FLOWGRADE_CONNECTIONS": str(folder / "connections.yaml"),
    }


def write_flow(folder: Path, model: str) -> None:
    file = folder / "flow" / "flow.dag.yaml"
    file.write_text(FLOW.replace("MODEL", model), encoding="utf-8")


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with running_stub() as running:
        yield running


@pytest.fixture
def app(tmp_path: Path, stub: StubServer) -> Iterator[App]:
    connections = {
        "plain": {"base_url": stub.base_url, "api_key": "k"},
        "azure": {"kind": "azure_openai", "base_url": stub.url, "api_key": "k"},
        "claude": {"kind": "anthropic", "base_url": stub.url, "api_key": "k"},
    }
    (tmp_path / "connections.yaml").write_text(json.dumps(connections), encoding="utf-8")
    flow = tmp_path / "flow"
    flow.mkdir()
    write_flow(tmp_path, "plain/m")
    (flow / "answer.jinja2").write_text("user:\n{{text}}\n", encoding="utf-8")
    tidy = "def tidy(text: str) -> str:\n    return text.upper()\n"
    (flow / "tidy.py").write_text(tidy, encoding="utf-8")
    app = App(read_settings(places(tmp_path), folder=tmp_path))
    yield app
    app.close()


def execute(app: App, rows: list[dict[str, Any]], options: RunOptions = OPTIONS) -> Run:
    return asyncio.run(app.arun(app.settings.project / "flow", rows, options=options))


def asked(stub: StubServer, method: str, path: str) -> int:
    return sum(r.method == method and r.path.endswith(path) for r in stub.requests)


async def ordered(stub: StubServer) -> None:
    """Wait until the run looks at its batch."""
    for _ in range(3_000):
        if asked(stub, "GET", "batch_1"):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("no batch was ordered")


MODELS = pytest.mark.parametrize("model", ["plain/m", "claude/m"])


@pytest.mark.parametrize("model", ["plain/m", "azure/m", "claude/m"])
@pytest.mark.slow
def test_every_row_gets_the_answer_to_its_own_call(app: App, stub: StubServer, model: str) -> None:
    write_flow(app.settings.project, model)
    run = execute(app, ROWS)
    assert (run.status, run.completed) == (RunStatus.COMPLETED, 6)
    rows = list(run_rows(app.store, "r"))
    assert [row.outputs for row in rows] == [
        {"answer": f"ECHO: QUESTION {number}"} for number in range(6)
    ]
    assert stub.stats.calls == 0
    assert asked(stub, "POST", "/batches") == 1
    assert run.tokens is not None
    model_span = next(s for s in get_trace(app.store, rows[0].trace_id) if s.kind == "model")
    assert model_span.usage is not None
    assert get_run(app.store, "r").definition.engine_state == {}


@MODELS
@pytest.mark.slow
def test_a_call_that_failed_fails_its_row_alone_and_is_ordered_anew_on_resume(
    app: App, stub: StubServer, model: str
) -> None:
    write_flow(app.settings.project, model)
    refusing = StubReply(match="question 3", status=400, text="no such question")
    stub.set_script(StubScript(replies=(refusing,)))
    run = execute(app, ROWS)
    assert (run.completed, run.failed) == (5, 1)
    error = list(run_rows(app.store, "r"))[3].error
    assert error is not None
    assert (error.type, error.node) == ("BadRequestError", "answer")
    stub.set_script(StubScript())
    again = asyncio.run(app.aresume("r", data=ROWS))
    assert (again.completed, again.failed) == (6, 0)
    assert asked(stub, "POST", "/batches") == 2


@MODELS
@pytest.mark.slow
def test_a_run_that_was_killed_waits_for_its_batch_and_orders_nothing_twice(
    app: App, stub: StubServer, model: str
) -> None:
    write_flow(app.settings.project, model)
    stub.set_script(StubScript(latency=1.5))

    async def killed() -> None:
        work = app.arun(app.settings.project / "flow", ROWS, options=OPTIONS)
        task = asyncio.create_task(work)
        await ordered(stub)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(killed())
    state = get_run(app.store, "r").definition.engine_state
    assert state["batches"][0]["id"].endswith("batch_1")
    run = asyncio.run(app.aresume("r", data=ROWS))
    assert run.completed == 6
    assert asked(stub, "POST", "/batches") == 1


@MODELS
@pytest.mark.slow
def test_a_run_that_is_killed_before_it_knows_its_batch_finds_it_again(
    app: App, stub: StubServer, model: str, tmp_path: Path
) -> None:
    write_flow(tmp_path, model)
    data = tmp_path / "data.jsonl"
    data.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS), encoding="utf-8")
    stub.set_script(StubScript(batch_latency=600))
    command = [sys.executable, "-m", "flowgrade", "run", "flow", "--data", str(data)]
    process = subprocess.Popen(
        [*command, "--engine", "batch", "--name", "r"],
        cwd=tmp_path,
        env={**os.environ, **places(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(3_000):
            if asked(stub, "POST", "/batches") or process.poll() is not None:
                break
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    assert get_run(app.store, "r").definition.engine_state["batches"][0]["id"] is None
    stub.set_script(StubScript())
    run = asyncio.run(app.aresume("r"))
    assert run.completed == 6
    assert asked(stub, "POST", "/batches") == 1


@MODELS
@pytest.mark.slow
def test_a_batch_whose_answer_was_lost_on_the_way_is_not_ordered_again(
    app: App, stub: StubServer, model: str
) -> None:
    file = app.settings.project / "connections.yaml"
    connections = json.loads(file.read_text(encoding="utf-8"))
    connections[model.partition("/")[0]]["timeouts"] = {"first_token": 0.5}
    file.write_text(json.dumps(connections), encoding="utf-8")
    write_flow(app.settings.project, model)
    stub.set_script(StubScript(batch_latency=600))
    assert execute(app, ROWS).completed == 6
    assert asked(stub, "POST", "/batches") == 1


@pytest.mark.slow
def test_a_batch_of_somebody_else_is_not_taken_for_the_lost_one(
    app: App, stub: StubServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "flowgrade.runs")
    write_flow(app.settings.project, "claude/m")
    stub.set_script(StubScript(require_key="another"))
    with pytest.raises(AuthenticationError):
        execute(app, ROWS)
    stub.set_script(StubScript())
    said = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    requests = [{"custom_id": f"their-{number}", "params": said} for number in range(6)]
    with Anthropic(base_url=stub.url, api_key="k") as client:
        client.messages.batches.create(requests=requests)  # type: ignore[arg-type]
    run = asyncio.run(app.aresume("r", data=ROWS))
    assert run.completed == 6
    assert "waiting for the batch msgbatch_1, which may be one of this run" in caplog.text
    rows = list(run_rows(app.store, "r"))
    assert rows[5].outputs == {"answer": "ECHO: QUESTION 5"}


@MODELS
@pytest.mark.slow
def test_rows_that_expired_or_failed_say_so_and_are_done_on_resume(
    app: App, stub: StubServer, model: str
) -> None:
    write_flow(app.settings.project, model)
    late = StubReply(match="question 3", latency=60)
    failing = StubReply(match="question 2", status=500)
    stub.set_script(StubScript(replies=(late, failing), batch_window=0.2))
    run = execute(app, ROWS)
    assert (run.completed, run.failed) == (4, 2)
    errors = [row.error for row in run_rows(app.store, "r")][2:4]
    assert [error and error.type for error in errors] == ["ModelServerError", "BatchError"]
    assert "expired before this row was done" in str(errors[1])
    stub.set_script(StubScript())
    assert asyncio.run(app.aresume("r", data=ROWS)).completed == 6


@pytest.mark.slow
def test_what_is_missing_of_a_batch_that_was_cancelled_elsewhere_is_ordered_on_resume(
    app: App, stub: StubServer
) -> None:
    write_flow(app.settings.project, "claude/m")
    stub.set_script(StubScript(replies=(StubReply(match="question [45]", latency=600),)))

    async def cancelled() -> Run:
        work = app.arun(app.settings.project / "flow", ROWS, options=OPTIONS)
        task = asyncio.create_task(work)
        await ordered(stub)
        async with AsyncAnthropic(base_url=stub.url, api_key="k") as client:
            await client.messages.batches.cancel("msgbatch_1")
        return await task

    run = asyncio.run(cancelled())
    assert (run.completed, run.failed) == (4, 2)
    assert "was cancelled before this row was done" in str(list(run_rows(app.store, "r"))[5].error)
    stub.set_script(StubScript())
    assert asyncio.run(app.aresume("r", data=ROWS)).completed == 6


@pytest.mark.parametrize("model", ["plain/gpt-4o-mini", "claude/claude-haiku-4-5"])
@pytest.mark.slow
def test_a_batch_costs_what_the_price_of_batches_says(app: App, model: str, tmp_path: Path) -> None:
    write_flow(tmp_path, model)
    charging = "connections: {plain: openai, claude: anthropic}\n"
    (tmp_path / "models.yaml").write_text(charging, encoding="utf-8")
    later = execute(app, ROWS)
    at_once = execute(app, ROWS, RunOptions(name="local"))
    assert at_once.cost
    assert later.cost == pytest.approx(at_once.cost / 2)


@pytest.mark.slow
def test_a_large_run_becomes_several_batches(
    app: App, stub: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_flow(app.settings.project, "claude/m")
    monkeypatch.setattr(AnthropicBatches, "most", 4)
    assert execute(app, ROWS).completed == 6
    assert asked(stub, "POST", "/batches") == 2


@MODELS
@pytest.mark.slow
def test_cancelling_the_run_cancels_the_batch_and_resume_orders_what_is_missing(
    app: App, stub: StubServer, model: str
) -> None:
    write_flow(app.settings.project, model)
    stub.set_script(StubScript(latency=600))

    async def cancelled() -> Run:
        work = app.arun(app.settings.project / "flow", ROWS, options=OPTIONS)
        task = asyncio.create_task(work)
        await ordered(stub)
        ask_to_cancel(app.store, "r")
        return await task

    assert asyncio.run(cancelled()).status is RunStatus.CANCELLED
    assert asked(stub, "POST", "batch_1/cancel") == 1
    stub.set_script(StubScript())
    run = asyncio.run(app.aresume("r", data=ROWS))
    assert run.completed == 6
    assert asked(stub, "POST", "/batches") == 2


def test_a_flow_that_a_batch_cannot_do_is_refused_with_the_node(app: App, tmp_path: Path) -> None:
    file = tmp_path / "flow" / "flow.dag.yaml"
    second = FLOW.replace("MODEL", "plain/m").replace("- name: tidy\n", SECOND + "- name: tidy\n")
    file.write_text(second, encoding="utf-8")
    with pytest.raises(InputError, match="The node 'again' prevents a batch"):
        execute(app, ROWS)
    code = tmp_path / "code.py"
    code.write_text("def f(text: str) -> str:\n    return text\n", encoding="utf-8")
    with pytest.raises(InputError, match="nothing for a batch"):
        asyncio.run(app.arun(f"{code}:f", ROWS, options=OPTIONS))
    assert list_runs(app.store) == []


SECOND = """- name: again
  type: llm
  source: {type: code, path: answer.jinja2}
  inputs: {model: plain/m, text: "${answer.output}"}
  api: chat
"""


@pytest.mark.slow
def test_a_row_that_asks_twice_fails(app: App, tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text(
        "from flowgrade.models import ChatRequest, Models\n"
        "from flowgrade.settings import read_settings\n\n"
        "async def f(text: str, folder: str) -> str:\n"
        "    import os, pathlib\n"
        "    places = {'FLOWGRADE_HOME': folder,\n"
        "              'FLOWGRADE_CONNECTIONS': folder + '/connections.yaml'}\n"
        "    model = Models(read_settings(places, folder=pathlib.Path(folder))).open('plain/m')\n"
        "    request = ChatRequest(messages=[{'role': 'user', 'content': text}])\n"
        "    for _ in range(2 if text == 'twice' else 1):\n"
        "        answer = await model.chat(request)\n"
        "    return answer.text\n",
        encoding="utf-8",
    )
    rows = [{"text": text, "folder": str(tmp_path)} for text in ("once", "twice")]
    run = asyncio.run(app.arun(f"{code}:f", rows, options=OPTIONS))
    assert (run.completed, run.failed) == (1, 1)
    error = list(run_rows(app.store, "r"))[1].error
    assert error is not None
    assert "a second time" in error.message
