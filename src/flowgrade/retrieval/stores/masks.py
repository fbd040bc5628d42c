"""Masks: which rows pass a filter, worked out once for each key and kept for the last filters."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy

from flowgrade.records import Json, dumps, loads
from flowgrade.retrieval.filters import Condition, Filter, holds
from flowgrade.retrieval.stores.arrays import Array

_MASKS = 32  # a byte for each chunk
_COLUMNS = 32  # four bytes for each chunk

_ABSENT = object()
_T = TypeVar("_T")

Run = Callable[[str], list[tuple[Any, ...]]]


class _Column(NamedTuple):
    """The values of one key: each different one once, and which of them a row has."""

    values: list[Json]
    numbers: Array
    """-1 where a row does not have the key."""


class Masks:
    """The masks of one snapshot; ``run`` asks its database."""

    def __init__(self, rows: int, run: Run) -> None:
        self._rows = rows
        self._run = run
        self._lock = threading.Lock()
        self._masks: OrderedDict[str, Array] = OrderedDict()
        self._columns: OrderedDict[str, _Column] = OrderedDict()

    def passing(self, where: Filter) -> Array:
        """True for each row that passes all conditions."""
        mask = numpy.ones(self._rows, bool)
        for condition in where:
            mask &= self._of(condition)
        return mask

    def _of(self, condition: Condition) -> Array:
        name = dumps([condition.key, condition.test, condition.value])
        with self._lock:
            mask = self._masks.get(name)
            if mask is None:
                mask = _decide(condition, self._column(condition.key))
            return _remember(self._masks, name, mask, _MASKS)

    def _column(self, key: str) -> _Column:
        column = self._columns.get(key)
        if column is None:
            own = key.startswith("$")
            name = key[1:] if own else "metadata"
            written = self._run(f'SELECT "{name}" FROM chunks ORDER BY row')
            column = _column_of([value for (value,) in written], None if own else key)
        return _remember(self._columns, key, column, _COLUMNS)


def _column_of(written: list[Any], key: str | None) -> _Column:
    """The column of what the rows have; ``key`` picks one value out of JSON texts."""
    values: list[Json] = []
    number_of_value: dict[str, int] = {}
    number_of_text: dict[Any, int] = {}
    # Chunks of one document, and often of many, have one text, which is parsed once.
    for text in dict.fromkeys(written):
        number = -1
        value = text if key is None or text is None else loads(text).get(key, _ABSENT)
        if value is not _ABSENT and (key is not None or value is not None):
            number = number_of_value.setdefault(dumps(value), len(values))
            if number == len(values):
                values.append(value)
        number_of_text[text] = number
    numbers = numpy.fromiter((number_of_text[text] for text in written), numpy.int32, len(written))
    return _Column(values, numbers)


def _decide(condition: Condition, column: _Column) -> Array:
    passes = [holds(condition, value, present=True) for value in column.values]
    passes.append(holds(condition, None, present=False))  # what -1 picks
    return numpy.array(passes, bool)[column.numbers]


def _remember(kept: OrderedDict[str, _T], name: str, value: _T, most: int) -> _T:
    kept[name] = value
    kept.move_to_end(name)
    if len(kept) > most:
        kept.popitem(last=False)
    return value
