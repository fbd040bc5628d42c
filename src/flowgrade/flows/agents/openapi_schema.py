"""Schemas of OpenAPI documents in the words of JSON Schema, without references."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flowgrade.errors import FlowDefinitionError
from flowgrade.records import JsonObject

_MOST = 20_000  # parts of one schema: references to references can multiply without end
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_DATA = frozenset({"default", "enum", "const", "examples", "required"})
_LEFT_OUT = frozenset({"discriminator", "xml", "externalDocs", "example", "nullable"})
_BOUNDS = (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum"))


class Expansion:
    """Fills in the references of one schema; ``at`` gives what one leads to."""

    def __init__(
        self, at: Callable[[str], Any], wrong: Callable[[str], FlowDefinitionError]
    ) -> None:
        self._at = at
        self._wrong = wrong
        self._count = 0

    def of(self, schema: Any, within: tuple[str, ...]) -> Any:
        """``schema``, written where the references ``within`` are being followed."""
        self._count += 1
        if self._count > _MOST:
            raise self._wrong(f"a schema has more than {_MOST:,} parts")
        if isinstance(schema, list):
            return [self.of(item, within) for item in schema]
        if not isinstance(schema, Mapping):
            return schema
        reference = schema.get("$ref")
        if isinstance(reference, str):
            if reference in within:
                return {}
            return self.of(self._at(reference), (*within, reference))
        return _in_json_schema(
            {str(key): self._part(key, value, within) for key, value in schema.items()}
        )

    def _part(self, key: str, value: Any, within: tuple[str, ...]) -> Any:
        if key in _DATA:
            return value
        if key in _NAMED and isinstance(value, Mapping):
            return {str(name): self.of(part, within) for name, part in value.items()}
        return self.of(value, within)


def _in_json_schema(schema: JsonObject) -> JsonObject:
    """What OpenAPI 3.0 says in words of its own."""
    found = {key: value for key, value in schema.items() if key not in _LEFT_OUT}
    if schema.get("nullable") is True and isinstance(schema.get("type"), str):
        found["type"] = [schema["type"], "null"]
        if "enum" in found and None not in found["enum"]:
            found["enum"] = [*found["enum"], None]
    for word, other in _BOUNDS:
        if isinstance(found.get(word), bool) and found.pop(word) and other in found:
            found[word] = found.pop(other)
    return found
