"""Rows from Parquet files, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from flowgrade.errors import DatasetError, MissingExtraError, Place

_BATCH = 1024


def read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    """The rows, with the types that the file gives them.

    Raises MissingExtraError without PyArrow and DatasetError for what is not Parquet.
    """
    file = _open(path)
    try:
        for batch in file.iter_batches(batch_size=_BATCH):
            yield from batch.to_pylist()
    finally:
        file.close()


def count_parquet(path: Path) -> int:
    """The number of rows, from the file's metadata."""
    file = _open(path)
    try:
        return int(file.metadata.num_rows)
    finally:
        file.close()


def _open(path: Path) -> Any:
    try:
        arrow = import_module("pyarrow")
        parquet = import_module("pyarrow.parquet")
    except ImportError:
        raise MissingExtraError("parquet", purpose="Reading Parquet files") from None
    try:
        return parquet.ParquetFile(path)
    except (arrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DatasetError(f"The file is not Parquet: {reason}", place=Place(str(path))) from None
