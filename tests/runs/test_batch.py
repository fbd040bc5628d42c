"""Calls of a run that a provider does as a batch."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowgrade.app import App
from flowgrade.errors import InputError
from flowgrade.runs import (
    Run,
    RunOptions,
    RunStatus,
    ask_to_cancel,
    get_run,
    list_runs,
    run_rows,
)
from flowgrade.runs.repository import update_run
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


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with running_stub() as running:
        yield running


@pytest.fixture
def app(tmp_path: Path, stub: StubServer) -> Iterator[App]:
    connections = {
        "plain": {"base_url": stub.base_url, "api_key": "k"},
        "azure": {"kind": "azure_openai", "base_url": stub.url, "api_key": "k"},
    }
    (tmp_path / "connections.yaml").write_text(json.dumps(connections), encoding="utf-8")
    flow = tmp_path / "flow"
    flow.mkdir()
    (flow / "flow.dag.yaml").write_text(FLOW.replace("MODEL", "plain/m"), encoding="utf-8")
    (flow / "answer.jinja2").write_text("user:\n{{text}}\n", encoding="utf-8")
    tidy = "def tidy(text: str) -> str:\n    return text.upper()\n"
    (flow / "tidy.py").write_text(tidy, encoding="utf-8")
    environment = {
        "FLOWGRADE_HOME": str(tmp_path / "home"),
        "FLOWGRADE_STORE": str(tmp_path / "s.db"),
        "FLOWGRADE_CONNECTIONS": str(tmp_path / "connections.yaml"),
    }
    app = App(read_settings(environment, folder=tmp_path))
    yield app
    app.close()


def execute(app: App, rows: list[dict[str, Any]], options: RunOptions = OPTIONS) -> Run:
    return asyncio.run(app.arun(app.settings.project / "flow", rows, options=options))


def asked(stub: StubServer, method: str, path: str) -> int:
    return sum(r.method == method and r.path.endswith(path) for r in stub.requests)


async def ordered(stub: StubServer) -> None:
    """Wait until the run looks at its batch."""
    for _ in range(3_000):
        if asked(stub, "GET", "/batches/batch_1"):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("no batch was ordered")


@pytest.mark.parametrize("model", ["plain/m", "azure/m"])
@pytest.mark.slow
def test_every_row_gets_the_answer_to_its_own_call(app: App, stub: StubServer, model: str) -> None:
    file = app.settings.project / "flow" / "flow.dag.yaml"
    file.write_text(FLOW.replace("MODEL", model), encoding="utf-8")
    run = execute(app, ROWS)
    assert (run.status, run.completed) == (RunStatus.COMPLETED, 6)
    rows = list(run_rows(app.store, "r"))
    assert [row.outputs for row in rows] == [
        {"answer": f"ECHO: QUESTION {number}"} for number in range(6)
    ]
    assert stub.stats.calls == 0
    assert asked(stub, "POST", "/files") == asked(stub, "POST", "/batches") == 1
    assert run.tokens is not None
    model_span = next(s for s in get_trace(app.store, rows[0].trace_id) if s.kind == "model")
    assert model_span.usage is not None
    assert get_run(app.store, "r").definition.engine_state == {}


@pytest.mark.slow
def test_a_call_that_failed_fails_its_row_alone_and_is_ordered_anew_on_resume(
    app: App, stub: StubServer
) -> None:
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


@pytest.mark.slow
def test_a_run_that_was_killed_waits_for_its_batch_and_orders_nothing_twice(
    app: App, stub: StubServer
) -> None:
    stub.set_script(StubScript(latency=1.5))

    async def killed() -> None:
        work = app.arun(app.settings.project / "flow", ROWS, options=OPTIONS)
        task = asyncio.create_task(work)
        await ordered(stub)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(killed())
    state = get_run(app.store, "r").definition.engine_state
    assert state["batches"][0]["id"] == "batch_1"
    run = asyncio.run(app.aresume("r", data=ROWS))
    assert run.completed == 6
    assert asked(stub, "POST", "/batches") == 1


@pytest.mark.slow
def test_a_batch_whose_id_was_not_written_down_is_found_again(
    app: App, stub: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    def dying(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:  # the wish was stored; the id comes now
            raise KeyboardInterrupt
        update_run(*arguments)

    monkeypatch.setattr("flowgrade.runs.execute.update_run", dying)
    with pytest.raises(KeyboardInterrupt):
        execute(app, ROWS)
    monkeypatch.undo()
    state = get_run(app.store, "r").definition.engine_state
    assert state["batches"][0]["id"] is None
    run = asyncio.run(app.aresume("r", data=ROWS))
    assert run.completed == 6
    assert asked(stub, "POST", "/batches") == 1


@pytest.mark.slow
def test_cancelling_the_run_cancels_the_batch_and_resume_orders_what_is_missing(
    app: App, stub: StubServer
) -> None:
    stub.set_script(StubScript(latency=600))

    async def cancelled() -> Run:
        work = app.arun(app.settings.project / "flow", ROWS, options=OPTIONS)
        task = asyncio.create_task(work)
        await ordered(stub)
        ask_to_cancel(app.store, "r")
        return await task

    assert asyncio.run(cancelled()).status is RunStatus.CANCELLED
    assert asked(stub, "POST", "/batches/batch_1/cancel") == 1
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
