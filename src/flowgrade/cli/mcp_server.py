"""An MCP server whose tools are flows."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from flowgrade.cli.folder import prints_as_messages
from flowgrade.errors import FlowgradeError, InputError, MissingExtraError
from flowgrade.flows import AgentTool, Flow, flow_tool
from flowgrade.records import dumps_any

if TYPE_CHECKING:
    from mcp.server import Server

_HOST = "127.0.0.1"  # without authentication nothing listens beyond this machine
_WAITING = 128  # connections


def flow_server(flows: Sequence[Flow], *, name: str) -> Server[Any]:
    """The server; raises MissingExtraError without the library, InputError for equal names."""
    if find_spec("mcp") is None:
        raise MissingExtraError("mcp", purpose="Serving a flow as an MCP tool")
    from mcp import types  # noqa: PLC0415  1.3 s
    from mcp.server import Server  # noqa: PLC0415

    tools = _tools(flows)
    listed = [
        types.Tool(name=t.name, description=t.description, input_schema=t.parameters)
        for t in tools.values()
    ]

    async def list_tools(context: Any, parameters: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=listed)

    async def call_tool(context: Any, parameters: Any) -> types.CallToolResult:
        text, structured, failed = await _called(tools, parameters.name, parameters.arguments or {})
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=text)],
            structured_content=structured,
            is_error=failed,
        )

    return Server(
        name, version=version("flowgrade"), on_list_tools=list_tools, on_call_tool=call_tool
    )


async def serve_stdio(server: Server[Any]) -> None:
    """Serve one client over standard input and output, until it closes them."""
    from mcp.server.stdio import stdio_server  # noqa: PLC0415  loaded by flow_server

    # What a flow prints must not come between the messages.
    async with stdio_server() as (read, write):
        with prints_as_messages():
            await server.run(read, write, server.create_initialization_options())


async def serve_http(server: Server[Any], port: int, *, ready: Callable[[str], None]) -> None:
    """Serve streamable HTTP on this machine until the process is stopped."""
    import uvicorn  # noqa: PLC0415  it comes with the library

    listening = _listen(port)
    with listening:
        app = server.streamable_http_app(host=_HOST)
        config = uvicorn.Config(app, log_level="warning", access_log=False)
        ready(f"http://{_HOST}:{listening.getsockname()[1]}/mcp")
        with prints_as_messages():
            await uvicorn.Server(config).serve(sockets=[listening])


async def _called(
    tools: dict[str, AgentTool], name: str, arguments: dict[str, Any]
) -> tuple[str, Any, bool]:
    """The text of a call, its outputs as JSON, and whether it failed."""
    tool = tools.get(name)
    if tool is None:
        return f"There is no tool '{name}'. There are: {', '.join(tools)}.", None, True
    if found := tool.validator.complaints(arguments):
        return f"The arguments do not fit: {'; '.join(found)}.", None, True
    try:
        outputs = await tool.call(arguments)
    except FlowgradeError as error:
        return f"{type(error).__name__}: {error}", None, True
    except (Exception, SystemExit) as error:  # noqa: BLE001  a flow may fail in any way
        return f"{type(error).__name__}: {error}", None, True
    only = next(iter(outputs.values())) if len(outputs) == 1 else None
    text = only if isinstance(only, str) else dumps_any(outputs)
    return text, outputs, False


def _tools(flows: Sequence[Flow]) -> dict[str, AgentTool]:
    found: dict[str, AgentTool] = {}
    for flow in flows:
        tool = flow_tool(flow)
        if tool.name in found:
            raise InputError(
                f"Two flows have the name '{tool.name}'.",
                hint="Give one of them another: name: in its definition.",
            )
        found[tool.name] = tool
    return found


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((_HOST, port))
        listening.listen(_WAITING)
    except OSError as error:
        listening.close()
        raise InputError(
            f"Port {port} cannot be listened on: {error.strerror}.",
            hint="Choose another with --port; 0 takes a free one.",
        ) from error
    return listening
