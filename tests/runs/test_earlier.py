"""Runs over the rows of an earlier run, and what people say about runs."""

from __future__ import annotations

import time
from typing import Any

import pytest

import flowgrade
from flowgrade.app import App
from flowgrade.errors import InputError, MappingError, NotFoundError
from flowgrade.flows import run_blocking
from flowgrade.records import replace
from flowgrade.runs import (
    Run,
    RunAbout,
    RunDefinition,
    RunOptions,
    RunStatus,
    archive_run,
    copy_run,
    describe_run,
    get_run,
    list_runs,
    run_rows,
)
from flowgrade.runs.repository import add_run
from flowgrade.store import Store


def double(n: int) -> dict[str, int]:
    if n == 2:
        raise ValueError("two")
    return {"twice": 2 * n}


def same(left: int, right: int = 0) -> dict[str, bool]:
    return {"same": left == right}


def run(app: App, flow: Any, data: Any = None, **options: Any) -> Run:
    earlier = options.pop("earlier", None)
    return run_blocking(app.arun(flow, data, earlier=earlier, options=RunOptions(**options)))


@pytest.fixture
def first(app: App) -> App:
    run(app, double, [{"n": n} for n in range(4)], name="first")
    return app


def test_outputs_and_inputs_of_a_run_become_inputs_of_another(first: App) -> None:
    mapping = {"left": "${run.outputs.twice}", "right": "${run.inputs.n}"}
    ended = run(first, same, earlier="first", mapping=mapping, name="second")
    assert (ended.completed, ended.rows) == (3, 3)
    assert ended.definition.run == "first"
    rows = {row.row: (row.inputs, row.outputs) for row in run_rows(first.store, "second")}
    assert rows[0] == ({"left": 0, "right": 0}, {"same": True})
    assert rows[3] == ({"left": 6, "right": 3}, {"same": False})
    assert 2 not in rows


def test_data_stands_beside_the_run_and_fills_inputs_by_name(first: App) -> None:
    data = [{"right": n} for n in (0, 2, 4, 6)]
    ended = run(
        first, same, data, earlier="first", mapping={"left": "${run.outputs.twice}"}, name="second"
    )
    assert [row.outputs for row in run_rows(first.store, ended.name)] == [{"same": True}] * 3


def test_an_input_that_nothing_fills_is_refused_before_the_run(first: App) -> None:
    with pytest.raises(MappingError, match="where the input 'left'") as caught:
        run(first, same, earlier="first", name="second")
    assert "${run.outputs.twice}" in str(caught.value.hint)
    with pytest.raises(MappingError, match="no column 'gone'"):
        run(first, same, earlier="first", mapping={"left": "${run.outputs.gone}"}, name="second")
    with pytest.raises(NotFoundError):
        get_run(first.store, "second")


def test_only_a_completed_run_gives_rows(first: App) -> None:
    add_run(
        first.store, replace(get_run(first.store, "first"), name="open", status=RunStatus.FAILED)
    )
    with pytest.raises(InputError, match="is failed"):
        run(first, same, earlier="open", mapping={"left": "${run.outputs.twice}"})
    with pytest.raises(NotFoundError):
        run(first, same, earlier="none", mapping={"left": "${run.outputs.twice}"})
    with pytest.raises(InputError, match="no data"):
        run(first, same)


def test_a_run_over_a_run_is_resumed_from_the_same_rows(first: App) -> None:
    mapping = {"left": "${run.outputs.twice}"}
    run(first, same, earlier="first", mapping=mapping, name="second")
    again = run_blocking(first.aresume("second", flow=same))
    assert again.completed == 3
    # What the earlier run gave is part of the data's identity.
    run_blocking(first.aresume("first", flow=double, data=[{"n": n} for n in range(4)]))
    assert run_blocking(first.aresume("second", flow=same)).completed == 3
    with first.store.write() as transaction:
        transaction.execute("DELETE FROM run_rows WHERE run = 'first' AND row_number = 3")
    with pytest.raises(flowgrade.FlowgradeError, match="has changed"):
        run_blocking(first.aresume("second", flow=same))


def stored(store: Store, name: str, **changes: Any) -> Run:
    made = Run(
        name=name,
        flow="flow/f@sha256:0",
        dataset="dataset/d@sha256:0",
        status=RunStatus.COMPLETED,
        definition=RunDefinition(flow="f", data="d"),
        created_ns=time.time_ns(),
        **changes,
    )
    add_run(store, made)
    return made


def test_what_people_say_about_a_run_is_kept(store: Store) -> None:
    about = RunAbout(display_name="Ä", description="b", tags={"k": "v"})
    stored(store, "r", about=about)
    assert get_run(store, "r").about == about
    changed = describe_run(store, "r", replace(about, tags={}))
    assert changed.about.tags == {}
    with pytest.raises(NotFoundError):
        describe_run(store, "s", about)


def test_lists_leave_archived_runs_out(store: Store) -> None:
    for name in ("a", "b"):
        stored(store, name)
    assert archive_run(store, "a").archived
    assert [run.name for run in list_runs(store)] == ["b"]
    assert [run.name for run in list_runs(store, archived=True)] == ["a"]
    assert {run.name for run in list_runs(store, archived=None, limit=None)} == {"a", "b"}
    assert not archive_run(store, "a", archived=False).archived


def test_a_copy_has_the_completed_rows_and_waits_to_be_resumed(first: App) -> None:
    copy = copy_run(first.store, "first", "copy", RunAbout(display_name="c"))
    assert (copy.status, copy.completed, copy.failed) == (RunStatus.INTERRUPTED, 3, 0)
    with pytest.raises(InputError, match="already"):
        copy_run(first.store, "first", "copy", RunAbout())
