"""Filters: which chunks a search may find, by the metadata of their documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from flowgrade.errors import InputError
from flowgrade.records import Json, Record

Test = Literal["eq", "ne", "in", "nin", "gt", "gte", "lt", "lte", "exists", "contains"]
TESTS: tuple[str, ...] = ("eq", "ne", "in", "nin", "gt", "gte", "lt", "lte", "exists", "contains")

OWN = ("document", "source", "title", "page")
"""Names that stand for fields of the chunk itself, written ``$document`` and so on."""


class Condition(Record, kw_only=False):
    """One test of one key.

    A chunk without the key passes only ``ne``, ``nin`` and an ``exists`` that is false.
    """

    key: str
    """A key of the metadata, or ``$document``, ``$source``, ``$title``, ``$page``."""
    test: Test
    value: Json


Filter = tuple[Condition, ...]
"""All must hold; the empty filter lets everything pass."""


def read_filter(written: Mapping[str, Json] | None) -> Filter:
    """The filter in ``{"year": {"gte": 2020}, "lang": "en", "tag": {"in": ["a", "b"]}}``.

    Raises InputError for a test that is none and for a value that it cannot take.
    """
    found: list[Condition] = []
    for key, value in (written or {}).items():
        tests = value if isinstance(value, Mapping) else {"eq": value}
        for test, operand in tests.items():
            found.append(_condition(key, test, operand))
    return tuple(found)


def holds(condition: Condition, value: Json, *, present: bool) -> bool:
    """Whether a chunk whose ``key`` has ``value`` passes. Values of other types do not compare."""
    test, operand = condition.test, condition.value
    if test == "exists":
        return present == bool(operand)
    if not present:
        return test in ("ne", "nin")
    if test in ("eq", "ne"):
        return bool(_same(value, operand)) == (test == "eq")
    if test in ("in", "nin"):
        return any(_same(value, one) for one in operand) == (test == "in")
    if test == "contains":
        if isinstance(value, str):
            return isinstance(operand, str) and operand in value
        return isinstance(value, list) and any(_same(one, operand) for one in value)
    if _kind(value) != _kind(operand):
        return False
    return bool(
        value > operand
        if test == "gt"
        else value >= operand
        if test == "gte"
        else value < operand
        if test == "lt"
        else value <= operand
    )


def _condition(key: str, test: str, value: Json) -> Condition:
    if key.startswith("$") and key[1:] not in OWN:
        raise InputError(
            f"The filter names '{key}'.",
            hint=f"Fields of a chunk are ${', $'.join(OWN)}; keys of the metadata have no $.",
        )
    if test not in TESTS:
        raise InputError(
            f"The filter of '{key}' has the unknown test '{test}'.",
            hint=f"Tests are: {', '.join(TESTS)}.",
        )
    if test in ("in", "nin") and not isinstance(value, (list, tuple)):
        raise InputError(f"The test '{test}' of '{key}' takes a list.")
    if test in ("gt", "gte", "lt", "lte") and _kind(value) is None:
        raise InputError(f"The test '{test}' of '{key}' takes a number or a text.")
    return Condition(key, test, value)  # type: ignore[arg-type]


def _same(left: Json, right: Json) -> bool:
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def _kind(value: Json) -> str | None:
    if isinstance(value, bool):
        return None
    return (
        "number" if isinstance(value, (int, float)) else "text" if isinstance(value, str) else None
    )
