"""The table of measurements."""

from __future__ import annotations

from flowgrade.store import Table

INDEX_MEASUREMENTS = Table(
    name="index_measurements",
    columns=(
        "id",
        "index_name",
        "snapshot",
        "settings",
        "dataset",
        "queries",
        "metrics",
        "segments",
        "skipped",
        "failed",
        "missing",
        "queries_per_second",
        "p50",
        "p95",
        "tokens",
        "cost",
        "created_ns",
    ),
    key=("id",),
)
