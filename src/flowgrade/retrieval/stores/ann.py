"""A graph of neighbours (HNSW, by usearch) for indexes too large to compare every vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowgrade.errors import InputError, MissingExtraError
from flowgrade.records import Json
from flowgrade.retrieval.stores.arrays import Array

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Vector

ANN_ABOVE = 200_000
"""Chunks from which on the graph is made, where usearch is installed."""

_OPTION = "ann_above"
_NEIGHBOURS = 32
_ADDING = 200  # candidates that are looked at for each vector that is put in
_SEARCHING = 1024  # and for each that is searched for
_AT_ONCE = 50_000  # vectors that are put in by one call


class Graph:
    """The graph of one snapshot. Its vectors have half precision, so its order is a first one."""

    def __init__(self, path: Path, dimensions: int) -> None:
        self._index = _new(dimensions)
        self._index.view(str(path))

    def near(self, vector: Vector, limit: int) -> Array:
        """Keys of chunks that are near, and more of them than ``limit``."""
        found: Array = self._index.search(vector, max(2 * limit, 128)).keys
        return found.astype("int64")


def write_graph(
    path: Path, base: Path | None, *, gone: Sequence[int], keys: Array, vectors: Array
) -> None:
    """Make the graph of ``keys`` and their vectors, together with what stays of ``base``."""
    index = _new(vectors.shape[1])
    if base is not None:
        index.load(str(base))
        if gone:
            index.remove(list(gone))
    for start in range(0, len(keys), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        index.add(keys[part], vectors[part])
    index.save(str(path))


def wants_graph(options: Mapping[str, Json], chunks: int) -> bool:
    """Whether an index of so many chunks has a graph."""
    return has_usearch() and chunks > options.get(_OPTION, ANN_ABOVE)


def check_options(options: Mapping[str, Json]) -> None:
    """Raises InputError for options that mean nothing, MissingExtraError without usearch."""
    for name, value in options.items():
        if name != _OPTION:
            raise InputError(
                f"The store 'sqlite' has no option '{name}'.", hint=f"It has {_OPTION}."
            )
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise InputError(f"The option {_OPTION} of the store 'sqlite' is a number of chunks.")
        if not has_usearch():
            raise MissingExtraError("ann", purpose=f"The option {_OPTION} of the store 'sqlite'")


@cache
def has_usearch() -> bool:
    """Whether usearch is installed."""
    return find_spec("usearch") is not None


def _new(dimensions: int) -> Any:
    from usearch.index import Index  # noqa: PLC0415 an optional dependency

    # The inner product of vectors of length 1 is their cosine.
    return Index(
        ndim=dimensions,
        metric="ip",
        dtype="f16",
        connectivity=_NEIGHBOURS,
        expansion_add=_ADDING,
        expansion_search=_SEARCHING,
    )
