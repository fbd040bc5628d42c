"""Flows as tools: their inputs are the parameters."""

from __future__ import annotations

import re
from typing import Any

from flowgrade.flows.agents.tool import AgentTool
from flowgrade.flows.definition import InputSpec
from flowgrade.flows.flow import Flow
from flowgrade.records import JsonObject, dumps

_TYPES: dict[str, JsonObject] = {
    "int": {"type": "integer"},
    "double": {"type": "number"},
    "bool": {"type": "boolean"},
    "string": {"type": "string"},
    "list": {"type": "array"},
    "image": {"type": "string", "description": "An address of an image, or its base64 text."},
}
_OTHER = re.compile(r"[^a-zA-Z0-9_-]+")


def tool_name(name: str) -> str:
    """``name`` with the characters that models accept."""
    return _OTHER.sub("_", name).strip("_")[:64] or "tool"


def input_schema(flow: Flow) -> JsonObject:
    """The JSON Schema of a flow's inputs."""
    return {
        "type": "object",
        "properties": {spec.name: _property(spec) for spec in flow.inputs},
        "required": list(flow.required),
        "additionalProperties": flow.body.takes_more and not flow.inputs,
    }


def flow_tool(flow: Flow) -> AgentTool:
    """A tool that runs ``flow`` and gives its outputs."""

    async def call(arguments: JsonObject) -> Any:
        return await flow.acall(**arguments)

    return AgentTool(
        name=tool_name(flow.name),
        description=flow.description or f"The flow {flow.name}.",
        parameters=input_schema(flow),
        call=call,
        origin="flow",
    )


def _property(spec: InputSpec) -> JsonObject:
    schema = dict(_TYPES.get(spec.type, {}))
    if spec.description:
        schema["description"] = spec.description
    if not spec.required and spec.default is not None:
        try:
            dumps(spec.default)
        except TypeError:
            return schema  # a default that only Python can say
        schema["default"] = spec.default
    return schema
