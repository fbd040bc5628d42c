"""Rows from files: JSON lines, JSON, CSV, TSV and Parquet, streamed, with an identity by content.

``open_dataset`` reads a file or a folder, ``rows_dataset`` takes rows in memory. A
``ColumnMapping`` makes the inputs of a flow from a row. PyArrow is loaded when a Parquet file is
read.
"""

from flowgrade.datasets.dataset import Dataset, open_dataset, rows_dataset
from flowgrade.datasets.mapping import ColumnMapping, default_mapping

__all__ = ["ColumnMapping", "Dataset", "default_mapping", "open_dataset", "rows_dataset"]
