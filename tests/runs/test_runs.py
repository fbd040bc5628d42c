"""Runs from Python: rows, mappings, failures, aggregation, resume."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowgrade.app import App
from flowgrade.errors import InputError, MappingError
from flowgrade.runs import (
    Run,
    RunOptions,
    RunStatus,
    export_run,
    get_run,
    list_runs,
    run_rows,
)
from flowgrade.tracing import get_trace, list_traces

Rows = list[dict[str, Any]]


def execute(app: App, flow: Callable[..., Any], rows: Rows, **options: Any) -> Run:
    return asyncio.run(app.arun(flow, rows, options=RunOptions(**options)))


def shout(text: str, times: int = 1) -> str:
    return text.upper() * times


def test_every_row_is_stored_in_the_order_of_the_data(app: App) -> None:
    run = execute(app, shout, [{"text": letter} for letter in "abc"])
    assert (run.status, run.rows, run.completed, run.failed) == (RunStatus.COMPLETED, 3, 3, 0)
    found = list(run_rows(app.store, run.name))
    assert [row.outputs for row in found] == [{"output": "A"}, {"output": "B"}, {"output": "C"}]
    assert [row.row for row in found] == [0, 1, 2]
    assert found[0].inputs == {"text": "a", "times": 1}


def test_a_column_fills_the_input_of_its_name_also_where_there_is_a_default(app: App) -> None:
    run = execute(app, shout, [{"text": "a", "times": 2}, {"text": "b"}])
    assert [row.outputs for row in run_rows(app.store, run.name)] == [
        {"output": "AA"},
        {"output": "B"},
    ]


def test_a_mapping_renames_columns_and_sets_constants(app: App) -> None:
    mapping = {"text": "${data.word}", "times": 3}
    run = execute(app, shout, [{"word": "a", "text": "not this"}], mapping=mapping)
    assert next(run_rows(app.store, run.name)).outputs == {"output": "AAA"}
    constant = execute(app, shout, [{"text": "b"}], mapping={"times": 2})
    assert next(run_rows(app.store, constant.name)).outputs == {"output": "BB"}


def test_a_mapping_to_an_unknown_input_or_column_is_refused_before_the_run(app: App) -> None:
    with pytest.raises(MappingError, match=r"'txt', which is no input.*\n.*'text'"):
        execute(app, shout, [{"text": "a"}], mapping={"txt": "${data.text}"})
    with pytest.raises(MappingError, match="no column 'wrd'"):
        execute(app, shout, [{"word": "a"}], mapping={"text": "${data.wrd}"})
    assert list_runs(app.store) == []


def test_failed_rows_keep_class_message_and_trace_and_others_go_on(app: App) -> None:
    def fussy(text: str) -> str:
        if text == "b":
            raise LookupError("no b here")
        return text

    run = execute(app, fussy, [{"text": letter} for letter in "abc"])
    assert (run.completed, run.failed, run.good) == (2, 1, False)
    error = list(run_rows(app.store, run.name))[1].error
    assert error is not None
    assert (error.type, error.message, error.node) == ("LookupError", "no b here", "fussy")
    assert error.trace is not None
    assert 'raise LookupError("no b here")' in error.trace


def test_code_that_calls_exit_ends_its_row_alone(app: App) -> None:
    def leave(x: int) -> int:
        if x == 1:
            raise SystemExit(3)
        return x

    async def later(x: int) -> int:
        return leave(x)

    for flow in (leave, later):
        run = execute(app, flow, [{"x": x} for x in range(3)])
        assert (run.completed, run.failed) == (2, 1)
        error = list(run_rows(app.store, run.name))[1].error
        assert error is not None
        assert error.type == "SystemExit"


def test_stop_on_error_ends_the_run(app: App) -> None:
    def fail(x: int) -> int:
        raise ValueError(x)

    run = execute(app, fail, [{"x": x} for x in range(1000)], stop_on_error=True, concurrency=1)
    assert run.status is RunStatus.FAILED
    assert run.failed < 1000


def test_a_resumed_run_does_failed_rows_again_and_no_other(app: App) -> None:
    calls: list[str] = []
    broken = True

    def flaky(text: str) -> str:
        calls.append(text)
        if broken and text == "b":
            raise ValueError("not yet")
        return text

    rows = [{"text": letter} for letter in "abc"]
    first = execute(app, flaky, rows)
    broken = False
    calls.clear()
    run = asyncio.run(app.aresume(first.name, flow=flaky, data=rows))
    assert calls == ["b"]
    assert (run.completed, run.failed, run.status) == (3, 0, RunStatus.COMPLETED)


def test_a_resumed_run_refuses_other_data(app: App) -> None:
    run = execute(app, shout, [{"text": "a"}])
    with pytest.raises(InputError, match="data of the run .* has changed"):
        asyncio.run(app.aresume(run.name, flow=shout, data=[{"text": "b"}]))


def test_async_rows_run_side_by_side_up_to_the_concurrency(app: App) -> None:
    now = most = 0

    async def wait(x: int) -> int:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        return x

    start = time.monotonic()
    run = execute(app, wait, [{"x": x} for x in range(60)], concurrency=20)
    assert run.completed == 60
    assert most == 20
    assert time.monotonic() - start < 1.0  # one after the other it takes 1.2 s


def test_sync_rows_that_wait_get_more_threads(app: App) -> None:
    def wait(x: int) -> int:
        time.sleep(0.02)
        return x

    start = time.monotonic()
    run = execute(app, wait, [{"x": x} for x in range(200)], concurrency=50)
    assert run.completed == 200
    assert time.monotonic() - start < 2.0  # one after the other it takes 4 s


def test_a_row_that_takes_too_long_fails_alone(app: App) -> None:
    async def slow(x: int) -> int:
        await asyncio.sleep(x)
        return x

    run = execute(app, slow, [{"x": 0}, {"x": 30}], timeout=0.2)
    assert (run.completed, run.failed) == (1, 1)
    error = list(run_rows(app.store, run.name))[1].error
    assert error is not None
    assert error.type == "RowTimeoutError"
    late = list(run_rows(app.store, run.name))[1]
    assert get_trace(app.store, late.trace_id)[0].error is not None


def test_a_secret_of_the_environment_is_not_stored_and_comes_back_on_resume(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    def read(x: int) -> str:
        if x and os.environ["MY_API_KEY"] != "second":
            raise ValueError("not yet")
        return os.environ["PLACE"]

    rows = [{"x": 0}, {"x": 1}]
    environment = {"MY_API_KEY": "first", "PLACE": "here"}
    run = execute(app, read, rows, environment=environment)
    assert (run.completed, run.failed) == (1, 1)
    assert get_run(app.store, run.name).definition.environment == {
        "MY_API_KEY": None,
        "PLACE": "here",
    }
    with pytest.raises(InputError, match="--env MY_API_KEY=VALUE"):
        asyncio.run(app.aresume(run.name, flow=read, data=rows))
    given = {"MY_API_KEY": "second"}
    again = asyncio.run(app.aresume(run.name, flow=read, data=rows, environment=given))
    assert again.completed == 2


def test_every_row_has_its_trace(app: App) -> None:
    run = execute(app, shout, [{"text": "a"}, {"text": "b"}])
    traces = list_traces(app.store, run=run.name)
    assert sorted(trace.row for trace in traces if trace.row is not None) == [0, 1]
    row = next(run_rows(app.store, run.name))
    root = get_trace(app.store, row.trace_id)[0]
    assert root.outputs == {"output": "A"}
    assert str(root.ref) == run.flow


def test_aggregation_gives_the_run_metrics(app: App) -> None:
    class Mean:
        def __call__(self, x: int) -> dict[str, int]:
            if x < 0:
                raise ValueError(x)
            return {"x": x}

        def __aggregate__(self, rows: list[dict[str, int]]) -> dict[str, float]:
            return {"mean": sum(row["x"] for row in rows) / len(rows)}

    run = execute(app, Mean, [{"x": x} for x in (1, -5, 3)])
    assert run.metrics == {"mean": 2.0}
    assert get_run(app.store, run.name).metrics == {"mean": 2.0}


def test_a_failing_aggregation_is_kept_with_the_run_and_its_rows_stay(app: App) -> None:
    class Bad:
        def __call__(self, x: int) -> int:
            return x

        def __aggregate__(self, rows: list[object]) -> None:
            raise RuntimeError("no sum")

    run = execute(app, Bad, [{"x": 1}])
    assert run.completed == 1
    assert not run.good
    assert run.error is not None
    assert run.error.message == "no sum"


def test_exports_are_lines_or_columns(app: App) -> None:
    def split(text: str) -> dict[str, object]:
        if not text:
            raise ValueError("empty")
        return {"words": text.split(), "first": text[0]}

    run = execute(app, split, [{"text": "a b"}, {"text": ""}])
    lines, table = io.StringIO(), io.StringIO()
    assert export_run(app.store, run.name, lines) == 2
    first, second = map(json.loads, lines.getvalue().splitlines())
    assert (first["row"], first["inputs"], first["error"]) == (0, {"text": "a b"}, None)
    assert first["outputs"] == {"words": ["a", "b"], "first": "a"}
    assert second["error"]["message"] == "empty"
    export_run(app.store, run.name, table, format="csv")
    assert table.getvalue().splitlines()[0] == (
        "row,status,inputs.text,outputs.words,outputs.first,error"
    )


def test_an_environment_is_set_for_the_run_alone(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.delenv("FLOW_TEST_VALUE", raising=False)

    def read() -> str:
        return os.environ["FLOW_TEST_VALUE"]

    run = execute(app, read, [{"x": 1}], environment={"FLOW_TEST_VALUE": "seen"})
    assert next(run_rows(app.store, run.name)).outputs == {"output": "seen"}
    assert "FLOW_TEST_VALUE" not in os.environ


def test_the_front_door_runs_and_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import flowgrade
    from flowgrade.app import default_app

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLOWGRADE_HOME", str(tmp_path / "home"))
    default_app.cache_clear()
    try:
        run = flowgrade.run(shout, [{"text": "a"}], name="mine")
        assert (run.name, run.completed) == ("mine", 1)
        assert flowgrade.resume("mine", flow=shout, data=[{"text": "a"}]).completed == 1
        flow = flowgrade.load_flow(shout, record=True)
        assert flow(text="z") == {"output": "Z"}
        assert len(list_traces(default_app().store)) == 2
    finally:
        default_app().close()
        default_app.cache_clear()
