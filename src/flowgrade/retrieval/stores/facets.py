"""Facets: filters over any metadata in stores that know only lists of words.

A facet is a digest of a key and a value. A store keeps the facets of each chunk and filters by
them; as they are hexadecimal, nothing that a user wrote ever stands in a query. What facets cannot
say (greater, less, a part of a text) they narrow down, and ``search_filtered`` decides the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from flowgrade.records import Json, dumps
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.filters import Condition, Filter
from flowgrade.retrieval.stores.index_store import Found
from flowgrade.retrieval.stores.packing import filterable, passes

_EXACT = ("eq", "ne", "in", "nin", "exists")
_WIDER = 4
"""How many times more candidates are asked for when too few of them passed."""


class Clause(NamedTuple):
    """One of ``facets`` is there, or with ``negated`` none of them."""

    facets: tuple[str, ...]
    negated: bool = False


class Range(NamedTuple):
    """The number under a key is at least ``least``, at most ``most``; the limits are in."""

    key: str
    """As ``values_of`` writes it."""
    least: float | None = None
    most: float | None = None


def key_of(name: str) -> str:
    """A key for any id, of 32 hexadecimal digits."""
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def facets_of(chunk: Chunk) -> list[str]:
    """All facets of a chunk, each once."""
    found: list[str] = []
    for key, value in filterable(chunk).items():
        found += [_facet("has", key), _facet("is", key, value)]
        if isinstance(value, str):
            found.append(_facet("text", key))
        elif isinstance(value, (list, tuple)):
            found += [_facet("holds", key, one) for one in value]
    return list(dict.fromkeys(found))


def values_of(chunk: Chunk) -> list[dict[str, Json]]:
    """The numbers of a chunk with their keys, for stores that compare numbers."""
    return [
        {"key": _facet("number", key), "number": float(value)}
        for key, value in filterable(chunk).items()
        if _is_number(value)
    ]


def clauses_of(where: Filter) -> list[Clause]:
    """Clauses that every chunk fulfils which passes ``where``."""
    return [_clause(condition) for condition in where]


def ranges_of(where: Filter) -> list[Range]:
    """Ranges that every chunk fulfils which passes ``where``."""
    found = []
    for condition in where:
        if condition.test in ("gt", "gte", "lt", "lte") and _is_number(condition.value):
            # A limit is always in: as floats, numbers that differ may be equal.
            side = "least" if condition.test.startswith("g") else "most"
            key = _facet("number", condition.key)
            found.append(Range(key, **{side: float(condition.value)}))
    return found


def search_filtered(
    search: Callable[[int], list[tuple[float, Chunk]]], limit: int, where: Filter, *, most: int
) -> list[Found]:
    """The best ``limit`` of what passes; ``search`` gives its best ``n``, filtered by clauses.

    Asks for more, up to ``most``, until there are enough or no more.
    """
    exact = all(condition.test in _EXACT for condition in where)
    asked = min(limit if exact else limit * _WIDER, most)
    while True:
        found = search(asked)
        passed = [Found(chunk.id, score) for score, chunk in found if passes(chunk, where)]
        if len(passed) >= limit or len(found) < asked or asked >= most:
            return passed[:limit]
        asked = min(asked * _WIDER, most)


def _clause(condition: Condition) -> Clause:
    key, test, operand = condition.key, condition.test, condition.value
    if test == "exists":
        return Clause((_facet("has", key),), negated=not operand)
    if test in ("eq", "ne"):
        return Clause((_facet("is", key, operand),), negated=test == "ne")
    if test in ("in", "nin"):
        return Clause(tuple(_facet("is", key, one) for one in operand), negated=test == "nin")
    if test == "contains":
        part = (_facet("text", key),) if isinstance(operand, str) else ()
        return Clause((_facet("holds", key, operand), *part))
    return Clause((_facet("has", key),))


def _is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _facet(kind: str, key: str, value: Json = None) -> str:
    text = dumps([kind, key, _settled(value)])
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _settled(value: Json) -> Json:
    """Equal values look equal: 1 and 1.0, mappings in any order."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, (list, tuple)):
        return [_settled(one) for one in value]
    if isinstance(value, dict):
        return {key: _settled(value[key]) for key in sorted(value)}
    return value
