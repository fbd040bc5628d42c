"""Names: the ids of all chunks, by row, without a list of them in memory."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import BinaryIO

import numpy

from flowgrade.retrieval.stores.arrays import Array, load, plain, save

_TEXT = "ids.txt"
_ENDS = "ids.npy"


class Names:
    """The ids of one snapshot's chunks."""

    NAMES = (_TEXT, _ENDS)

    def __init__(self, folder: Path) -> None:
        self._ends = plain(load(folder / _ENDS))
        self._text: mmap.mmap | bytes = b""
        with (folder / _TEXT).open("rb") as file:
            if self._ends[-1]:  # what is empty cannot be mapped
                self._text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def of(self, rows: Array) -> list[str]:
        """The ids of these rows."""
        text = self._text
        bounds = zip(self._ends[rows].tolist(), self._ends[rows + 1].tolist(), strict=True)
        return [text[start:end].decode() for start, end in bounds]

    def stretch(self, first: int, last: int) -> tuple[bytes, Array]:
        """The ids of rows ``first`` to before ``last``: their bytes, and the length of each."""
        ends = self._ends[first : last + 1]
        return self._text[int(ends[0]) : int(ends[-1])], numpy.diff(ends)


class NamesBuilder:
    """Writes the files of ``Names``, row after row."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: BinaryIO = (folder / _TEXT).open("wb")
        self._sizes = [numpy.zeros(1, numpy.int64)]

    def take_over(self, names: Names, first: int, last: int) -> None:
        """Put in a stretch of another snapshot's ids."""
        text, sizes = names.stretch(first, last)
        self._file.write(text)
        self._sizes.append(sizes)

    def add(self, ids: list[str]) -> None:
        """Put in ids."""
        written = [name.encode() for name in ids]
        self._file.write(b"".join(written))
        self._sizes.append(numpy.array([len(name) for name in written], numpy.int64))

    def close(self) -> None:
        """Finish the files."""
        self._file.close()
        save(self._folder / _ENDS, numpy.cumsum(numpy.concatenate(self._sizes)))
