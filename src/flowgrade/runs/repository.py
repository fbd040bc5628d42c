"""Runs in the store: rows in, records out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from flowgrade.errors import InputError, NotFoundError
from flowgrade.records import Failure, JsonObject, as_dict, digest_json, dumps_any, loads, replace
from flowgrade.runs.run import Run, RunAbout, RunDefinition, RunRow, RunStatus
from flowgrade.runs.tables import RUN_ROWS, RUNS
from flowgrade.store import Store, Transaction
from flowgrade.tracing import delete_spans_of_run

_PAGE = 500
_TOTALS = """
SELECT COUNT(CASE WHEN status = 'completed' THEN 1 END),
    COUNT(CASE WHEN status = 'failed' THEN 1 END),
    SUM(input_tokens), SUM(output_tokens), SUM(cost), SUM(unpriced)
FROM run_rows WHERE run = ?
"""


def add_run(store: Store, run: Run) -> None:
    """Store a new run; raises InputError when its name is taken."""
    with store.write() as transaction:
        insert_run(transaction, run)


def insert_run(transaction: Transaction, run: Run) -> None:
    """The same within a transaction that is open."""
    if transaction.one("SELECT 1 FROM runs WHERE id = ?", (run.name,)):
        raise InputError(
            f"There is a run '{run.name}' already.",
            hint=f"Choose another --name, or go on with it: flowgrade runs resume {run.name}",
        )
    transaction.insert(RUNS, [_values(run)])


def update_run(store: Store, run: Run) -> None:
    """Store how a run stands; keeps a wish to cancel it that came meanwhile."""
    with store.write() as transaction:
        transaction.execute(
            "UPDATE runs SET flow = ?, status = ?, definition = ?, ended_ns = ?, seconds = ?, "
            "row_count = ?, metrics = ?, aggregation = ?, error = ? WHERE id = ?",
            (
                run.flow,
                run.status,
                dumps_any(as_dict(run.definition)),
                run.ended_ns,
                run.seconds,
                run.rows,
                dumps_any(run.metrics),
                dumps_any(run.aggregation),
                dumps_any(run.error) if run.error else None,
                run.name,
            ),
        )


def get_run(store: Store, name: str) -> Run:
    """The run of that name; raises NotFoundError with the nearest name when there is none."""
    with store.read() as transaction:
        found = transaction.one(f"{RUNS.select} WHERE id = ?", (name,))
        if found is None:
            raise _unknown(transaction, name)
        run = _run(transaction, found)
    return run if run.status is not RunStatus.RUNNING else _with_truth(store, run)


def list_runs(store: Store, *, limit: int | None = 50, archived: bool | None = False) -> list[Run]:
    """The newest runs first; with ``archived`` None those that are archived too, True only they."""
    which = "" if archived is None else "WHERE archived = ? "
    values = [] if archived is None else [int(archived)]
    most = "" if limit is None else f" LIMIT {int(limit)}"
    sql = f"{RUNS.select} {which}ORDER BY created_ns DESC, id DESC{most}"
    with store.read() as transaction:
        runs = [_run(transaction, found) for found in transaction.all(sql, values)]
    return [r if r.status is not RunStatus.RUNNING else _with_truth(store, r) for r in runs]


def delete_run(store: Store, name: str) -> None:
    """Delete a run, its rows and its traces; raises InputError while it is running."""
    get_run(store, name)
    with store.lock(lock_name(name)) as free:
        if not free:
            raise InputError(
                f"The run '{name}' is running.", hint=f"First: flowgrade runs cancel {name}"
            )
        with store.write() as transaction:
            delete_spans_of_run(transaction, name)
            transaction.execute("DELETE FROM run_rows WHERE run = ?", (name,))
            transaction.execute("DELETE FROM runs WHERE id = ?", (name,))


def ask_to_cancel(store: Store, name: str, *, wish: bool = True) -> None:
    """Leave word for the process that executes the run; raises NotFoundError."""
    with store.write() as transaction:
        sql = "UPDATE runs SET cancel_asked = ? WHERE id = ?"
        if not transaction.execute(sql, (int(wish), name)):
            raise _unknown(transaction, name)


def describe_run(store: Store, name: str, about: RunAbout) -> Run:
    """Store what people say about a run; raises NotFoundError."""
    return _changed(store, name, "about", dumps_any(as_dict(about)))


def archive_run(store: Store, name: str, *, archived: bool = True) -> Run:
    """Let lists leave the run out, or show it again; raises NotFoundError."""
    return _changed(store, name, "archived", int(archived))


def copy_run(store: Store, name: str, new: str, about: RunAbout) -> Run:
    """Store the run again as ``new``, interrupted, with its completed rows; their traces stay.

    Raises InputError when the name is taken.
    """
    found = get_run(store, name)
    columns = ", ".join(column for column in RUN_ROWS.columns if column != "run")
    status = RunStatus.INTERRUPTED
    add_run(store, replace(found, name=new, status=status, about=about, created_ns=time.time_ns()))
    with store.write() as transaction:
        transaction.execute(
            f"INSERT INTO run_rows (run, {columns}) SELECT ?, {columns} FROM run_rows "
            "WHERE run = ? AND status = 'completed'",
            (new, name),
        )
    return get_run(store, new)


def completed_pairs(store: Store, name: str) -> Iterator[tuple[int, JsonObject, JsonObject]]:
    """Number, inputs and outputs of the completed rows, in the order of their numbers.

    Read page by page: nothing stays open between two rows, so that any thread may go on.
    """
    sql = (
        "SELECT row_number, inputs, outputs FROM run_rows WHERE run = ? AND status = 'completed' "
        "AND row_number > ? ORDER BY row_number LIMIT ?"
    )
    last = -1
    while True:
        with store.read() as transaction:
            page = transaction.all(sql, (name, last, _PAGE))
        for number, inputs, outputs in page:
            yield number, loads(inputs), loads(outputs)
        if len(page) < _PAGE:
            return
        last = page[-1][0]


def rows_digest(store: Store, name: str) -> str:
    """The identity of what a run gave: which of its rows are completed, and in which calls."""
    sql = (
        "SELECT row_number, trace_id FROM run_rows "
        "WHERE run = ? AND status = 'completed' ORDER BY row_number"
    )
    with store.read() as transaction:
        return digest_json([[number, trace] for number, trace in transaction.each(sql, (name,))])


def is_cancel_asked(transaction: Transaction, name: str) -> bool:
    """Whether somebody wants the run to stop."""
    found = transaction.one("SELECT cancel_asked FROM runs WHERE id = ?", (name,))
    # A run that was deleted under its process has nowhere to store its rows.
    return found is None or bool(found[0])


def save_seconds(transaction: Transaction, name: str, seconds: float) -> None:
    """Store how long a run has taken so far."""
    transaction.execute("UPDATE runs SET seconds = ? WHERE id = ?", (seconds, name))


def completed_rows(store: Store, name: str) -> set[int]:
    """Numbers of the rows that need not be done again."""
    with store.read() as transaction:
        sql = "SELECT row_number FROM run_rows WHERE run = ? AND status = 'completed'"
        return {number for (number,) in transaction.each(sql, (name,))}


def run_rows(store: Store, name: str, *, status: str | None = None) -> Iterator[RunRow]:
    """The rows of a run in the order of the data, one by one."""
    condition, values = "run = ?", [name]
    if status is not None:
        condition += " AND status = ?"
        values.append(status)
    with store.read() as transaction:
        sql = f"{RUN_ROWS.select} WHERE {condition} ORDER BY row_number"
        for found in transaction.each(sql, values):
            yield _run_row(dict(zip(RUN_ROWS.columns, found, strict=True)))


def kept_rows(store: Store, name: str) -> Iterator[tuple[JsonObject, JsonObject, JsonObject]]:
    """Inputs, outputs and kept values of the completed rows, in the order of the data."""
    sql = (
        "SELECT inputs, outputs, kept FROM run_rows "
        "WHERE run = ? AND status = 'completed' ORDER BY row_number"
    )
    with store.read() as transaction:
        for inputs, outputs, kept in transaction.each(sql, (name,)):
            yield loads(inputs), loads(outputs), loads(kept) if kept else {}


def lock_name(run: str) -> str:
    """The lock that the process executing a run holds."""
    return f"run-{run}"


def _values(run: Run) -> Sequence[Any]:
    return (
        run.name,
        run.flow,
        run.dataset,
        run.status,
        dumps_any(as_dict(run.definition)),
        run.created_ns,
        run.ended_ns,
        run.seconds,
        run.rows,
        dumps_any(run.metrics),
        dumps_any(run.aggregation),
        None,
        0,
        dumps_any(as_dict(run.about)),
        int(run.archived),
    )


def _run(transaction: Transaction, found: Sequence[Any]) -> Run:
    row = dict(zip(RUNS.columns, found, strict=True))
    totals = transaction.one(_TOTALS, (row["id"],)) or (0, 0, None, None, None, 0)
    completed, failed, input_tokens, output_tokens, cost, unpriced = totals
    definition = loads(row["definition"])
    definition["earlier_flows"] = tuple(definition.get("earlier_flows") or ())
    return Run(
        name=row["id"],
        flow=row["flow"],
        dataset=row["dataset"],
        status=RunStatus(row["status"]),
        definition=RunDefinition(**definition),
        created_ns=row["created_ns"],
        ended_ns=row["ended_ns"],
        seconds=row["seconds"],
        rows=row["row_count"],
        completed=completed,
        failed=failed,
        input_tokens=None if input_tokens is None else int(input_tokens),
        output_tokens=None if output_tokens is None else int(output_tokens),
        known_cost=cost,
        unpriced=int(unpriced or 0),
        metrics=loads(row["metrics"]),
        aggregation=loads(row["aggregation"]),
        error=Failure(**loads(row["error"])) if row["error"] else None,
        about=RunAbout(**loads(row["about"])),
        archived=bool(row["archived"]),
    )


def _changed(store: Store, name: str, column: str, value: object) -> Run:
    with store.write() as transaction:
        if not transaction.execute(f"UPDATE runs SET {column} = ? WHERE id = ?", (value, name)):
            raise _unknown(transaction, name)
    return get_run(store, name)


def _with_truth(store: Store, run: Run) -> Run:
    """A run whose process is gone is interrupted, whatever it wrote last."""
    if store.is_locked(lock_name(run.name)):
        return run
    # It may have come to its end since it was read.
    with store.read() as transaction:
        found = transaction.one(f"{RUNS.select} WHERE id = ?", (run.name,))
        now = _run(transaction, found) if found is not None else run
    if now.status is not RunStatus.RUNNING:
        return now
    return replace(now, status=RunStatus.INTERRUPTED)


def _run_row(row: JsonObject) -> RunRow:
    return RunRow(
        row=row["row_number"],
        status=row["status"],
        inputs=loads(row["inputs"]),
        outputs=loads(row["outputs"]) if row["outputs"] else None,
        error=Failure(**loads(row["error"])) if row["error"] else None,
        trace_id=row["trace_id"],
        start_ns=row["start_ns"],
        end_ns=row["end_ns"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cost=row["cost"],
        unpriced=row["unpriced"],
    )


def _unknown(transaction: Transaction, name: str) -> NotFoundError:
    known = [
        n for (n,) in transaction.all("SELECT id FROM runs ORDER BY created_ns DESC LIMIT 500")
    ]
    near = get_close_matches(name, known, n=1)
    return NotFoundError(
        f"There is no run '{name}'.",
        hint=f"Did you mean '{near[0]}'?" if near else "See which there are: flowgrade runs list",
    )
