"""The two generations of Prompty's front matter, as one.

Prompt flow wrote ``model: {api, configuration, parameters, response}`` and inputs as a mapping;
the later format (github.com/microsoft/prompty, ``schema/model``) writes ``model: {id, provider,
apiType, connection, options}`` and inputs and outputs as lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowgrade.errors import FlowDefinitionError

_OPTIONS = {
    "frequencyPenalty": "frequency_penalty",
    "maxOutputTokens": "max_tokens",
    "presencePenalty": "presence_penalty",
    "topP": "top_p",
    "topK": "top_k",
    "stopSequences": "stop",
    "allowMultipleToolCalls": "parallel_tool_calls",
}
_KINDS = {
    "integer": "int",
    "float": "double",
    "number": "double",
    "boolean": "bool",
    "array": "list",
    "thread": "list",
}
_PROVIDERS = {"azure": "azure_openai", "foundry": "azure_openai"}
_MODEL_KEYS = {"api", "configuration", "parameters", "response"}


def model_of(matter: Mapping[str, Any]) -> dict[str, Any]:
    """The ``model`` part with the keys of prompt flow's generation."""
    model = matter.get("model") or {}
    if isinstance(model, str):
        model = {"id": model}
    if not isinstance(model, dict):
        raise FlowDefinitionError("'model' must be a mapping.")
    made: dict[str, Any] = {
        "api": model.get("api") or model.get("apiType") or "chat",
        "configuration": dict(_mapping(model, "configuration")),
        "parameters": dict(_mapping(model, "parameters")),
        "response": model.get("response") or "first",
    }
    if not _MODEL_KEYS & model.keys():
        made["configuration"] = _connection(model)
        made["parameters"] = _options(_mapping(model, "options"))
    if matter.get("tools") and "tools" not in made["parameters"]:
        made["parameters"]["tools"] = _tools(matter["tools"])
    if not made["parameters"].get("tools", True):
        del made["parameters"]["tools"]
    return made


def fields_of(found: Any, *, what: str) -> dict[str, dict[str, Any]]:
    """Inputs or outputs by name, each with ``type`` and, where given, ``default`` and others."""
    if isinstance(found, dict) and isinstance(found.get("properties"), dict | list):
        found = found["properties"]
    if isinstance(found, list):
        if not all(isinstance(item, dict) and "name" in item for item in found):
            raise FlowDefinitionError(f"Each of '{what}' must have a name.")
        found = {
            item["name"]: {key: value for key, value in item.items() if key != "name"}
            for item in found
        }
    if not isinstance(found or {}, dict):
        raise FlowDefinitionError(f"'{what}' must be a mapping or a list.")
    return {str(name): _field(value) for name, value in (found or {}).items()}


def type_name(value: object) -> str:
    """Prompt flow's name for the type of ``value``."""
    for kind, name in ((bool, "bool"), (int, "int"), (float, "double"), (str, "string")):
        if isinstance(value, kind):
            return name
    return "list" if isinstance(value, list) else "object"


def engine_of(template: Any) -> str:
    """The name of the template engine that the front matter asks for."""
    form = template.get("format") if isinstance(template, dict) else template
    if isinstance(form, dict):
        form = form.get("kind")
    if form in {None, "*"} and isinstance(template, dict):
        form = template.get("type")
    return "jinja2" if form in {None, "", "*"} else str(form)


def _mapping(model: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = model.get(key) or {}
    if not isinstance(value, dict):
        raise FlowDefinitionError(f"'model.{key}' must be a mapping.")
    return value


def _connection(model: Mapping[str, Any]) -> dict[str, Any]:
    connection = model.get("connection") or {}
    if isinstance(connection, str):
        connection = {"kind": "reference", "name": connection}
    provider = model.get("provider") or connection.get("authType") or "openai"
    kind = _PROVIDERS.get(provider, provider)
    made: dict[str, Any] = {"type": kind}
    if model.get("id"):
        made["azure_deployment" if kind == "azure_openai" else "model"] = model["id"]
    if connection.get("name") and connection.get("kind") in {None, "reference", "remote"}:
        made["connection"] = connection["name"]
    address = "azure_endpoint" if kind == "azure_openai" else "base_url"
    for theirs, ours in (
        ("endpoint", address),
        ("apiKey", "api_key"),
        ("key", "api_key"),
        ("apiVersion", "api_version"),
    ):
        if connection.get(theirs) and "connection" not in made:
            made[ours] = connection[theirs]
    return made


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    made = {
        _OPTIONS.get(key, key): value
        for key, value in options.items()
        if key != "additionalProperties"
    }
    return made | dict(_mapping(options, "additionalProperties"))


def _tools(tools: Any) -> list[dict[str, Any]]:
    """The function tools in the shape of OpenAI's API; other kinds have no such shape."""
    found = fields_of(tools, what="tools")
    return [
        {
            "type": "function",
            "function": {
                "name": name,
                "description": tool.get("description", ""),
                "parameters": _schema(tool.get("parameters")),
                **({"strict": tool["strict"]} if "strict" in tool else {}),
            },
        }
        for name, tool in found.items()
        if tool.get("kind", "function") == "function"
    ]


def _schema(parameters: Any) -> dict[str, Any]:
    if isinstance(parameters, dict) and parameters.get("type") == "object":
        return parameters
    fields = fields_of(parameters, what="parameters")
    properties = {}
    for name, field in fields.items():
        properties[name] = {"type": field.get("kind", "string")}
        if field.get("description"):
            properties[name]["description"] = field["description"]
        if field.get("enumValues"):
            properties[name]["enum"] = field["enumValues"]
    required = [name for name, field in fields.items() if field.get("required", True)]
    return {"type": "object", "properties": properties, "required": required}


def _field(value: Any) -> dict[str, Any]:
    """One input: a mapping of its own, or a bare value, which is its default."""
    if value is None:
        return {"type": "string"}
    if not isinstance(value, dict):
        return {"type": type_name(value), "default": value}
    made = dict(value)
    if "type" not in made:
        kind = made.get("kind")
        made["type"] = _KINDS.get(str(kind), str(kind)) if kind else "string"
    return made
