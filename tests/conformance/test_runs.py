"""Runs and their rows come back from the store as they went in, on every database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from flowgrade.errors import InputError, NotFoundError
from flowgrade.records import Failure, dumps, replace
from flowgrade.runs import (
    RUN_ROWS,
    Run,
    RunDefinition,
    RunStatus,
    ask_to_cancel,
    delete_run,
    get_run,
    list_runs,
    run_rows,
)
from flowgrade.runs import repository as runs
from flowgrade.store import Store, connect_store
from flowgrade.tracing import RecordedSpan, export_spans, save_spans

DEFINITION = RunDefinition(
    flow="/a path/flow.dag.yaml",
    data="/data.jsonl",
    mapping={"question": "${data.q}"},
    variant="${ask.variant_0}",
    init={"k": [1, None]},
    environment={"A": "1"},
    limit=5,
    concurrency=3,
    timeout=1.5,
    stop_on_error=True,
    earlier_flows=("flow/a@sha256:0",),
)


def a_run(name: str = "r", **more: Any) -> Run:
    given: dict[str, Any] = {
        "flow": "flow/a@sha256:1",
        "dataset": "dataset/d@sha256:2",
        "status": RunStatus.COMPLETED,
        "definition": DEFINITION,
        "created_ns": time.time_ns(),
        **more,
    }
    return Run(name=name, **given)


def add_rows(store: Store, *rows: tuple[Any, ...], run: str = "r") -> None:
    with store.write() as transaction:
        transaction.insert(RUN_ROWS, [(run, *row) for row in rows], conflict="replace")


def a_row(number: int, status: str = "completed", **more: Any) -> tuple[Any, ...]:
    values: dict[str, Any] = {
        "row_number": number,
        "status": status,
        "inputs": dumps({"n": number}),
        "outputs": dumps({"m": number}) if status == "completed" else None,
        "error": None,
        "kept": None,
        "trace_id": f"{number:032x}",
        "start_ns": 10,
        "end_ns": 20,
        "input_tokens": None,
        "output_tokens": None,
        "cost": None,
        "unpriced": 0,
        **more,
    }
    return tuple(values[column] for column in RUN_ROWS.columns[1:])


def a_span(trace: str, number: int, *, root: int) -> RecordedSpan:
    return RecordedSpan(trace * 32, f"{number:016x}", None, "a", "flow", 1, 2, "ok", root, "{}")


def test_every_field_of_a_run_comes_back(store: Store) -> None:
    run = a_run(status=RunStatus.FAILED)
    runs.add_run(store, run)
    assert get_run(store, "r") == run
    ended = replace(
        run,
        flow="flow/a@sha256:3",
        status=RunStatus.CANCELLED,
        definition=replace(DEFINITION, concurrency=9),
        ended_ns=run.created_ns + 5,
        seconds=2.5,
        rows=7,
        metrics={"accuracy": 0.5, "none": None},
        aggregation={"report": ["a", "\0 \U0001f600"]},
        error=Failure(type="ValueError", message="it's bad", hint="Mend it."),
    )
    runs.update_run(store, ended)
    assert get_run(store, "r") == ended


def test_a_name_is_given_once(store: Store) -> None:
    runs.add_run(store, a_run())
    with pytest.raises(InputError, match="There is a run 'r' already") as caught:
        runs.add_run(store, a_run(flow="flow/other@sha256:9"))
    assert "runs resume r" in str(caught.value)
    assert get_run(store, "r").flow == "flow/a@sha256:1"


@pytest.mark.parametrize("name", ["support-20", "%", "_", "'", "support-2024-01-01'--", "\0"])
def test_an_unknown_run_is_not_found(store: Store, name: str) -> None:
    runs.add_run(store, a_run("support-2024-01-01"))
    for look in (get_run, delete_run):
        with pytest.raises(NotFoundError, match="There is no run"):
            look(store, name)
    assert len(list_runs(store)) == 1


def test_an_unknown_run_is_answered_with_the_nearest(store: Store) -> None:
    for name in ("support-1", "billing-1"):
        runs.add_run(store, a_run(name))
    with pytest.raises(NotFoundError) as caught:
        get_run(store, "suport-1")
    assert caught.value.hint == "Did you mean 'support-1'?"
    with pytest.raises(NotFoundError, match="no run") as caught:
        get_run(store, "zzz")
    assert "flowgrade runs list" in str(caught.value.hint)


def test_the_newest_runs_are_listed_first(store: Store) -> None:
    for name, created in (("a", 10), ("b", 30), ("c", 20), ("d", 30)):
        runs.add_run(store, a_run(name, created_ns=created))
    assert [run.name for run in list_runs(store)] == ["d", "b", "c", "a"]
    assert [run.name for run in list_runs(store, limit=1)] == ["d"]


def test_a_run_counts_its_rows_and_adds_up_what_they_took(store: Store) -> None:
    runs.add_run(store, a_run())
    runs.add_run(store, a_run("other"))
    add_rows(
        store,
        a_row(0, input_tokens=2**40, output_tokens=1, cost=0.5),
        a_row(1, input_tokens=3),
        a_row(2, "failed", cost=0.25),
    )
    add_rows(store, a_row(0, input_tokens=1), run="other")
    found = get_run(store, "r")
    assert (found.completed, found.failed) == (2, 1)
    assert (found.input_tokens, found.output_tokens, found.cost) == (2**40 + 3, 1, 0.75)
    assert found.tokens == 2**40 + 4
    assert isinstance(found.input_tokens, int)
    assert isinstance(found.cost, float)


def test_what_no_row_told_is_unknown(store: Store) -> None:
    runs.add_run(store, a_run())
    add_rows(store, a_row(0))
    found = get_run(store, "r")
    assert (found.input_tokens, found.output_tokens, found.cost) == (None, None, None)
    assert found.tokens is None


def test_rows_come_in_the_order_of_the_data(store: Store) -> None:
    error = Failure(type="ValueError", message="no", node="ask", trace="…")
    add_rows(
        store,
        a_row(11, input_tokens=1, output_tokens=2, cost=0.5),
        a_row(2, "failed", error=dumps(error)),
        a_row(1),
    )
    add_rows(store, a_row(5), run="other")
    found = list(run_rows(store, "r"))
    assert [row.row for row in found] == [1, 2, 11]
    assert [row.inputs for row in found] == [{"n": 1}, {"n": 2}, {"n": 11}]
    assert [row.outputs for row in found] == [{"m": 1}, None, {"m": 11}]
    assert [row.error for row in found] == [None, error, None]
    assert found[0].trace_id == f"{1:032x}"
    assert (found[2].input_tokens, found[2].output_tokens, found[2].cost) == (1, 2, 0.5)
    assert (found[2].start_ns, found[2].end_ns) == (10, 20)
    assert [row.row for row in run_rows(store, "r", status="failed")] == [2]
    assert list(run_rows(store, "unknown")) == []


def test_rows_are_read_while_others_are_written(store: Store) -> None:
    add_rows(store, *(a_row(number) for number in range(10)))
    seen = []
    for row in run_rows(store, "r"):
        seen.append(row.row)
        if row.row < 3:
            add_rows(store, a_row(100 + row.row))
    assert seen == list(range(10))
    assert len(list(run_rows(store, "r"))) == 13


def test_completed_rows_need_not_be_done_again(store: Store) -> None:
    add_rows(store, a_row(0), a_row(1, "failed"), a_row(2))
    add_rows(store, a_row(7), run="other")
    assert runs.completed_rows(store, "r") == {0, 2}
    add_rows(store, a_row(1))
    assert runs.completed_rows(store, "r") == {0, 1, 2}
    assert runs.completed_rows(store, "unknown") == set()


def test_what_aggregation_needs_is_kept(store: Store) -> None:
    add_rows(store, a_row(3, kept=dumps({"node": [1]})), a_row(1), a_row(2, "failed"))
    assert list(runs.kept_rows(store, "r")) == [
        ({"n": 1}, {"m": 1}, {}),
        ({"n": 3}, {"m": 3}, {"node": [1]}),
    ]


def test_a_wish_to_cancel_is_kept_until_it_is_taken_back(store: Store) -> None:
    def asked() -> bool:
        with store.read() as transaction:
            return runs.is_cancel_asked(transaction, "r")

    run = a_run()
    runs.add_run(store, run)
    assert not asked()
    ask_to_cancel(store, "r")
    runs.update_run(store, replace(run, seconds=1.0))
    assert asked()
    ask_to_cancel(store, "r", wish=False)
    assert not asked()


def test_a_run_that_is_gone_counts_as_cancelled(store: Store) -> None:
    with store.read() as transaction:
        assert runs.is_cancel_asked(transaction, "unknown")


@contextmanager
def executing(store_url: str, name: str) -> Iterator[None]:
    """As if another process executed the run."""
    other = connect_store(store_url)
    with other.lock(runs.lock_name(name)) as held:
        assert held
        yield
    other.close()


def test_a_run_whose_process_is_gone_is_interrupted(store: Store, store_url: str) -> None:
    runs.add_run(store, a_run(status=RunStatus.RUNNING))
    with executing(store_url, "r"):
        assert get_run(store, "r").status is RunStatus.RUNNING
        assert list_runs(store)[0].status is RunStatus.RUNNING
    assert get_run(store, "r").status is RunStatus.INTERRUPTED
    assert list_runs(store)[0].status is RunStatus.INTERRUPTED


def test_a_run_that_ends_while_it_is_looked_at_is_not_interrupted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run(status=RunStatus.RUNNING)
    runs.add_run(store, run)
    look = type(store).is_locked

    def late_look(self: Any, name: str) -> bool:
        runs.update_run(store, replace(run, status=RunStatus.COMPLETED, seconds=3.0))
        return look(self, name)

    monkeypatch.setattr(type(store), "is_locked", late_look)
    found = get_run(store, "r")
    assert (found.status, found.seconds) == (RunStatus.COMPLETED, 3.0)


def test_a_run_is_deleted_with_its_rows_and_traces(store: Store) -> None:
    for name, trace in (("r", "a"), ("other", "b")):
        runs.add_run(store, a_run(name))
        add_rows(store, a_row(0), run=name)
        spans = [a_span(trace, 1, root=1), a_span(trace, 2, root=0)]
        with store.write() as transaction:
            save_spans(transaction, spans, run=name, row=0)
    delete_run(store, "r")
    assert [run.name for run in list_runs(store)] == ["other"]
    assert list(run_rows(store, "r")) == []
    assert len(list(run_rows(store, "other"))) == 1
    assert {s.trace_id for s in export_spans(store)} == {"b" * 32}


@pytest.mark.parametrize("status", [RunStatus.RUNNING, RunStatus.CANCELLED])
def test_a_run_that_somebody_executes_is_not_deleted(
    store: Store, store_url: str, status: RunStatus
) -> None:
    runs.add_run(store, a_run(status=status))
    with executing(store_url, "r"), pytest.raises(InputError, match="is running") as caught:
        delete_run(store, "r")
    assert "runs cancel r" in str(caught.value)
    delete_run(store, "r")
    assert list_runs(store) == []
