"""How to reach an MCP server: a command to start, or an address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from flowgrade.errors import FlowDefinitionError, SettingsError
from flowgrade.models import Models
from flowgrade.records import Record, field

_THEN_A_NAME = ("-m", "-y", "-u")
_ENVIRONMENT = re.compile(r"\$\{env:([^}]+)\}")


class ServerSpec(Record, hide=("env", "headers", "secrets")):
    """One MCP server; equal ones share a session. Values are resolved: secrets may stand in it."""

    command: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = field(default=())
    cwd: str | None = None
    url: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=())
    secrets: tuple[str, ...] = field(default=())
    """Values that nothing may show: those of headers, and what came from elsewhere."""

    @property
    def label(self) -> str:
        """What people know it by, without anything that may be secret."""
        if self.url is None:
            first, *more = self.command
            if len(more) > 1 and more[0] in _THEN_A_NAME:
                more = more[1:]
            named = more[:1] if more and not more[0].startswith("-") else []
            return " ".join([Path(first).name, *named])
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def check_server(command: object, url: str | None) -> None:
    """Raise FlowDefinitionError unless exactly one of both is there, and is usable."""
    if bool(command) == bool(url):
        raise FlowDefinitionError(
            "An MCP server has both a command and a url."
            if url
            else "An MCP server has neither a command nor a url.",
            hint="Write command: [python, server.py], or url: http://127.0.0.1:8000/mcp.",
        )
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise FlowDefinitionError(
            f"The MCP server's url '{url}' is no http or https address.",
            hint="Write it in full, such as http://127.0.0.1:8000/mcp.",
        )


def resolved(values: Mapping[str, str], models: Models) -> tuple[tuple[str, str], ...]:
    """The values with ``${env:NAME}`` and ``${connection.key}`` filled in."""
    return tuple(sorted((name, _resolve(value, models)) for name, value in values.items()))


def _resolve(text: str, models: Models) -> str:
    def variable(match: re.Match[str]) -> str:
        found = models.settings.variable(match[1])
        if found is None:
            raise SettingsError(
                f"{match[0]} has no value.", hint=f"Set {match[1]} in the environment or in .env."
            )
        return found

    return models.resolve(_ENVIRONMENT.sub(variable, text))
