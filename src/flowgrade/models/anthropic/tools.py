"""Tools: OpenAI's functions as Anthropic's tools."""

from __future__ import annotations

from flowgrade.errors import InputError
from flowgrade.records import Json, JsonObject

_CHOICES = {"auto": "auto", "none": "none", "required": "any", "any": "any"}
_NO_PARAMETERS: JsonObject = {"type": "object", "properties": {}}


def to_tool(tool: Json) -> JsonObject:
    """One tool; one of Anthropic's own, such as its web search, stays as it is."""
    if not isinstance(tool, dict):
        raise InputError("A tool of the request is not an object.")
    function = tool.get("function")
    if not isinstance(function, dict):
        return tool
    made: JsonObject = {
        "name": function.get("name"),
        "input_schema": function.get("parameters") or _NO_PARAMETERS,
    }
    for key in ("description", "strict"):
        if function.get(key):
            made[key] = function[key]
    if "cache_control" in tool:
        made["cache_control"] = tool["cache_control"]
    return made


def to_choice(choice: Json) -> JsonObject:
    """Which tool the model must, may or may not call."""
    if isinstance(choice, str) and choice in _CHOICES:
        return {"type": _CHOICES[choice]}
    if isinstance(choice, dict):
        function = choice.get("function")
        named = isinstance(function, dict) and function.get("name")
        return {"type": "tool", "name": named} if named else choice
    raise InputError(
        f"tool_choice is {choice!r}, which is none of its values.",
        hint="Use auto, none, required or {type: function, function: {name: …}}.",
    )
