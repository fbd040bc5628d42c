"""The table of connections."""

from __future__ import annotations

from flowgrade.store import Table

CONNECTIONS = Table(
    name="connections",
    columns=("name", "kind", "sealed", "changed_ns"),
    key=("name",),
)
