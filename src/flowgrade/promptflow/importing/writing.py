"""Write the project's own files. What is there already stays as it is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from flowgrade.promptflow.importing.connection_types import SECRET
from flowgrade.promptflow.importing.report import FoundConnection
from flowgrade.records import JsonObject, dumps

CONNECTIONS = "connections.yaml"
PROJECT = "flowgrade.yaml"
_PROJECT = """\
# A prompt flow project, run by Flowgrade: the files in {root} stay as they are.
name: {name}
"""
_CONNECTIONS = """\
# Connections of prompt flow. Secrets come from the environment or from .env beside this file.
"""
_SECRETS = """\
# Secrets of the connections in connections.yaml. Never commit this file.
"""


def write_project(
    folder: Path,
    root: Path,
    connections: Iterable[FoundConnection],
    *,
    sealed: Sequence[FoundConnection] = (),
    secrets: bool,
) -> list[Path]:
    """Write ``flowgrade.yaml``, ``connections.yaml`` and, with ``secrets``, ``.env``.

    The ``sealed`` ones of the connections go to the store and not into the files. Returns what was
    written: only files that were not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    everything = list(connections)
    found = [connection for connection in everything if connection not in sealed]
    if sealed:
        _withdraw(folder / CONNECTIONS, _connections(everything))
    where = os.path.relpath(root.resolve(), folder.resolve())
    project = _PROJECT.format(root="this folder" if where == "." else where, name=dumps(root.name))
    files = [(folder / PROJECT, project, False)]
    if found:
        files.append((folder / CONNECTIONS, _connections(found), False))
    if secrets and (text := _secrets(found)):
        files += [(folder / ".env", text, True), (folder / ".gitignore", ".env\n", False)]
    return [file for file, text, private in files if _write(file, text, private=private)]


def _withdraw(file: Path, text: str) -> None:
    """Delete what an import without secrets has written, if nobody has changed it."""
    if file.is_file() and file.read_text(encoding="utf-8") == text:
        file.unlink()


def _write(file: Path, text: str, *, private: bool) -> bool:
    try:
        handle = os.open(
            file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600 if private else 0o666
        )
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        opened.write(text)
    return True


def _connections(found: list[FoundConnection]) -> str:
    import yaml  # noqa: PLC0415  only when a project is written

    documents = [_entry(connection) for connection in found]
    text: str = yaml.safe_dump(documents, sort_keys=False, allow_unicode=True)
    return _CONNECTIONS + text


def _entry(connection: FoundConnection) -> JsonObject:
    entry: dict[str, Any] = {"name": connection.name, "type": connection.type}
    entry |= connection.fields
    given = {key: f"${{env:{name}}}" for key, name in connection.variables.items()}
    if connection.configs:
        entry["configs"] = dict(connection.configs)
    if connection.type != "custom" and SECRET in given:
        entry[SECRET] = given.pop(SECRET)
    return {**entry, "secrets": given} if given else entry


def _secrets(found: list[FoundConnection]) -> str:
    lines = [
        f"{connection.variables[key]}={_quoted(secret.reveal())}\n"
        for connection in found
        for key, secret in connection.secrets.items()
        if secret is not None
    ]
    return _SECRETS + "".join(lines) if lines else ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
