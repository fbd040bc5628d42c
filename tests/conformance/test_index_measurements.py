"""Measurements of indexes in the store, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio

from flowgrade.records import replace
from flowgrade.retrieval.measuring.measure import measure
from flowgrade.retrieval.measuring.repository import (
    KeptMeasurement,
    kept_measurement,
    list_measurements,
    save_measurement,
)
from flowgrade.store import Store
from tests.retrieval.measuring.indexes import Ranked, question


def made(*, index: str = "kb", snapshot: str = "sha256:1", dataset: str = "a") -> KeptMeasurement:
    questions = [question(0, "d0", kind="direct"), question(1, "x", kind="other"), question(2)]
    found = asyncio.run(measure(Ranked(lambda _: ["d0"]), questions))
    return kept_measurement(
        found, index=index, snapshot=snapshot, settings={"mode": "x"}, dataset=dataset
    )


def test_what_is_saved_comes_back(store: Store) -> None:
    one = made()
    save_measurement(store, one)
    (found,) = list_measurements(store, "kb")
    assert replace(found, metrics={}, segments={}) == replace(one, metrics={}, segments={})
    assert found.metrics["recall@10"].mean == 0.5
    assert found.metrics["recall@10"].low < 0.5 < found.metrics["recall@10"].high
    assert found.segments["direct"]["mrr@10"].mean == 1
    assert (found.queries, found.skipped, found.cost) == (2, 1, None)


def test_the_newest_come_first_and_can_be_narrowed(store: Store) -> None:
    for number, (snapshot, dataset) in enumerate([("1", "a"), ("2", "a"), ("2", "b")]):
        save_measurement(
            store, replace(made(snapshot=snapshot, dataset=dataset), created_ns=number)
        )
    save_measurement(store, made(index="other"))
    assert [one.created_ns for one in list_measurements(store, "kb")] == [2, 1, 0]
    assert [one.created_ns for one in list_measurements(store, "kb", snapshot="2")] == [2, 1]
    assert [one.created_ns for one in list_measurements(store, "kb", dataset="a")] == [1, 0]
    assert len(list_measurements(store, "kb", limit=1)) == 1
