"""Tools of MCP servers: started by a command, or reached over streamable HTTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flowgrade.errors import FlowDefinitionError, Place, ToolError
from flowgrade.flows.agents.mcp_content import read_result
from flowgrade.flows.agents.mcp_server_spec import ServerSpec, check_server, resolved
from flowgrade.flows.agents.mcp_session import McpSession, check_installed, session_with
from flowgrade.flows.agents.spec import SourceSpec
from flowgrade.flows.agents.tool import AgentTool, ToolContext, ToolSet, chosen
from flowgrade.flows.step import Workshop
from flowgrade.models import Models
from flowgrade.records import Json, JsonObject, Record, field

if TYPE_CHECKING:
    from mcp import Client

_OTHER = re.compile(r"[^a-zA-Z0-9_-]")
_SECONDS = 30.0  # that listing the tools may take
_PAGES = 100  # of a server's list of tools, at most


class McpTools(Record, dict=True, hide=("env", "headers")):
    """The tools of one MCP server. Give either ``command`` or ``url``.

    The session is shared by all agents of an event loop that name the same server; it ends with
    the loop. Values of ``env``, ``headers`` and ``url`` may be ``${env:NAME}`` or
    ``${connection.key}``.
    """

    command: Sequence[str] = ()
    """Program and arguments of a server that speaks over standard input and output."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of the command. Of this process's it has only ``PATH``, ``HOME`` and
    the like."""
    cwd: str | None = None
    url: str | None = None
    """Address of a server that speaks streamable HTTP."""
    headers: Mapping[str, str] = field(default_factory=dict)
    allow: Sequence[str] | None = None
    """Names of the tools that may be used; all of them if None."""
    confirm: Sequence[str] | bool = False
    """Tools that need a person's agreement; true: all."""
    timeout: float | None = None
    """Seconds that one call may take; the agent's limit if None."""
    prefix: str = ""
    """Stands before the names of the tools, to tell those of two servers apart."""

    def __post_init__(self) -> None:
        if isinstance(self.command, str):
            raise FlowDefinitionError(
                "The command of an MCP server is a text.",
                hint="Give it as a list: [python, server.py].",
            )
        check_server(self.command, self.url)

    def check(self, models: Models) -> None:
        """Raise when the library is missing or a value that the server needs is not set."""
        check_installed()
        self.server(models)

    async def tools(self, context: ToolContext) -> Sequence[AgentTool]:
        """The server's tools, asked for once in a session, and again when they changed."""
        spec = self.server(context.models)
        session = session_with(spec)
        memo = await session.memo()
        allow = None if self.allow is None else tuple(self.allow)
        confirm = self.confirm if isinstance(self.confirm, bool) else tuple(self.confirm)
        key = (allow, confirm, self.timeout, self.prefix)  # equal servers share a session
        tools: list[AgentTool] | None = memo.get(key)
        if tools is None:
            listed = await _within_time(session.call(_list), spec)
            tools = memo[key] = chosen(
                [self._tool(session, tool) for tool in listed],
                allow=self.allow,
                confirm=self.confirm,
                timeout=self.timeout,
                origin=f"The MCP server {spec.label}",
            )
        return tools

    def server(self, models: Models) -> ServerSpec:
        """The server, with the values that it needs filled in."""
        [(_, url)] = resolved({"url": self.url or ""}, models)
        env, headers = resolved(self.env, models), resolved(self.headers, models)
        looked_up = [value for name, value in env if "${" in self.env[name]]
        return ServerSpec(
            command=tuple(map(str, self.command)),
            env=env,
            cwd=self.cwd,
            url=url or None,
            headers=headers,
            secrets=(*looked_up, *(value for _, value in headers)),
        )

    def _tool(self, session: McpSession, listed: Any) -> AgentTool:
        name = listed.name

        async def call(arguments: JsonObject) -> Any:
            result = await session.call(lambda client: client.call_tool(name, arguments))
            return read_result(result, secrets=session.secrets)

        return AgentTool(
            name=self.prefix + _OTHER.sub("_", name)[: 64 - len(self.prefix)],
            description=listed.description or listed.title or "",
            parameters=dict(listed.input_schema),
            call=call,
            origin="mcp",
        )


class McpSource:
    """Opens ``{mcp: {command: […]}}`` or ``{mcp: {url: …}}``."""

    def open(self, definition: Json, workshop: Workshop, place: Place | None) -> ToolSet:
        """Read how the server is reached, without reaching for it."""
        known = ("command", "env", "cwd", "url", "headers", "prefix")
        spec = SourceSpec.read("mcp", definition, place, known=known)
        try:
            return McpTools(
                command=spec.texts("command") or (),
                env=spec.mapping("env"),
                cwd=str(workshop.folder / (spec.text("cwd") or ".")),
                url=spec.text("url"),
                headers=spec.mapping("headers"),
                allow=spec.texts("allow"),
                confirm=spec.confirm,
                timeout=spec.timeout,
                prefix=spec.text("prefix") or "",
            )
        except FlowDefinitionError as error:
            error.place = error.place or place
            raise


SOURCE = McpSource()


async def _within_time(work: Awaitable[list[Any]], spec: ServerSpec) -> list[Any]:
    limit = asyncio.timeout(_SECONDS)
    try:
        async with limit:
            return await work
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise ToolError(
            f"The MCP server {spec.label} did not list its tools within {_SECONDS:g} s.",
            hint="Look at its log; end it if it hangs.",
        ) from error


async def _list(client: Client) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    for _ in range(_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if not cursor:
            break
    return found
