"""Rows from files: JSON lines, JSON, CSV, TSV and Parquet, streamed, with an identity by content.

``open_dataset`` reads a file or a folder, ``rows_dataset`` takes rows in memory, and
``joined_dataset`` lays the rows of an earlier run beside them. A
``ColumnMapping`` makes the inputs of a flow from a row. PyArrow is loaded when a Parquet file is
read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowgrade.plugins import later

if TYPE_CHECKING:
    from flowgrade.datasets.dataset import Dataset, open_dataset, rows_dataset
    from flowgrade.datasets.joined import (
        DATA,
        RUN_INPUTS,
        RUN_OUTPUTS,
        JoinedDataset,
        RunRows,
        joined_dataset,
    )
    from flowgrade.datasets.mapping import ColumnMapping, default_mapping

__all__ = [
    "DATA",
    "RUN_INPUTS",
    "RUN_OUTPUTS",
    "ColumnMapping",
    "Dataset",
    "JoinedDataset",
    "RunRows",
    "default_mapping",
    "joined_dataset",
    "open_dataset",
    "rows_dataset",
]

__getattr__ = later(
    __name__,
    {
        "dataset": "Dataset open_dataset rows_dataset",
        "joined": "DATA JoinedDataset RUN_INPUTS RUN_OUTPUTS RunRows joined_dataset",
        "mapping": "ColumnMapping default_mapping",
    },
)
