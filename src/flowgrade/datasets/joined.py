"""JoinedDataset: the rows of an earlier run, beside those of data where there are some."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from flowgrade.datasets.dataset import FIRST_ROWS, Dataset
from flowgrade.errors import DatasetError, Place
from flowgrade.records import JsonObject, Ref, digest_json

DATA, RUN_INPUTS, RUN_OUTPUTS = SOURCES = ("data", "run.inputs", "run.outputs")
"""The parts of a joined row, as column mappings call them."""
LINE = "line_number"
"""A column of this name says which row of the run a row of the data belongs to."""

RunRows = Callable[[], Iterator[tuple[int, JsonObject, JsonObject]]]
"""Number, inputs and outputs of each completed row of a run, numbers ascending."""


class JoinedDataset(Dataset, hide=("_pairs",)):
    """Rows that have a part for each of ``SOURCES``; their numbers are those of the run's rows."""

    run: str
    """Name of the earlier run."""
    _pairs: Callable[[], Iterator[tuple[int, JsonObject]]]

    def rows(self) -> Iterator[tuple[int, JsonObject]]:
        """Number and parts of each row that every source has, streamed.

        Raises DatasetError where a row cannot be read, and when there is none.
        """
        found = False
        for pair in islice(self._pairs(), self.limit):
            found = True
            yield pair
        if not found and self.limit != 0:
            raise DatasetError(
                f"The run '{self.run}' has no completed row"
                f"{' that the data has too' if self.path or self.format != 'run' else ''}.",
                hint=f"Look at it: flowgrade runs show {self.run}",
                place=Place(str(self.path)) if self.path else None,
            )

    def columns_of(self, source: str) -> tuple[str, ...]:
        """The names in the first hundred rows of one of the sources."""
        names: dict[str, None] = {}
        for _, row in islice(self.rows(), FIRST_ROWS):
            names.update(dict.fromkeys(row[source]))
        return tuple(names)


def joined_dataset(
    data: Dataset | None, run: Ref, rows: RunRows, limit: int | None = None
) -> JoinedDataset:
    """Each completed row of a run with the row of ``data`` that has its number.

    A row of the data has its position as number, from 0, unless it has a column ``line_number``.
    ``run`` names the run; its digest is that of its rows.
    """

    def pairs() -> Iterator[tuple[int, JsonObject]]:
        return _beside(data, rows()) if data is not None else _alone(rows())

    return JoinedDataset(
        ref=_ref(data, run),
        path=data.path if data else None,
        format=data.format if data else "run",
        limit=limit,
        run=run.name,
        _read=lambda: (row for _, row in pairs()),
        _count=lambda: sum(1 for _ in pairs()),
        _pairs=pairs,
    )


def _alone(rows: Iterator[tuple[int, JsonObject, JsonObject]]) -> Iterator[tuple[int, JsonObject]]:
    for number, inputs, outputs in rows:
        yield number, {DATA: {}, RUN_INPUTS: inputs, RUN_OUTPUTS: outputs}


def _beside(
    data: Dataset, rows: Iterator[tuple[int, JsonObject, JsonObject]]
) -> Iterator[tuple[int, JsonObject]]:
    """Both come in the order of their numbers, so neither is held as a whole."""
    numbered = _numbered(data)
    at, row = next(numbered, (None, {}))
    for number, inputs, outputs in rows:
        while at is not None and at < number:
            at, row = next(numbered, (None, {}))
        if at is None:
            return
        if at == number:
            yield number, {DATA: row, RUN_INPUTS: inputs, RUN_OUTPUTS: outputs}


def _numbered(data: Dataset) -> Iterator[tuple[int | None, JsonObject]]:
    before = -1
    for index, row in data.rows():
        number = _number(row.get(LINE, index))
        if number is None or number <= before:
            raise DatasetError(
                f"Row {index} has the {LINE} {row.get(LINE)!r}, which is not after {before}.",
                hint=f"Sort the data by {LINE}, each number once, or leave that column out.",
                place=Place(str(data.path)) if data.path else None,
            )
        before = number
        yield number, row


def _number(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


def _ref(data: Dataset | None, run: Ref) -> Ref:
    if data is None:
        return Ref(kind="dataset", name=run.name, digest=run.digest)
    digest = digest_json([str(data.ref), run.digest])
    return Ref(kind="dataset", name=f"{data.ref.name}+{run.name}", digest=digest)
