"""Tools to test flows and their models with: the stub model server.

The stub answers OpenAI-compatible and Azure OpenAI calls on this machine, with scripted replies,
latency, tokens, streaming and faults. ``StubServer`` is for async tests, ``running_stub`` for
sync ones, ``serve_stub`` runs it as a process of its own. Names load at first use, so that
importing this room does not import aiohttp.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowgrade.testing.stub.journal import RecordedRequest, StubStats
    from flowgrade.testing.stub.reading import parse_script, read_script, script_from_options
    from flowgrade.testing.stub.running import running_stub, stub_fixture
    from flowgrade.testing.stub.script import StubReply, StubScript, StubToolCall
    from flowgrade.testing.stub.script_error import StubScriptError
    from flowgrade.testing.stub.server import StubServer
    from flowgrade.testing.stub.serving import serve_stub

__all__ = [
    "RecordedRequest",
    "StubReply",
    "StubScript",
    "StubScriptError",
    "StubServer",
    "StubStats",
    "StubToolCall",
    "parse_script",
    "read_script",
    "running_stub",
    "script_from_options",
    "serve_stub",
    "stub_fixture",
]

_MODULES = {
    "RecordedRequest": "journal",
    "StubReply": "script",
    "StubScript": "script",
    "StubScriptError": "script_error",
    "StubServer": "server",
    "StubStats": "journal",
    "StubToolCall": "script",
    "parse_script": "reading",
    "read_script": "reading",
    "running_stub": "running",
    "script_from_options": "reading",
    "serve_stub": "serving",
    "stub_fixture": "running",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"flowgrade.testing.stub.{_MODULES[name]}"), name)
