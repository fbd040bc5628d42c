"""Filters as conditions on a ``jsonb`` column; what users wrote goes in as parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from flowgrade.records import Json, dumps
from flowgrade.retrieval.filters import Condition, Filter

_VALUE = "(c.fields -> %s)"
_TYPE = f"jsonb_typeof{_VALUE}"
_TEXT = "(c.fields ->> %s)"
_COMPARED = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}

Part = tuple[str, list[Any]]


def sql_filter(where: Filter) -> tuple[sql.Composable, list[Any]]:
    """A condition on the table ``c`` and its parameters: exactly what ``filters.holds`` says."""
    if not where:
        return sql.SQL("true"), []
    parts = [_part(condition) for condition in where]
    text = " AND ".join(f"({part})" for part, _ in parts)
    return sql.SQL(text), [value for _, values in parts for value in values]


def sound(value: Json) -> Json:
    """The value with what ``jsonb`` cannot hold, the character 0, replaced in all its texts."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffe")
    if isinstance(value, dict):
        return {sound(key): sound(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [sound(one) for one in value]
    return value


def jsonb(value: Json) -> Jsonb:
    """The value as a parameter."""
    return Jsonb(sound(value), dumps=dumps)


def _part(condition: Condition) -> Part:
    key = sound(condition.key)
    operand = condition.value
    return _PARTS[condition.test](key, operand)


def _exists(key: str, operand: Json) -> Part:
    return "jsonb_exists(c.fields, %s) = %s", [key, bool(operand)]


def _eq(key: str, operand: Json) -> Part:
    return f"{_VALUE} IS NOT DISTINCT FROM %s", [key, jsonb(operand)]


def _ne(key: str, operand: Json) -> Part:
    return f"{_VALUE} IS DISTINCT FROM %s", [key, jsonb(operand)]


def _in(key: str, operand: Json) -> Part:
    return f"coalesce({_VALUE} = ANY (%s::jsonb[]), false)", [key, [jsonb(one) for one in operand]]


def _nin(key: str, operand: Json) -> Part:
    return f"NOT coalesce({_VALUE} = ANY (%s::jsonb[]), false)", [
        key,
        [jsonb(one) for one in operand],
    ]


def _contains(key: str, operand: Json) -> Part:
    text = (
        f"CASE {_TYPE} WHEN 'array' THEN EXISTS "
        f"(SELECT 1 FROM jsonb_array_elements{_VALUE} AS e (one) WHERE e.one = %s) "
    )
    values = [key, key, jsonb(operand)]
    if isinstance(operand, str):
        text += f"WHEN 'string' THEN strpos({_TEXT}, %s) > 0 "
        values += [key, sound(operand)]
    return text + "ELSE false END", values


def _compared(test: str) -> Callable[[str, Json], Part]:
    sign = _COMPARED[test]

    def part(key: str, operand: Json) -> Part:
        if isinstance(operand, str):
            # The order of UTF-8's bytes is that of the characters' numbers, as Python has it.
            kind, left, right = "string", f'{_TEXT} COLLATE "C"', "%s"
        else:
            kind, left, right = "number", f"{_TEXT}::numeric", "%s::numeric"
        text = f"CASE {_TYPE} WHEN '{kind}' THEN {left} {sign} {right} ELSE false END"
        value = sound(operand) if isinstance(operand, str) else repr(operand)
        return text, [key, key, value]

    return part


_PARTS: dict[str, Callable[[str, Json], Part]] = {
    "exists": _exists,
    "eq": _eq,
    "ne": _ne,
    "in": _in,
    "nin": _nin,
    "contains": _contains,
    **{test: _compared(test) for test in _COMPARED},
}
