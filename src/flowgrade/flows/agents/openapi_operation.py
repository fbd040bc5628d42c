"""Operations of OpenAPI documents as tools: the model chooses values, never the host."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from flowgrade.errors import FlowDefinitionError, ToolError
from flowgrade.flows.agents.flow_tool import tool_name
from flowgrade.flows.agents.openapi_document import Document, Operation
from flowgrade.models import HttpReply, HttpRequest
from flowgrade.records import Json, JsonObject, Record, dumps, loads

BODY = "body"
"""Name of the argument that is the request's body."""
_PLACES = ("path", "query", "header")
_FORBIDDEN = frozenset({"authorization", "host", "content-length", "cookie", "transfer-encoding"})
_SPACES = {"spaceDelimited": "%20", "pipeDelimited": "%7C"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_COMPLAINT = 2_000  # characters of an error's body that a model gets


class Field(Record):
    """A parameter of an operation."""

    argument: str
    """Its name for the model: two of one name in different places get different ones."""
    name: str
    place: str
    required: bool
    schema: JsonObject
    explode: bool
    style: str | None


class Call(Record, hide=("headers", "query")):
    """An operation, ready to be called with a model's arguments."""

    operation: Operation
    fields: tuple[Field, ...]
    body: JsonObject | None
    body_required: bool
    server: str
    headers: Mapping[str, str]
    query: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its name for a model."""
        return tool_name(self.operation.name)

    @property
    def description(self) -> str:
        """What the document says that it does."""
        raw = self.operation.raw
        said = [raw.get("summary"), raw.get("description")]
        text = "\n".join(str(part) for part in said if part)
        return text or f"{self.operation.method.upper()} {self.operation.path}"

    @property
    def parameters(self) -> JsonObject:
        """The JSON Schema of its arguments."""
        properties = {f.argument: f.schema for f in self.fields}
        required = [f.argument for f in self.fields if f.required]
        if self.body is not None:
            properties[BODY] = self.body
            required += [BODY] if self.body_required else []
        return {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }

    def request(self, arguments: JsonObject, *, seconds: float, most: int) -> HttpRequest:
        """The HTTP call; raises ToolError for a value that cannot stand where it belongs."""
        path = self.operation.path
        query = [f"{_quoted(n)}={_quoted(v)}" for n, v in self.query.items()]
        headers: dict[str, str] = {"Accept": "application/json, text/*;q=0.9, */*;q=0.1"}
        for spec in self.fields:
            value = arguments.get(spec.argument)
            if value is None:
                continue
            if spec.place == "path":
                path = path.replace(f"{{{spec.name}}}", _segment(spec, value))
            elif spec.place == "query":
                query += _pairs(spec, value)
            else:
                headers[spec.name] = _header(spec, value)
        body = None
        if BODY in arguments and self.body is not None:
            body = dumps(arguments[BODY]).encode()
            headers["Content-Type"] = "application/json"
        address = self.server + path + ("?" + "&".join(query) if query else "")
        return HttpRequest(
            method=self.operation.method.upper(),
            url=address,
            headers={**headers, **self.headers},
            body=body,
            seconds=seconds,
            most=most,
        )


def call_of(
    document: Document,
    operation: Operation,
    *,
    server: str,
    headers: Mapping[str, str],
    query: Mapping[str, str],
) -> Call:
    """Read an operation; raises FlowDefinitionError for one that cannot be called with JSON."""
    shared = operation.item.get("parameters") or ()
    own = operation.raw.get("parameters") or ()
    raw = {
        (p.get("in"), p.get("name")): p for p in map(document.followed, (*shared, *own))
    }  # an operation's own parameter replaces a shared one
    body, required = _body(document, operation)
    return Call(
        operation=operation,
        fields=_fields(document, list(raw.values()), taken={BODY} if body is not None else set()),
        body=body,
        body_required=required,
        server=server,
        headers=headers,
        query=query,
    )


def read_reply(reply: HttpReply) -> Json:
    """What a model is told; raises ToolError for an error's status."""
    text = reply.body.decode("utf-8", "replace")
    if 200 <= reply.status < 300:
        if "json" not in reply.content_type:
            return text if text else f"Done (HTTP {reply.status})."
        try:
            return loads(text) if text else f"Done (HTTP {reply.status})."
        except ValueError:
            return text
    short = text if len(text) <= _COMPLAINT else text[:_COMPLAINT] + "…"
    if 300 <= reply.status < 400:
        raise ToolError(f"HTTP {reply.status}: it redirects elsewhere, which is not followed.")
    raise ToolError(f"HTTP {reply.status}: {short or 'without a word'}")


def _fields(document: Document, raw: Sequence[JsonObject], *, taken: set[str]) -> tuple[Field, ...]:
    found = []
    for parameter in raw:
        name, place = str(parameter.get("name")), str(parameter.get("in"))
        if place not in _PLACES or (place == "header" and name.lower() in _FORBIDDEN):
            continue  # cookies and authorization are the connection's, not the model's
        schema = document.expanded(parameter.get("schema") or _of_content(parameter) or {})
        if parameter.get("description"):
            schema = {**schema, "description": str(parameter["description"])}
        argument = name if name not in taken else f"{name}_in_{place}"
        taken.add(argument)
        found.append(
            Field(
                argument=argument,
                name=name,
                place=place,
                required=place == "path" or bool(parameter.get("required")),
                schema=schema,
                explode=bool(parameter.get("explode", parameter.get("style") in (None, "form"))),
                style=parameter.get("style"),
            )
        )
    return tuple(found)


def _of_content(parameter: JsonObject) -> Any:
    content: dict[str, Any] = parameter.get("content") or {}
    first = next(iter(content.values()), None)
    return first.get("schema") if isinstance(first, dict) else None


def _body(document: Document, operation: Operation) -> tuple[JsonObject | None, bool]:
    raw = document.followed(operation.raw.get("requestBody"))
    content = raw.get("content") or {}
    if not content:
        return None, False
    kind = next((k for k in content if "json" in k or k == "*/*"), None)
    if kind is None:
        if raw.get("required"):
            raise FlowDefinitionError(
                f"The operation '{operation.name}' of {document.source} wants a body of the type "
                f"{next(iter(content))}, and only JSON can be sent.",
                hint="Leave it out of allow.",
            )
        return None, False
    return document.expanded(content[kind].get("schema") or {}), bool(raw.get("required"))


def _segment(spec: Field, value: Json) -> str:
    text = ",".join(map(_text, value)) if isinstance(value, list) else _text(value)
    if text in ("", ".", ".."):
        raise ToolError(f"'{text}' cannot stand in a path ({spec.argument}).")
    return _quoted(text)


def _pairs(spec: Field, value: Json) -> list[str]:
    name = _quoted(spec.name)
    if isinstance(value, dict):
        if spec.style == "deepObject":
            return [f"{name}%5B{_quoted(k)}%5D={_quoted(_text(v))}" for k, v in value.items()]
        return [f"{_quoted(k)}={_quoted(_text(v))}" for k, v in value.items()]
    if not isinstance(value, list):
        return [f"{name}={_quoted(_text(value))}"]
    if spec.explode:
        return [f"{name}={_quoted(_text(item))}" for item in value]
    between = _SPACES.get(spec.style or "", ",")
    return [f"{name}={between.join(_quoted(_text(item)) for item in value)}"]


def _header(spec: Field, value: Json) -> str:
    text = ",".join(map(_text, value)) if isinstance(value, list) else _text(value)
    if _CONTROL.search(text):
        raise ToolError(f"The header '{spec.name}' cannot hold control characters.")
    return text


def _text(value: Json) -> str:
    return value if isinstance(value, str) else dumps(value)


def _quoted(text: str) -> str:
    return quote(text, safe="")
