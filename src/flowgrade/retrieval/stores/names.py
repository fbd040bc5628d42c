"""Names: the ids of all chunks, by row, without a list of them in memory."""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from pathlib import Path

import numpy

from flowgrade.retrieval.stores.arrays import Array, load, plain, save


class Names:
    """The ids of one snapshot's chunks."""

    NAMES = ("ids.txt", "ids.npy")

    def __init__(self, folder: Path) -> None:
        self._ends = plain(load(folder / "ids.npy"))
        self._text: mmap.mmap | bytes = b""
        with (folder / "ids.txt").open("rb") as file:
            if len(self._ends) > 1:  # what is empty cannot be mapped
                self._text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def of(self, rows: Array) -> list[str]:
        """The ids of these rows."""
        text = self._text
        bounds = zip(self._ends[rows].tolist(), self._ends[rows + 1].tolist(), strict=True)
        return [text[start:end].decode() for start, end in bounds]


def write_names(folder: Path, ids: Iterable[tuple[str]]) -> None:
    """Write the files of ``Names``."""
    sizes = [0]
    with (folder / "ids.txt").open("wb") as file:
        for (name,) in ids:
            sizes.append(file.write(name.encode()))
    save(folder / "ids.npy", numpy.cumsum(numpy.array(sizes, numpy.int64)))
