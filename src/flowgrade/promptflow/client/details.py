"""The rows of a run as prompt flow tables them."""

from __future__ import annotations

from importlib import import_module
from itertools import islice
from typing import Any

from flowgrade.errors import MissingExtraError
from flowgrade.runs import RunRow, run_rows
from flowgrade.store import Store

FAILED = "(Failed)"
"""What stands in place of the outputs of a failed row."""


def detail_rows(store: Store, run: str, limit: int | None = 100) -> list[dict[str, Any]]:
    """A mapping for each row: ``inputs.NAME``, the row's number, ``outputs.NAME``."""
    rows = list(islice(run_rows(store, run), limit))
    inputs = dict.fromkeys(name for row in rows for name in row.inputs)
    outputs = dict.fromkeys(name for row in rows for name in row.outputs or {})
    return [_detail(row, inputs, outputs) for row in rows]


def details_frame(store: Store, run: str, limit: int | None) -> Any:
    """The same as a DataFrame of pandas; raises MissingExtraError without it."""
    try:
        pandas: Any = import_module("pandas")  # optional
    except ImportError:
        raise MissingExtraError("pf", purpose="A table of a run's rows for pandas") from None
    rows = detail_rows(store, run, limit)
    return pandas.DataFrame(rows, index=[row["inputs.line_number"] for row in rows], dtype=object)


def _detail(row: RunRow, inputs: dict[str, None], outputs: dict[str, None]) -> dict[str, Any]:
    missing = FAILED if row.error is not None else None
    return {
        **{f"inputs.{name}": row.inputs.get(name) for name in inputs},
        "inputs.line_number": row.row,
        **{f"outputs.{name}": (row.outputs or {}).get(name, missing) for name in outputs},
    }
