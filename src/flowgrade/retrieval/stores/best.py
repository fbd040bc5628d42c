"""The best of many scores."""

from __future__ import annotations

import numpy

from flowgrade.retrieval.stores.arrays import Array


def best(scores: Array, limit: int, *, above: float | None = None) -> tuple[Array, Array]:
    """Positions and values of the ``limit`` highest, best first; of equal ones the first.

    Only those greater than ``above`` count.
    """
    if limit <= 0:
        return numpy.empty(0, numpy.int64), scores[:0]
    if limit < len(scores):
        least = numpy.partition(scores, len(scores) - limit)[len(scores) - limit]
        if above is not None and least <= above:
            places = numpy.flatnonzero(scores > above)
        else:
            places = numpy.flatnonzero(scores >= least)
    elif above is not None:
        places = numpy.flatnonzero(scores > above)
    else:
        places = numpy.arange(len(scores))
    values = scores[places]
    order = numpy.argsort(-values, kind="stable")[:limit]
    return places[order], values[order]
