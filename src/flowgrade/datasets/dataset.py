"""Dataset: examples with an identity by content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path

from flowgrade.datasets.files import digest_file, is_blank, missing_file
from flowgrade.datasets.formats import format_of, is_known, stem_of
from flowgrade.errors import DatasetError, Place
from flowgrade.records import JsonObject, Record, Ref, digest_json

FIRST_ROWS = 100
"""Rows that are looked at for the names of columns."""


class Dataset(Record, hide=("_read", "_count")):
    """Rows that can be read any number of times; each reading starts afresh."""

    ref: Ref
    """Of kind ``dataset``; the digest is that of the bytes, without regard to ``limit``."""
    path: Path | None
    """The file or folder; None for rows in memory."""
    format: str
    """``jsonl``, ``json``, ``csv``, ``tsv``, ``parquet``, ``folder`` or ``memory``."""
    limit: int | None = None
    """At most this many rows are read."""
    _read: Callable[[], Iterator[JsonObject]]
    _count: Callable[[], int]

    def rows(self) -> Iterator[tuple[int, JsonObject]]:
        """Index (from 0, blank lines not counted) and content of each row, streamed.

        Raises DatasetError where a row cannot be read, and when there is none.
        """
        index = -1
        for index, row in enumerate(islice(self._read(), self.limit)):
            yield index, row
        if index < 0 and self.limit != 0:
            raise DatasetError(
                "There are no rows.", place=Place(str(self.path)) if self.path else None
            )

    def count(self) -> int:
        """The number of rows, without parsing JSON lines or Parquet."""
        total = self._count()
        return total if self.limit is None else min(total, self.limit)

    def columns(self) -> tuple[str, ...]:
        """The names in the first hundred rows, in the order in which they appear."""
        names: dict[str, None] = {}
        for _, row in islice(self.rows(), FIRST_ROWS):
            names.update(dict.fromkeys(row))
        return tuple(names)


def open_dataset(path: str | Path, *, limit: int | None = None) -> Dataset:
    """The dataset in a file or folder.

    The format is that of the suffix (``.jsonl``, ``.ndjson``, ``.json``, ``.csv``, ``.tsv``,
    ``.parquet``, each but the last also with ``.gz``), otherwise JSON lines. A folder stands for
    every file of a known suffix below it, sorted by path. Raises DatasetError when there is
    nothing to read.
    """
    path = Path(path)
    if limit is not None and limit < 0:
        raise DatasetError(f"A limit of {limit} rows is not possible.")
    if path.is_dir():
        return _open_folder(path, limit)
    if not path.is_file():
        raise missing_file(path)
    _check_content(path)
    form = format_of(path)
    return Dataset(
        ref=Ref(kind="dataset", name=stem_of(path), digest=_digest(path)),
        path=path,
        format=form.name,
        limit=limit,
        _read=partial(form.read, path),
        _count=partial(form.count, path),
    )


def rows_dataset(rows: Sequence[Mapping[str, object]], name: str = "rows") -> Dataset:
    """The dataset of rows in memory; its digest is that of their JSON.

    Raises DatasetError for rows that are not JSON.
    """
    kept = tuple(dict(row) for row in rows)
    try:
        digest = digest_json(kept)
    except TypeError as error:
        raise DatasetError(f"The rows are not JSON: {error}.") from None
    return Dataset(
        ref=Ref(kind="dataset", name=name, digest=digest),
        path=None,
        format="memory",
        _read=partial(map, dict, kept),
        _count=kept.__len__,
    )


def _open_folder(folder: Path, limit: int | None) -> Dataset:
    files = sorted(
        item
        for item in folder.rglob("*")
        if item.is_file() and is_known(item) and not item.name.startswith(".")
    )
    if not files:
        raise DatasetError(
            f"The folder {folder} holds no data.",
            hint="Data files end in .jsonl, .json, .csv, .tsv or .parquet.",
        )
    digest = hashlib.sha256()
    for file in files:
        _check_content(file)
        digest.update(f"{file.relative_to(folder).as_posix()}\0{_digest(file)}\n".encode())
    return Dataset(
        ref=Ref(kind="dataset", name=folder.resolve().name, digest=f"sha256:{digest.hexdigest()}"),
        path=folder,
        format="folder",
        limit=limit,
        _read=lambda: chain.from_iterable(format_of(file).read(file) for file in files),
        _count=lambda: sum(format_of(file).count(file) for file in files),
    )


def _check_content(path: Path) -> None:
    try:
        empty = path.stat().st_size == 0
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from None
    if empty or (format_of(path).name != "parquet" and is_blank(path)):
        raise DatasetError(
            "The file is empty." if empty else "The file holds only blank lines.",
            hint="Write at least one row.",
            place=Place(str(path)),
        )


def _digest(path: Path) -> str:
    try:
        return digest_file(path)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from None
