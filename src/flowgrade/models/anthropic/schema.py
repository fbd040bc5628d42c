"""JSON schemas as far as Anthropic's models can be held to them."""

from __future__ import annotations

from flowgrade.records import Json, JsonObject

_UNKNOWN = frozenset(
    [
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems"),
        *("minProperties", "maxProperties", "default", "examples", "$schema", "$id"),
    ]
)
_MANY = frozenset({"properties", "$defs", "definitions", "patternProperties"})
_FORMATS = frozenset(
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"]
)


def to_schema(schema: Json) -> Json:
    """``schema`` with what the protocol takes: bounds are left out, and objects are closed.

    What is left out still holds when the answer is validated against the whole schema. Source:
    Anthropic's documentation, "Structured outputs", limits of JSON Schema.
    """
    if isinstance(schema, list):
        return [to_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept: JsonObject = {}
    for key, value in schema.items():
        if key in _UNKNOWN or (key == "format" and value not in _FORMATS):
            continue
        if key in _MANY and isinstance(value, dict):
            kept[key] = {name: to_schema(part) for name, part in value.items()}
        elif key in {"enum", "const", "required"}:
            kept[key] = value
        else:
            kept["anyOf" if key == "oneOf" else key] = to_schema(value)
    if kept.get("type") == "object" or "properties" in kept:
        kept.setdefault("additionalProperties", False)
    return kept
