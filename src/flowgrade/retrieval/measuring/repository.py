"""Measurements in the store, so that gates, trends and reports can read them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flowgrade.records import JsonObject, Record, digest_json, dumps, loads
from flowgrade.retrieval.measuring.measurement import Measurement
from flowgrade.retrieval.measuring.statistics import Estimate
from flowgrade.retrieval.measuring.tables import INDEX_MEASUREMENTS
from flowgrade.store import Store


class KeptMeasurement(Record):
    """What was measured of a snapshot, without the single questions."""

    id: str
    index: str
    snapshot: str
    """Digest of the snapshot."""
    settings: str
    """Digest of the search settings; equal ones were searched alike."""
    dataset: str
    """Digest of the questions."""
    queries: int
    metrics: Mapping[str, Estimate]
    segments: Mapping[str, Mapping[str, Estimate]]
    skipped: int
    failed: int
    missing: int
    queries_per_second: float
    p50: float
    """Seconds."""
    p95: float
    tokens: int | None
    cost: float | None
    """US dollars; None unless the price of every call is known."""
    created_ns: int

    def as_json(self) -> JsonObject:
        """The measurement as the command line gives it."""
        return {
            "measurement": self.id,
            "index": self.index,
            "snapshot": self.snapshot,
            "settings": self.settings,
            "dataset": self.dataset,
            "queries": self.queries,
            "metrics": _written(self.metrics),
            "segments": {kind: _written(part) for kind, part in self.segments.items()},
            "skipped": self.skipped,
            "failed": self.failed,
            "missing": self.missing,
            "queries_per_second": self.queries_per_second,
            "latency": {"p50": self.p50, "p95": self.p95},
            "tokens": self.tokens,
            "cost": self.cost,
            "created_ns": self.created_ns,
        }


def kept_measurement(
    found: Measurement, *, index: str, snapshot: str, settings: JsonObject, dataset: str
) -> KeptMeasurement:
    """The measurement as it is kept; ``settings`` are those of the search."""
    return KeptMeasurement(
        id=uuid.uuid4().hex,
        index=index,
        snapshot=snapshot,
        settings=digest_json(settings),
        dataset=dataset,
        queries=len(found.asked),
        metrics=found.metrics,
        segments={kind: part.metrics for kind, part in found.segments.items()},
        skipped=found.skipped,
        failed=found.failed,
        missing=len(found.missing),
        queries_per_second=found.queries_per_second,
        p50=found.latency(0.50),
        p95=found.latency(0.95),
        tokens=None if found.usage is None else found.usage.total_tokens,
        cost=None if found.unpriced else found.cost,
        created_ns=time.time_ns(),
    )


def save_measurement(store: Store, measurement: KeptMeasurement) -> None:
    """Store a measurement."""
    row = (
        measurement.id,
        measurement.index,
        measurement.snapshot,
        measurement.settings,
        measurement.dataset,
        measurement.queries,
        dumps(_written(measurement.metrics)),
        dumps({kind: _written(part) for kind, part in measurement.segments.items()}),
        measurement.skipped,
        measurement.failed,
        measurement.missing,
        measurement.queries_per_second,
        measurement.p50,
        measurement.p95,
        measurement.tokens,
        measurement.cost,
        measurement.created_ns,
    )
    with store.write() as transaction:
        transaction.insert(INDEX_MEASUREMENTS, [row])


def list_measurements(
    store: Store,
    index: str,
    *,
    snapshot: str | None = None,
    dataset: str | None = None,
    limit: int = 50,
) -> list[KeptMeasurement]:
    """The newest measurements of an index first, of one snapshot or on one dataset if named."""
    where, values = "index_name = ?", [index]
    for column, wanted in (("snapshot", snapshot), ("dataset", dataset)):
        if wanted is not None:
            where += f" AND {column} = ?"
            values.append(wanted)
    sql = f"{INDEX_MEASUREMENTS.select} WHERE {where} ORDER BY created_ns DESC, id LIMIT ?"
    with store.read() as transaction:
        return [_read(row) for row in transaction.all(sql, (*values, limit))]


def _read(row: Sequence[Any]) -> KeptMeasurement:
    named = dict(zip(INDEX_MEASUREMENTS.columns, row, strict=True))
    segments = loads(named.pop("segments"))
    return KeptMeasurement(
        index=named.pop("index_name"),
        metrics=_estimates(loads(named.pop("metrics"))),
        segments={kind: _estimates(part) for kind, part in segments.items()},
        **named,
    )


def _written(metrics: Mapping[str, Estimate]) -> JsonObject:
    return {name: found.as_json() for name, found in metrics.items()}


def _estimates(written: JsonObject) -> dict[str, Estimate]:
    return {
        name: Estimate(one["mean"], one["interval"][0], one["interval"][1], one["n"])
        for name, one in written.items()
    }
