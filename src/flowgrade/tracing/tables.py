"""The table of spans."""

from __future__ import annotations

from flowgrade.store import Table

SPANS = Table(
    name="spans",
    columns=(
        "trace_id",
        "span_id",
        "parent_id",
        "name",
        "kind",
        "start_ns",
        "end_ns",
        "status",
        "root",
        "data",
        "run",
        "row_number",
    ),
    key=("trace_id", "span_id"),
)
