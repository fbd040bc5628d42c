"""Connections as people and scripts see them: where each value is from, never a secret."""

from __future__ import annotations

from typing import Any

from flowgrade.app import App
from flowgrade.errors import FlowgradeError
from flowgrade.models import Connection, key_origin
from flowgrade.records import as_dict
from flowgrade.settings import HIDDEN, is_secret_name


def summary(app: App, name: str) -> dict[str, Any]:
    """One connection in a list; ``problem`` says why it cannot be opened."""
    connections = app.models.connections
    source, *also = connections.sources(name)
    try:
        found = app.models.connection(name)
    except FlowgradeError as error:
        kind = connections.stored[name].kind if name in connections.stored else None
        return {
            "name": name,
            "kind": kind,
            "source": source,
            "also": also,
            "set": connections.is_set(name),
            "base_url": None,
            "key_from": None,
            "secrets": {},
            "problem": error.message,
        }
    return {
        "name": name,
        "kind": found.kind,
        "source": source,
        "also": also,
        "set": connections.is_set(name),
        "base_url": found.public_url,
        "key_from": key_origin(found, app.settings),
        "secrets": {key: "set" if value else "not set" for key, value in found.secrets.items()},
        "problem": _problem(found),
    }


def connection_row(found: dict[str, Any]) -> tuple[str, ...]:
    """A summary as a line of the table."""
    also = f" (also {', '.join(found['also'])})" if found["also"] else ""
    secrets = f"{', '.join(found['secrets'])} ({found['source']})" if found["secrets"] else "none"
    key = found["problem"] or found["key_from"] or secrets
    return (
        found["name"],
        found["kind"] or "-",
        f"{found['source']}{also}",
        found["base_url"] or "-",
        key,
    )


def details(app: App, name: str) -> dict[str, Any]:
    """Every value of a connection, for secrets only whether they are set."""
    found = app.models.connection(name)  # first: an unknown name gets its message
    shown = summary(app, name) if name in app.models.connections else {"name": name}
    return {
        **shown,
        "auth_mode": found.auth_mode,
        "api_version": found.api_version,
        "organization": found.organization,
        "headers": dict.fromkeys(found.headers, HIDDEN),
        "parameters": dict(found.parameters),
        "timeouts": as_dict(found.timeouts),
        "configs": {
            key: HIDDEN if is_secret_name(key) else value for key, value in found.configs.items()
        },
    }


def _problem(found: Connection) -> str | None:
    if not found.unset:
        return None
    return f"without a value: {', '.join(found.unset)}"
