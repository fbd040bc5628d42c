"""JSON Schema: whether a value is what a schema asks for, in words that a model understands."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from flowgrade.errors import InputError
from flowgrade.records import Json, JsonObject, dumps, loads

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_MOST = 5  # faults that are named; a model that repairs them finds the others


class Schema:
    """A JSON Schema that was checked; raises InputError when it is none.

    References that lead out of it are refused: nothing is fetched.
    """

    def __init__(self, schema: JsonObject) -> None:
        try:
            self.text = dumps(schema)
        except (TypeError, ValueError) as error:
            raise InputError(f"The schema is not JSON: {error}") from error
        self.schema = schema
        self._validator = _validator(self.text)

    def faults(self, value: Json) -> list[str]:
        """What is wrong with ``value``, each fault with its place; empty when nothing is."""
        from referencing.exceptions import Unresolvable  # noqa: PLC0415 comes with jsonschema

        try:
            found = sorted(
                self._validator.iter_errors(value),
                key=lambda error: list(map(str, error.absolute_path)),
            )
        except (Unresolvable, RecursionError) as error:
            raise InputError(
                f"The schema has a reference that leads nowhere: {error}",
                hint="Write the definitions into the schema, under $defs.",
            ) from error
        words = [f"{_place(error.absolute_path)}: {error.message[:300]}" for error in found[:_MOST]]
        return words + ([f"and {len(found) - _MOST} more"] if len(found) > _MOST else [])


def check_schema(schema: JsonObject) -> None:
    """Raise InputError when ``schema`` is no JSON Schema."""
    Schema(schema)


@lru_cache(maxsize=256)
def _validator(text: str) -> Validator:
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415 slow to import
    from jsonschema.validators import validator_for  # noqa: PLC0415 slow to import
    from referencing import Registry  # noqa: PLC0415 slow to import

    schema = loads(text)
    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        raise InputError(
            f"This is not a JSON Schema: {_place(error.absolute_path)}: {error.message[:300]}",
            hint="See https://json-schema.org/learn for how one is written.",
        ) from error
    return kind(schema, registry=Registry())


def _place(path: Iterable[str | int]) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
