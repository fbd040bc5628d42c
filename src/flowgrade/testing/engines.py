"""A conformance kit for engines: what every one of them has to do.

Subclass ``EngineConformance`` in a test module, name the engine's entry point, and pytest runs its
tests. They run small flows from a temporary folder, with a store of their own.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flowgrade.app import App
from flowgrade.plugins import load_plugin
from flowgrade.runs import (
    ENGINES,
    Engine,
    ResumeOptions,
    Run,
    RunOptions,
    RunRow,
    RunStatus,
    run_rows,
)
from flowgrade.settings import read_settings
from flowgrade.tracing import get_trace

_CODE = """
import asyncio, os, sys

def double(x: int) -> dict:
    if x == 3:
        raise ValueError("not three")
    if x == 5:
        sys.exit(1)
    print("printed", x)
    return {"twice": 2 * x, "place": os.environ.get("FLOW_PLACE")}

async def nap(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return seconds

async def gauge(x: int) -> int:
    global now
    now += 1
    await asyncio.sleep(0.05)
    seen, now = now, now - 1
    return seen

now = 0

class Mean:
    def __init__(self, base: int):
        self.base = base

    def __call__(self, x: int) -> dict:
        return {"x": self.base + x}

    def __aggregate__(self, rows):
        return {"mean": sum(row["x"] for row in rows) / len(rows)}
"""


class EngineConformance:
    """The tests that an engine has to pass; a subclass says which one."""

    def engine(self) -> str:
        """The name of its entry point."""
        raise NotImplementedError

    def workers(self) -> int | None:
        """How many workers to ask for; None for an engine that has none."""
        return 2

    def test_it_has_the_members_of_an_engine(self) -> None:
        # mypy: a runtime-checkable protocol is meant here, not a class to instantiate
        assert load_plugin(ENGINES, self.engine(), Engine)  # type: ignore[type-abstract]

    def test_every_row_is_done_once_and_a_failed_one_fails_alone(self) -> None:
        with self._project() as (app, file):
            data = [{"x": x} for x in range(100)]
            options = self._options(environment={"FLOW_PLACE": "here"})
            run = self._run(app, f"{file}:double", data, options)
            assert (run.status, run.completed, run.failed) == (RunStatus.COMPLETED, 98, 2)
            rows = _rows(app, run)
            assert [row.row for row in rows] == list(range(100))
            done = [row for row in rows if row.error is None]
            assert all(row.outputs == _twice(row.inputs["x"]) for row in done)
            errors = [row.error for row in rows if row.error is not None]
            assert [error.type for error in errors] == ["ValueError", "SystemExit"]
            assert "not three" in (errors[0].trace or "")

    def test_every_row_has_its_trace(self) -> None:
        with self._project() as (app, file):
            run = self._run(app, f"{file}:double", [{"x": 1}, {"x": 3}], self._options())
            for row in _rows(app, run):
                root = get_trace(app.store, row.trace_id)[0]
                assert str(root.ref) == run.flow
                assert root.inputs == row.inputs
                assert (root.error is None) == (row.error is None)

    def test_a_row_that_takes_too_long_fails_alone(self) -> None:
        with self._project() as (app, file):
            data = [{"seconds": 0.0}, {"seconds": 60.0}]
            run = self._run(app, f"{file}:nap", data, self._options(timeout=0.3))
            assert (run.completed, run.failed) == (1, 1)
            error = _rows(app, run)[1].error
            assert error is not None
            assert error.type == "RowTimeoutError"

    def test_no_more_rows_are_under_way_than_allowed(self) -> None:
        with self._project() as (app, file):
            data = [{"x": x} for x in range(24)]
            run = self._run(app, f"{file}:gauge", data, self._options(concurrency=4))
            most = max((row.outputs or {})["output"] for row in _rows(app, run))
            assert run.completed == 24
            assert 0 < most <= 4

    def test_it_stops_at_the_first_error_when_told_to(self) -> None:
        with self._project() as (app, file):
            data = [{"x": 3}] * 2_000
            run = self._run(app, f"{file}:double", data, self._options(stop_on_error=True))
            assert run.status is RunStatus.FAILED
            assert 0 < run.failed < 2_000

    def test_aggregation_sees_the_rows_of_all_workers(self) -> None:
        with self._project() as (app, file):
            data = [{"x": x} for x in range(11)]
            run = self._run(app, f"{file}:Mean", data, self._options(), init={"base": 10})
            assert run.metrics == {"mean": 15.0}

    def test_a_cancelled_run_keeps_what_is_done_and_is_resumed(self) -> None:
        with self._project() as (app, file):
            data = [{"seconds": 0.0}] * 20 + [{"seconds": 600.0}]
            source = f"{file}:nap"

            async def cancelled() -> None:
                work = app.arun(source, data, options=self._options(name="r"))
                task = asyncio.create_task(work)
                for _ in range(600):
                    await asyncio.sleep(0.05)
                    if _stored(app) == 20:
                        break
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

            asyncio.run(cancelled())
            assert _stored(app) == 20
            file.write_text(_CODE.replace("sleep(seconds)", "sleep(0)"), encoding="utf-8")
            options = ResumeOptions(accept_changes=True)
            run = asyncio.run(app.aresume("r", data=data, options=options))
            assert (run.status, run.completed) == (RunStatus.COMPLETED, 21)

    @contextmanager
    def _project(self) -> Iterator[tuple[App, Path]]:
        with tempfile.TemporaryDirectory(prefix="flowgrade-") as name:
            folder = Path(name).resolve()
            file = folder / "code.py"
            file.write_text(_CODE, encoding="utf-8")
            places = {"FLOWGRADE_HOME": str(folder / "home"), "FLOWGRADE_STORE": f"{folder}/s.db"}
            app = App(read_settings(places, folder=folder))
            yield app, file
            app.close()

    def _options(self, **more: Any) -> RunOptions:
        return RunOptions(engine=self.engine(), workers=self.workers(), **more)

    def _run(
        self, app: App, source: str, data: list[dict[str, Any]], options: RunOptions, **more: Any
    ) -> Run:
        return asyncio.run(app.arun(source, data, options=options, **more))


def _rows(app: App, run: Run) -> list[RunRow]:
    return list(run_rows(app.store, run.name))


def _stored(app: App) -> int:
    return len(list(run_rows(app.store, "r")))


def _twice(x: int) -> dict[str, Any]:
    return {"twice": 2 * x, "place": "here"}
