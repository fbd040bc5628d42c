"""Tools from an OpenAPI document: the operations that are allowed."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

from flowgrade.errors import FlowDefinitionError, HttpError, InputError, Place, ToolError
from flowgrade.flows.agents.mcp_server_spec import resolved
from flowgrade.flows.agents.openapi_document import (
    Document,
    Operation,
    read_document,
    read_document_file,
)
from flowgrade.flows.agents.openapi_operation import Call, call_of, read_reply
from flowgrade.flows.agents.spec import SourceSpec
from flowgrade.flows.agents.tool import AgentTool, ToolContext, ToolSet, chosen
from flowgrade.flows.step import Workshop
from flowgrade.models import Connection, HttpRequest, Models
from flowgrade.records import Json, JsonObject, Record, field

_SECONDS = 60.0
_MOST = 1_048_576  # bytes of an answer
_MOST_DOCUMENT = 33_554_432  # bytes


class OpenApiTools(Record, dict=True, hide=("headers",)):
    """Operations of an OpenAPI 3 document.

    The model chooses the values of parameters. The host is that of the document, or ``base_url``;
    redirects are not followed. The key comes from ``connection``, placed as the document's
    security scheme says, or from ``headers``.
    """

    document: str
    """File, or address that is read when the first agent begins."""
    allow: Sequence[str]
    """Operations by their ``operationId``, or ``get /path`` where they have none."""
    base_url: str | None = None
    connection: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with every call; values may be ``${env:NAME}`` or ``${connection.key}``."""
    confirm: Sequence[str] | bool = False
    """Operations that need a person's agreement; true: all."""
    timeout: float | None = None
    """Seconds that one call may take; 60 if None."""
    max_bytes: int = _MOST
    """Of one answer; a longer one is an error."""

    def check(self, models: Models) -> None:
        """Read the document if it is a file, and find the operations and the connection."""
        if not self._remote:
            self._calls(self._file, models)

    async def tools(self, context: ToolContext) -> Sequence[AgentTool]:
        """The allowed operations."""
        document = await self._fetched(context.models) if self._remote else self._file
        return chosen(
            [self._tool(call, context.models) for call in self._calls(document, context.models)],
            allow=None,
            confirm=self.confirm,
            timeout=self.timeout,
            origin=f"The OpenAPI document {self.document}",
        )

    @property
    def _remote(self) -> bool:
        return self.document.startswith(("http://", "https://"))

    @cached_property
    def _file(self) -> Document:
        return read_document_file(Path(self.document))

    @cached_property
    def _memo(self) -> dict[str, Any]:
        return {}

    def _calls(self, document: Document, models: Models) -> list[Call]:
        if "calls" not in self._memo:
            known = {operation.name: operation for operation in document.operations()}
            self._memo["calls"] = [
                self._call(document, _find(name, known, document), models) for name in self.allow
            ]
        calls: list[Call] = self._memo["calls"]
        return calls

    def _call(self, document: Document, operation: Operation, models: Models) -> Call:
        connection = models.connection(self.connection) if self.connection else None
        headers: dict[str, str] = dict(resolved(self.headers, models))
        query: dict[str, str] = {}
        if connection is not None:
            headers = {**connection.headers, **headers}
            place, name, value = credentials(document, operation, connection)
            (query if place == "query" else headers).setdefault(name, value)
        server = document.server(self.base_url or (connection.base_url if connection else None))
        return call_of(document, operation, server=server, headers=headers, query=query)

    def _tool(self, call: Call, models: Models) -> AgentTool:
        seconds = self.timeout or _SECONDS

        async def run(arguments: JsonObject) -> Any:
            request = call.request(arguments, seconds=seconds, most=self.max_bytes)
            return read_reply(await models.fetch(request))

        return AgentTool(
            name=call.name,
            description=call.description,
            parameters=call.parameters,
            call=run,
            origin="openapi",
        )

    async def _fetched(self, models: Models) -> Document:
        lock = self._memo.setdefault("lock", asyncio.Lock())
        async with lock:
            if "document" not in self._memo:
                request = HttpRequest(method="GET", url=self.document, most=_MOST_DOCUMENT)
                try:
                    reply = await models.fetch(request)
                except HttpError as error:
                    error.hint = "Check the address of the OpenAPI document."
                    raise
                if reply.status != 200:
                    raise ToolError(
                        f"{request.place} answers with HTTP {reply.status}, not with a document.",
                        hint="Check the address of the OpenAPI document.",
                    )
                text = reply.body.decode("utf-8", "replace")
                self._memo["document"] = read_document(text, self.document)
        document: Document = self._memo["document"]
        return document


class OpenApiSource:
    """Opens ``{openapi: {document: FILE, allow: […]}}``."""

    def open(self, definition: Json, workshop: Workshop, place: Place | None) -> ToolSet:
        """Read what is asked of the document."""
        known = ("document", "base_url", "connection", "headers", "max_bytes")
        spec = SourceSpec.read("openapi", definition, place, known=known)
        document, allow = spec.text("document"), spec.texts("allow")
        if not document or not allow:
            raise FlowDefinitionError(
                f"The tools from 'openapi' have no {'allow' if document else 'document'}.",
                hint="Name the operations that the model may call: allow: [operationId, …]."
                if document
                else "Name the file or address of the OpenAPI document.",
                place=place,
            )
        remote = document.startswith(("http://", "https://"))
        return OpenApiTools(
            document=document if remote else str(workshop.folder / document),
            allow=allow,
            base_url=spec.text("base_url"),
            connection=spec.text("connection"),
            headers=spec.mapping("headers"),
            confirm=spec.confirm,
            timeout=spec.timeout,
            max_bytes=spec.count("max_bytes") or _MOST,
        )


SOURCE = OpenApiSource()


def credentials(
    document: Document, operation: Operation, connection: Connection
) -> tuple[str, str, str]:
    """Where the connection's key goes, ``header`` or ``query``; under which name; and as what."""
    if not connection.api_key:
        raise InputError(
            f"The connection '{connection.name}' has no key for {document.source}.",
            hint=f"Set {connection.key_place}.",
        )
    key = connection.api_key.reveal()
    scheme = _scheme(document, operation)
    if scheme.get("type") == "apiKey":
        place, name = str(scheme.get("in")), str(scheme.get("name"))
        return ("header", "Cookie", f"{name}={key}") if place == "cookie" else (place, name, key)
    if scheme.get("type") == "http" and str(scheme.get("scheme")).lower() == "basic":
        return "header", "Authorization", f"Basic {base64.b64encode(key.encode()).decode()}"
    return "header", "Authorization", f"Bearer {key}"


def _scheme(document: Document, operation: Operation) -> JsonObject:
    """The first security scheme that the operation names; {} when it names none."""
    wanted = operation.raw.get("security", document.raw.get("security")) or []
    schemes = (document.raw.get("components") or {}).get("securitySchemes") or {}
    for alternative in wanted:
        for name in alternative if isinstance(alternative, dict) else ():
            if found := document.followed(schemes.get(name)):
                return found
    return {}


def _find(name: str, known: Mapping[str, Operation], document: Document) -> Operation:
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    few = ", ".join(list(known)[:12]) or "none"
    raise FlowDefinitionError(
        f"The OpenAPI document {document.source} has no operation '{name}'.",
        hint=f"Did you mean '{near[0]}'?" if near else f"It has: {few}.",
    )
