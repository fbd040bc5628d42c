"""Bring together the connections that a project's flows name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from flowgrade.errors import Place
from flowgrade.flows import read_yaml_file
from flowgrade.promptflow.importing.connection_types import SECRET, is_placeholder, variable_of
from flowgrade.promptflow.importing.report import Decision, FoundConnection, Use
from flowgrade.records import JsonObject, replace
from flowgrade.settings import Secret

_PLACEHOLDER = re.compile(r"<[^<>]+>")
_OWN = frozenset({"$schema", "name", "type", "module", "configs", "secrets", SECRET})


def read_connection(file: Path) -> FoundConnection | None:
    """The connection that the YAML ``file`` of prompt flow defines; None without a name."""
    data = read_yaml_file(file).data
    name, kind = data.get("name"), data.get("type")
    if not isinstance(name, str) or not isinstance(kind, str):
        return None
    given: dict[str, Any] = dict(_part(data, "secrets"))
    if kind.lower() != "custom":
        given.setdefault(SECRET, data.get(SECRET))
    return FoundConnection(
        name=name,
        type=kind.lower(),
        source=str(file),
        fields={k: v for k, v in data.items() if k not in _OWN and v is not None},
        configs=_part(data, "configs"),
        secrets={k: None if is_placeholder(v) else Secret(str(v)) for k, v in given.items()},
        variables={k: variable_of(name, k, v) for k, v in given.items()},
    )


def choose(
    files: Iterable[FoundConnection], stored: Mapping[str, FoundConnection], used: Collection[str]
) -> tuple[dict[str, FoundConnection], list[str]]:
    """The connection that counts for each name, and what was chosen between.

    The store counts before files, since that is what prompt flow used. Of the store only what the
    project uses is taken; of files that define the same name, the first.
    """
    found = {name: stored[name] for name in sorted(used) if name in stored}
    notes = []
    for connection in files:
        taken = found.setdefault(connection.name, connection)
        if taken is not connection and taken.type != connection.type:
            notes.append(
                f"The connection '{taken.name}' is {taken.type} in {taken.source}, which was "
                f"taken, and {connection.type} in {connection.source}."
            )
    return found, notes


def with_needs(connection: FoundConnection, known: Mapping[str, str]) -> FoundConnection:
    """``connection`` with the variables that have to be given: those that ``known`` lacks."""
    if _needs_no_key(connection):
        return connection
    needs = {k: v for k, v in connection.variables.items() if not known.get(v)}
    return replace(connection, needs=needs)


def decisions_for(
    use: Use, connections: Mapping[str, FoundConnection], known: Collection[str]
) -> list[Decision]:
    """What has to be decided before the connection of ``use`` can be used."""
    if use.connection not in known:
        return [_missing(use, connections)]
    found = connections.get(use.connection)
    if found is None:
        return []
    return [*_placeholders(found), *_secrets(found)]


def _placeholders(found: FoundConnection) -> list[Decision]:
    return [
        Decision(
            kind="connection",
            place=Place(found.source),
            message=f"The connection '{found.name}' has a placeholder for {key}: {value}.",
            hint=f"Write the value into {key} of '{found.name}' in connections.yaml.",
        )
        for key, value in {**found.fields, **found.configs}.items()
        if isinstance(value, str) and _PLACEHOLDER.search(value)
    ]


def _secrets(found: FoundConnection) -> list[Decision]:
    return [
        Decision(
            kind="secret",
            place=Place(found.source),
            message=f"The connection '{found.name}' has no {key} here.",
            hint=f"Set {variable} in the environment or in the project's .env.",
        )
        for key, variable in found.needs.items()
    ]


def _missing(use: Use, connections: Mapping[str, FoundConnection]) -> Decision:
    found = connections.get(use.connection)
    hint = f"Define it: flowgrade connection set {use.connection}"
    if found is not None:
        hint = f"Add it to connections.yaml, which was there already; it is in {found.source}."
    elif connections:
        hint = f"{hint}, or name one of: {', '.join(sorted(connections))}."
    return Decision(
        kind="connection",
        place=use.place,
        message=f"There is no connection '{use.connection}'.",
        hint=hint,
    )


def _needs_no_key(connection: FoundConnection) -> bool:
    return connection.fields.get("auth_mode") not in (None, "key")


def _part(data: Mapping[str, Any], key: str) -> JsonObject:
    found = data.get(key)
    return dict(found) if isinstance(found, Mapping) else {}
