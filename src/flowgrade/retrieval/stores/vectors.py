"""Exact search by vectors: cosine similarity with every chunk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy

from flowgrade.errors import IndexConflictError, InputError
from flowgrade.retrieval.stores.arrays import Array
from flowgrade.retrieval.stores.best import best

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix, Vector

# A product of a matrix and a vector takes threads of its own, which wait for each other on a busy
# machine (8 ms instead of 1 at 10,000 rows). A dot product for each row does not; numpy 1 has none.
_products: Callable[[Matrix, Vector], Array] = getattr(numpy, "vecdot", numpy.matmul)

_FEW = 8  # below one chunk in so many, those that pass are gathered before they are compared


def normalised(vectors: Matrix | Vector, dimensions: int) -> Matrix:
    """The rows with length 1, in a matrix of its own; rows of zeros stay.

    Raises IndexConflictError for another dimension and InputError for what is no number.
    """
    matrix: Any = numpy.array(vectors, numpy.float32, order="C", ndmin=2)
    if matrix.shape[-1] != dimensions and len(matrix):
        raise wrong_dimension(matrix.shape[-1], dimensions)
    lengths = numpy.sqrt(numpy.einsum("ij,ij->i", matrix, matrix, dtype=numpy.float64))
    if not numpy.isfinite(lengths).all():
        raise InputError("A vector has a value that is no finite number.")
    lengths[lengths == 0] = 1
    matrix /= lengths[:, None]
    return matrix  # type: ignore[no-any-return]


def wrong_dimension(got: int, wanted: int) -> IndexConflictError:
    """What to raise for vectors of another length than the index has."""
    return IndexConflictError(
        f"A vector has {got} numbers, and those of the index have {wanted}.",
        hint="Search with the model that the index was built with, or build it anew: "
        "flowgrade index build",
    )


def nearest(
    matrix: Matrix, vector: Vector, limit: int, passing: Array | None = None
) -> tuple[Array, Array]:
    """Rows and cosine similarities of the nearest, nearest first; ``passing`` is a mask."""
    if passing is None:
        return best(_products(matrix, vector), limit)
    rows = numpy.flatnonzero(passing)
    gather = len(rows) * _FEW < len(matrix)
    similar = _products(matrix[rows], vector) if gather else _products(matrix, vector)[rows]
    places, values = best(similar, limit)
    return rows[places], values
