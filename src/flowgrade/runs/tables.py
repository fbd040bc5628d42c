"""The tables of runs and of their rows."""

from __future__ import annotations

from flowgrade.store import Table

RUNS = Table(
    name="runs",
    columns=(
        "id",
        "flow",
        "dataset",
        "status",
        "definition",
        "created_ns",
        "ended_ns",
        "seconds",
        "row_count",
        "metrics",
        "aggregation",
        "error",
        "cancel_asked",
        "about",
        "archived",
    ),
    key=("id",),
)

RUN_ROWS = Table(
    name="run_rows",
    columns=(
        "run",
        "row_number",
        "status",
        "inputs",
        "outputs",
        "error",
        "kept",
        "trace_id",
        "start_ns",
        "end_ns",
        "input_tokens",
        "output_tokens",
        "cost",
        "unpriced",
    ),
    key=("run", "row_number"),
)
