"""Metrics that aggregation code logs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_metrics: ContextVar[dict[str, float] | None] = ContextVar("flowgrade_metrics", default=None)


def log_metric(name: str, value: float) -> None:
    """Add a metric to the run. Only aggregation code has a run to add it to; elsewhere: no effect.

    The last value of a name counts.
    """
    metrics = _metrics.get()
    if metrics is not None:
        metrics[name] = value


@contextmanager
def collect_metrics() -> Iterator[dict[str, float]]:
    """Collect what is logged inside the block."""
    metrics: dict[str, float] = {}
    token = _metrics.set(metrics)
    try:
        yield metrics
    finally:
        _metrics.reset(token)
