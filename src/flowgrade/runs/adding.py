"""Take a run into the store that something else has done."""

from __future__ import annotations

from collections.abc import Sequence

from flowgrade.records import Json, dumps_any
from flowgrade.runs.repository import get_run, insert_run
from flowgrade.runs.run import Run, RunRow, check_run_name
from flowgrade.runs.tables import RUN_ROWS
from flowgrade.store import Store


def add_finished_run(store: Store, run: Run, rows: Sequence[RunRow]) -> Run:
    """Store a run with its rows, all or nothing; raises InputError when its name is taken.

    What the run says of completed and failed rows, tokens and cost is worked out from the rows.
    """
    check_run_name(run.name)
    with store.write() as transaction:
        insert_run(transaction, run)
        transaction.insert(RUN_ROWS, [_values(run.name, row) for row in rows])
    return get_run(store, run.name)


def _values(run: str, row: RunRow) -> tuple[Json, ...]:
    return (
        run,
        row.row,
        row.status,
        dumps_any(row.inputs),
        None if row.outputs is None else dumps_any(row.outputs),
        None if row.error is None else dumps_any(row.error),
        None,
        row.trace_id,
        row.start_ns,
        row.end_ns,
        row.input_tokens,
        row.output_tokens,
        row.cost,
        row.unpriced,
    )
