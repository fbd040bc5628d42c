"""The smallest JSON value that a JSON Schema accepts.

Known are: type, properties and required, items and prefixItems, enum, const, default, $ref
within the schema, anyOf, oneOf and allOf, bounds of numbers, lengths and usual formats of texts.
Arrays get one item where the schema lets them. Not known: pattern, uniqueItems, not, if.
"""

from __future__ import annotations

import math
from urllib.parse import unquote

from flowgrade.records import Json, JsonObject
from flowgrade.testing.stub.refusal import StubRefusal

_DEEPEST = 64
_LONGEST = 100_000


def smallest_instance(schema: Json) -> Json:
    """A value for ``schema``; raises StubRefusal (400) for one that no finite value fits."""
    try:
        return _Builder(schema).value(schema)
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise _unusable(f"it is not a JSON Schema ({type(error).__name__})") from error


def named_properties(schema: Json) -> set[str]:
    """The names of the properties of an object's schema."""
    return set(_Builder(schema).plain(schema).get("properties") or {})


class _Builder:
    """Builds values of one schema, whose ``$ref`` all point into ``root``."""

    def __init__(self, root: Json) -> None:
        self._root = root
        self._open: list[str] = []

    def value(self, schema: Json, *, depth: int = 0) -> Json:
        if depth > _DEEPEST:
            raise _unusable("it never ends")
        if not isinstance(schema, dict):
            return "stub"
        for key in ("const", "default"):
            if key in schema:
                return schema[key]
        if schema.get("enum"):
            return schema["enum"][0]
        if "$ref" in schema:
            return self._referred(schema, depth=depth)
        if options := schema.get("anyOf") or schema.get("oneOf"):
            return self.value(self._choice(options), depth=depth + 1)
        return self._typed(self.plain(schema), depth=depth)

    def plain(self, schema: Json, *, depth: int = 0) -> JsonObject:
        """The schema with its $ref followed and its allOf merged in."""
        if depth > _DEEPEST:
            raise _unusable("it never ends")
        merged: JsonObject = dict(schema) if isinstance(schema, dict) else {}
        for _ in range(_DEEPEST):
            if "$ref" not in merged:
                break
            merged = {**self._target(merged.pop("$ref")), **merged}
        for part in merged.pop("allOf", ()):
            inner = self.plain(part, depth=depth + 1)
            properties = {**merged.get("properties", {}), **inner.get("properties", {})}
            required = [*merged.get("required", ()), *inner.get("required", ())]
            merged = {**merged, **inner, "properties": properties, "required": required}
        return merged

    def _referred(self, schema: JsonObject, *, depth: int) -> Json:
        pointer = schema["$ref"]
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        self._open.append(pointer)
        try:
            return self.value({**self._target(pointer), **rest}, depth=depth + 1)
        finally:
            self._open.pop()

    def _target(self, pointer: Json) -> JsonObject:
        node = self._root
        if not isinstance(pointer, str) or not pointer.startswith("#"):
            raise _unusable(f"$ref {pointer!r} does not point into it")
        for part in pointer[1:].split("/")[1:]:
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if not isinstance(node, dict) or name not in node:
                raise _unusable(f"$ref {pointer!r} leads nowhere")
            node = node[name]
        return node if isinstance(node, dict) else {}

    def _choice(self, options: list[Json]) -> Json:
        return next((option for option in options if not self._recurs(option)), options[0])

    def _recurs(self, schema: Json) -> bool:
        if not isinstance(schema, dict):
            return False
        options = schema.get("anyOf") or schema.get("oneOf") or ()
        return schema.get("$ref") in self._open or (
            bool(options) and all(map(self._recurs, options))
        )

    def _typed(self, schema: JsonObject, *, depth: int) -> Json:
        kind = schema.get("type", "object" if schema.get("properties") else "string")
        if isinstance(kind, list):
            kind = next((name for name in kind if name != "null"), "null")
        match kind:
            case "object":
                return self._object(schema, depth=depth)
            case "array":
                return self._array(schema, depth=depth)
            case "integer" | "number":
                return _number(schema, whole=kind == "integer")
            case "boolean":
                return False
            case "null":
                return None
            case _:
                return _text(schema)

    def _object(self, schema: JsonObject, *, depth: int) -> JsonObject:
        properties = schema.get("properties") or {}
        return {
            name: self.value(properties.get(name, True), depth=depth + 1)
            for name in dict.fromkeys(schema.get("required") or ())
        }

    def _array(self, schema: JsonObject, *, depth: int) -> list[Json]:
        first = [self.value(item, depth=depth + 1) for item in schema.get("prefixItems") or ()]
        items = schema.get("items", True)
        wanted = 0 if first or items is False or self._recurs(items) else 1
        count = max(schema.get("minItems", 0), min(wanted, schema.get("maxItems", wanted)))
        rest = [self.value(items, depth=depth + 1) for _ in range(min(count, 1000) - len(first))]
        return first + rest


def _number(schema: JsonObject, *, whole: bool) -> float:
    low = _bound(schema, "minimum", "exclusiveMinimum")
    high = _bound(schema, "maximum", "exclusiveMaximum")
    step = schema.get("multipleOf") or (1 if whole else None)
    candidates = [0, low, low + 1, high, high - 1, (low + high) / 2]
    if step:
        candidates += [math.ceil(low / step) * step, (math.floor(low / step) + 1) * step]
    for value in candidates:
        if _allows(schema, value) and (not step or math.isclose(value, round(value / step) * step)):
            return int(value) if whole else value
    raise _unusable("no number is within its bounds")


def _bound(schema: JsonObject, *names: str) -> float:
    found: float = next((schema[name] for name in names if name in schema), 0)
    return found


def _allows(schema: JsonObject, value: float) -> bool:
    least, above = schema.get("minimum", value), schema.get("exclusiveMinimum", value - 1)
    most, below = schema.get("maximum", value), schema.get("exclusiveMaximum", value + 1)
    return bool(least <= value <= most and above < value < below)


def _text(schema: JsonObject) -> str:
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    text = _FORMATS.get(schema.get("format", ""), "stub")
    return text.ljust(min(least, _LONGEST), "x")[:most]


def _unusable(why: str) -> StubRefusal:
    return StubRefusal(
        400, f"The schema in response_format cannot be used: {why}.", param="response_format"
    )


_FORMATS = {
    "date": "2024-01-01",
    "date-time": "2024-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "stub@example.com",
    "hostname": "example.com",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
