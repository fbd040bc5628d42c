"""``pf connection``: how to reach models and services."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import click

from flowgrade.app import App
from flowgrade.cli.pf.printing import print_json
from flowgrade.cli.show import note
from flowgrade.cli.values import pairs
from flowgrade.errors import InputError, NotFoundError, Place
from flowgrade.promptflow import PFClient, connection_json
from flowgrade.records.yaml import parse_yaml
from flowgrade.settings import read_dotenv

_ASKED = "<user-input>"
_OPEN = ("", "<no-change>", _ASKED)


def create(given: Namespace) -> None:
    """Keep the connection and print it."""
    file = Path(given.file)
    fields = _read(file, given.name)
    if file.suffix != ".env" and not file.name.startswith(".env"):
        _set(fields, pairs(given.set, "--set"))
    _keep(_client(), fields, before=None)


def update(given: Namespace) -> None:
    """Change fields of a connection that was kept, and print it."""
    client = _client()
    before = client.kept(given.name)
    if before is None:
        raise NotFoundError(
            f"No connection '{given.name}' was kept here.",
            hint="Keep it first: flowgrade pf connection create -f FILE",
        )
    fields = {**before}
    _set(fields, pairs(given.set, "--set"))
    _keep(client, fields, before=before)


def show(given: Namespace) -> None:
    """Print one connection."""
    print_json(connection_json(_client().get(given.name)))


def list_(given: Namespace) -> None:
    """Print every connection."""
    limit = None if given.all_results else given.max_results
    print_json([connection_json(one) for one in _client().list(limit)])


def delete(given: Namespace) -> None:
    """Delete the connection, after a question."""
    client = _client()
    if not given.yes:
        click.confirm(f"Delete the connection '{given.name}'?", abort=True, err=True)
    client.delete(given.name)
    note(f"Deleted '{given.name}'.")


def _client() -> Any:
    App().welcome_promptflow()
    return PFClient().connections


def _read(file: Path, name: str | None) -> dict[str, Any]:
    if file.suffix == ".env" or file.name.startswith(".env"):
        if name is None:
            raise InputError("The connection needs a name.", hint="Give it: --name NAME")
        return {"name": name, "type": "custom", "configs": {}, "secrets": read_dotenv(file)}
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from None
    found = parse_yaml(text, file=str(file))
    if not isinstance(found, dict) or "type" not in found:
        raise InputError(
            "This is no connection.",
            hint="Write its name, type and fields.",
            place=Place(str(file)),
        )
    if name is not None:
        found["name"] = name
    if not isinstance(found.get("name"), str):
        raise InputError("The connection has no name.", hint="Give it: --name NAME")
    return found


def _set(fields: dict[str, Any], given: dict[str, str]) -> None:
    for path, value in given.items():
        first, dot, rest = path.partition(".")
        if dot:
            fields[first] = {**(fields.get(first) or {}), rest: value}
        elif fields.get("type") == "custom" and path not in ("name", "type", "module"):
            part = "secrets" if path in (fields.get("secrets") or {}) else "configs"
            fields[part] = {**(fields.get(part) or {}), path: value}
        else:
            fields[path] = value


def _keep(client: Any, fields: dict[str, Any], *, before: dict[str, Any] | None) -> None:
    known = before or {}
    if fields["type"] == "custom":
        old = known.get("secrets") or {}
        secrets = fields.get("secrets") or {}
        fields["secrets"] = {k: _secret(k, v, old.get(k)) for k, v in secrets.items()}
    elif "api_key" in fields:
        fields["api_key"] = _secret("api_key", fields["api_key"], known.get("api_key"))
    print_json(connection_json(client.keep(fields)))


def _secret(name: str, value: Any, before: Any) -> str:
    """The value of a secret: as it is written, else as it was, else what a person types unseen."""
    text = "" if value is None else str(value)
    if text not in _OPEN and text.strip("*"):
        return text
    if before and text != _ASKED:
        return str(before)
    if sys.stdin.isatty():
        return str(click.prompt(name, hide_input=True, err=True))
    raise InputError(
        f"The file says no value for '{name}', and there is no terminal to ask at.",
        hint=f"Write ${{env:NAME}} there and set that variable, or give --set {name}=…",
    )
