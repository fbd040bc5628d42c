"""The rows of an earlier run as data of another."""

from __future__ import annotations

from functools import partial

from flowgrade.datasets import Dataset, JoinedDataset, joined_dataset
from flowgrade.errors import InputError
from flowgrade.records import Ref
from flowgrade.runs.repository import completed_pairs, get_run, rows_digest
from flowgrade.runs.run import RunStatus
from flowgrade.store import Store


def with_earlier_run(
    store: Store, name: str, data: Dataset | None = None, *, limit: int | None = None
) -> JoinedDataset:
    """The completed rows of the run, each with the row of ``data`` that has its number.

    Raises InputError for a run that has not come to its end.
    """
    run = get_run(store, name)
    if run.status is not RunStatus.COMPLETED:
        raise InputError(
            f"The run '{name}' is {run.status}; only a completed run gives rows to another.",
            hint=f"Bring it to its end: flowgrade runs resume {name}",
        )
    ref = Ref(kind="dataset", name=name, digest=rows_digest(store, name))
    return joined_dataset(data, ref, partial(completed_pairs, store, name), limit)
