"""Find the parts of a prompt flow project: flows, runs, connections, data."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowgrade.errors import FlowgradeError
from flowgrade.flows import read_yaml_file
from flowgrade.promptflow.importing.connection_types import TYPES

_SKIPPED = frozenset({"node_modules", "venv", "site-packages", "__pycache__"})
_DEFINITIONS = ("flow.dag.", "flow.flex.")
_YAML = (".yaml", ".yml")
_DATA = (".jsonl", ".csv", ".tsv", ".parquet")
_LARGEST = 4_194_304  # bytes; a larger YAML is data


@dataclass(slots=True)
class Tree:
    """The files of a project by what they are."""

    flows: list[tuple[Path, str]] = field(default_factory=list)
    """Definitions with their kind: ``dag``, ``flex`` or ``prompty``."""
    runs: list[Path] = field(default_factory=list)
    connections: list[Path] = field(default_factory=list)
    data: list[Path] = field(default_factory=list)


def scan(root: Path) -> Tree:
    """Look at every file below ``root``, except in hidden folders and environments."""
    found = Tree()
    for file in _files(root):
        suffix = file.suffix.lower()
        if suffix == ".prompty":
            found.flows.append((file, "prompty"))
        elif suffix in _DATA:
            found.data.append(file)
        elif suffix in _YAML:
            _sort_yaml(file, found)
    return found


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in _SKIPPED
            and not Path(folder, name, "pyvenv.cfg").is_file()
        )
        yield from (Path(folder, name) for name in sorted(names))


def _sort_yaml(file: Path, found: Tree) -> None:
    if not file.is_file() or file.stat().st_size > _LARGEST:
        return
    try:
        data = read_yaml_file(file).data
    except FlowgradeError:
        # What it was meant to be shows in its name; the rest may be anybody's.
        if file.name.startswith(_DEFINITIONS):
            found.flows.append((file, "flex" if ".flex." in file.name else "dag"))
        return
    kind = _kind(file, data)
    if kind in ("dag", "flex"):
        found.flows.append((file, kind))
    elif kind == "run":
        found.runs.append(file)
    elif kind == "connection":
        found.connections.append(file)


def _kind(file: Path, data: Mapping[str, Any]) -> str | None:
    schema = str(data.get("$schema") or "")
    if file.name.startswith(_DEFINITIONS) or "/Flow.schema.json" in schema:
        return "flex" if "entry" in data else "dag"
    if schema.endswith("Connection.schema.json") or _is_connection(data):
        return "connection"
    if schema.endswith("Run.schema.json") or ("flow" in data and {"data", "run"} & set(data)):
        return "run"
    if isinstance(data.get("nodes"), list) and "outputs" in data:
        return "dag"
    return "flex" if ":" in str(data.get("entry") or "") and "outputs" in data else None


def _is_connection(data: Mapping[str, Any]) -> bool:
    return str(data.get("type")).lower() in TYPES and isinstance(data.get("name"), str)
