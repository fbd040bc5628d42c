"""Write the rows of a run to a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TextIO

from flowgrade.records import dumps, dumps_any
from flowgrade.runs.repository import run_rows
from flowgrade.runs.run import RunRow
from flowgrade.store import Store

FORMATS = ("jsonl", "csv")


def export_run(store: Store, name: str, stream: TextIO, *, format: str = "jsonl") -> int:
    """Write the rows in the order of the data; returns how many.

    ``jsonl``: a line a row with row, inputs, outputs, error. ``csv``: a column for each input
    (``inputs.x``) and output (``outputs.y``); values that are not text are JSON.
    """
    if format == "csv":
        return _csv(store, name, stream)
    count = 0
    for row in run_rows(store, name):
        stream.write(dumps(row.as_json()) + "\n")
        count += 1
    return count


def _csv(store: Store, name: str, stream: TextIO) -> int:
    names: dict[str, None] = {}
    for row in run_rows(store, name):
        names.update(dict.fromkeys(_flat(row)))
    writer = csv.DictWriter(stream, fieldnames=list(names), restval="")
    writer.writeheader()
    count = 0
    for row in run_rows(store, name):
        writer.writerow(_flat(row))
        count += 1
    return count


def _flat(row: RunRow) -> dict[str, str]:
    flat = {"row": str(row.row), "status": row.status}
    flat.update({f"inputs.{key}": _text(value) for key, value in row.inputs.items()})
    flat.update({f"outputs.{key}": _text(value) for key, value in (row.outputs or {}).items()})
    if row.error is not None:
        flat["error"] = f"{row.error.type}: {row.error.message}"
    return flat


def _text(value: object) -> str:
    return value if isinstance(value, str) else dumps_any(value)


def failures(store: Store, name: str) -> Iterator[RunRow]:
    """The failed rows of a run."""
    return run_rows(store, name, status="failed")
