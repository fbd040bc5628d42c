"""Hold JSON against a JSON Schema."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from flowgrade.errors import FlowDefinitionError, Place
from flowgrade.records import Json, JsonObject

_MOST = 5  # complaints said at once


class Validator:
    """Checks values against one schema, which is itself checked at the first use."""

    def __init__(self, schema: JsonObject, *, what: str, place: Place | None = None) -> None:
        self._schema = schema
        self._what = what
        self._place = place

    def check_schema(self) -> None:
        """Raise FlowDefinitionError when the schema is no JSON Schema."""
        _ = self._validator

    def complaints(self, value: Json) -> list[str]:
        """What is wrong with ``value``, each with where; empty when nothing is."""
        from referencing.exceptions import Unresolvable  # noqa: PLC0415  only for agents

        try:
            errors = sorted(
                self._validator.iter_errors(value), key=lambda e: list(map(str, e.path))
            )
        except Unresolvable as error:
            raise self._invalid(f"nothing is at the $ref '{error.ref}'") from error
        said = [_said(error) for error in errors[:_MOST]]
        return [*said, f"and {len(errors) - _MOST} more"] if len(errors) > _MOST else said

    @cached_property
    def _validator(self) -> Any:
        from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415  only for agents
        from referencing import Registry  # noqa: PLC0415

        try:
            Draft202012Validator.check_schema(self._schema)
        except SchemaError as error:
            where = ".".join(map(str, error.absolute_path))
            raise self._invalid(f"{error.message}{f' (at {where})' if where else ''}") from error
        # An empty registry: nothing is fetched from the addresses that a schema names.
        return Draft202012Validator(self._schema, registry=Registry())

    def _invalid(self, reason: str) -> FlowDefinitionError:
        return FlowDefinitionError(
            f"{self._what} are no valid JSON Schema: {reason}.",
            hint="See https://json-schema.org/understanding-json-schema.",
            place=self._place,
        )


def _said(error: Any) -> str:
    where = ".".join(map(str, error.absolute_path))
    message = str(error.message)
    short = message if len(message) <= 200 else message[:199] + "…"
    return f"{where}: {short}" if where else short
