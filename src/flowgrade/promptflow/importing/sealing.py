"""Connections whose secrets could be read, for the store of the new project."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from flowgrade.models import promptflow_entry
from flowgrade.promptflow.importing.connection_types import SECRET
from flowgrade.promptflow.importing.report import FoundConnection
from flowgrade.records import JsonObject, replace

Keep = Callable[[Path, str, JsonObject], str | None]
"""Seals a connection, its fields as in connections.yaml, into the store of the project in a folder.

Where a connection of that name is already, nothing is done and the place returned: ``file`` or
``store``."""


def is_open(connection: FoundConnection) -> bool:
    """Whether it has secrets and all of them are known."""
    return bool(connection.secrets) and all(s is not None for s in connection.secrets.values())


def keep_all(
    folder: Path, connections: Iterable[FoundConnection], keep: Keep
) -> tuple[set[str], list[str]]:
    """Keep each of them; returns the names that the store has now, and what there is to say."""
    stored, notes = set(), []
    for one in connections:
        there = keep(folder, one.name, promptflow_entry(_fields(one)))
        if there == "file":
            notes.append(
                f"'{one.name}' stands in connections.yaml, which counts before the store: remove "
                "it there and import again, or use --dotenv."
            )
            continue
        stored.add(one.name)
        notes.append(
            f"The project's store has a connection '{one.name}' already, which stays."
            if there
            else f"The connection '{one.name}' is sealed in the project's store."
        )
    return stored, notes


def without_needs(connection: FoundConnection) -> FoundConnection:
    """The connection of which nothing has to be given any more."""
    return replace(connection, variables={}, needs={})


def _fields(connection: FoundConnection) -> JsonObject:
    secrets = {key: s.reveal() for key, s in connection.secrets.items() if s is not None}
    fields: dict[str, Any] = {"type": connection.type, **connection.fields}
    if connection.configs:
        fields["configs"] = dict(connection.configs)
    if connection.type != "custom" and SECRET in secrets:
        fields[SECRET] = secrets.pop(SECRET)
    return {**fields, "secrets": secrets} if secrets else fields
