"""The built-in sources of tools pass the kit that strangers' sources are tested with."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from flowgrade.flows import TOOL_SOURCES, ToolSource
from flowgrade.plugins import load_plugin, plugins
from flowgrade.testing.tools import ToolSourceConformance

_MCP = '''
from mcp.server import MCPServer

server = MCPServer("doubles", log_level="ERROR")

@server.tool()
def double(number: int) -> int:
    """Double a number."""
    return 2 * number

server.run("stdio")
'''
_OPENAPI = """
openapi: 3.1.0
info: {title: Time, version: "1"}
servers: [{url: "http://127.0.0.1:PORT"}]
paths:
  /time/{zone}:
    get:
      operationId: tell
      description: Tell the time.
      parameters: [{name: zone, in: path, required: true, schema: {type: string}}]
"""


class _BuiltIn(ToolSourceConformance):
    name: str

    def source(self) -> ToolSource:
        return load_plugin(TOOL_SOURCES, self.name, ToolSource)  # type: ignore[type-abstract]


class TestPython(_BuiltIn):
    name = "python"

    def files(self) -> dict[str, str]:
        code = (
            'def double(number: int) -> int:\n    """Double a number."""\n    return 2 * number\n'
        )
        return {"tools.py": code}

    def definition(self) -> Any:
        return "tools.py"

    def call(self) -> tuple[str, dict[str, Any]]:
        return "double", {"number": 21}


@pytest.mark.slow
class TestMcp(_BuiltIn):
    name = "mcp"

    def files(self) -> dict[str, str]:
        return {"server.py": _MCP}

    def definition(self) -> Any:
        return {"command": [sys.executable, "server.py"]}

    def call(self) -> tuple[str, dict[str, Any]]:
        return "double", {"number": 21}


class _Clock(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"time": "12:00"}')

    def log_message(self, *_: Any) -> None:
        pass


class TestOpenapi(_BuiltIn):
    name = "openapi"

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with HTTPServer(("127.0.0.1", 0), _Clock) as server:
            self.port = server.server_port
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield
            server.shutdown()

    def files(self) -> dict[str, str]:
        return {"time.yaml": _OPENAPI.replace("PORT", str(self.port))}

    def definition(self) -> Any:
        return {"document": "time.yaml", "allow": ["tell"]}

    def call(self) -> tuple[str, dict[str, Any]]:
        return "tell", {"zone": "UTC"}


def test_every_built_in_source_is_run_through_the_kit() -> None:
    tested = {kit.name for kit in (TestPython, TestMcp, TestOpenapi)}
    own = {p.name for p in plugins(TOOL_SOURCES) if p.distribution == "flowgrade"}
    assert own == tested
