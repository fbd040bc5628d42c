"""What was found in a prompt flow project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flowgrade.errors import Place
from flowgrade.records import Json, JsonObject, Record, field
from flowgrade.settings import Secret


class Decision(Record):
    """Something that a person has to do or decide before a flow runs."""

    kind: str
    """``package``, ``connection``, ``secret``, ``tool``, ``file``, ``feature``, ``definition``."""
    message: str
    hint: str
    place: Place

    def as_json(self) -> JsonObject:
        """The shape of ``--json``."""
        return {
            "kind": self.kind,
            "place": str(self.place),
            "message": self.message,
            "hint": self.hint,
        }


class Use(Record):
    """A place where a connection is named."""

    connection: str
    place: Place


class FoundFlow(Record):
    """A flow, or a run's YAML, and what it still needs."""

    path: Path
    kind: str
    """``dag``, ``flex``, ``prompty`` or ``run``."""
    decisions: tuple[Decision, ...] = ()
    uses: tuple[Use, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether nothing needs a decision."""
        return not self.decisions

    def as_json(self) -> JsonObject:
        """The shape of ``--json``."""
        return {
            "path": str(self.path),
            "kind": self.kind,
            "ready": self.ready,
            "connections": sorted({use.connection for use in self.uses}),
            "decisions": [decision.as_json() for decision in self.decisions],
        }


class FoundConnection(Record, hide=("secrets",)):
    """A connection of prompt flow: everything but its secrets in clear."""

    name: str
    type: str
    """As prompt flow's YAML says it: ``azure_open_ai``, ``custom`` and so on."""
    source: str
    """Where it was found."""
    fields: Mapping[str, Json] = field(default_factory=dict)
    """Values beside ``configs`` and ``secrets``: ``api_base``, ``api_version`` and so on."""
    configs: Mapping[str, Json] = field(default_factory=dict)
    secrets: Mapping[str, Secret | None] = field(default_factory=dict)
    """Each secret; None where it could not be read."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """The environment variable that gives each secret."""
    needs: Mapping[str, str] = field(default_factory=dict)
    """Of these, the secrets that are not there yet."""

    def as_json(self) -> JsonObject:
        """The shape of ``--json``: names of secrets, never values."""
        return {
            "name": self.name,
            "type": self.type,
            "source": self.source,
            "needs": sorted(self.needs.values()),
        }


class Report(Record):
    """What an import found, wrote and left to decide."""

    project: Path
    """The folder of the new project."""
    written: tuple[Path, ...] = ()
    flows: tuple[FoundFlow, ...] = ()
    runs: tuple[FoundFlow, ...] = ()
    connections: tuple[FoundConnection, ...] = ()
    data: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    """What is worth knowing and needs no decision."""

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Everything that needs a decision, each once."""
        found = (d for part in (*self.flows, *self.runs) for d in part.decisions)
        return tuple(dict.fromkeys(found))

    def as_json(self) -> JsonObject:
        """The shape of ``--json``."""
        return {
            "project": str(self.project),
            "written": [str(path) for path in self.written],
            "flows": [flow.as_json() for flow in self.flows],
            "runs": [run.as_json() for run in self.runs],
            "connections": [connection.as_json() for connection in self.connections],
            "data": [str(path) for path in self.data],
            "notes": list(self.notes),
            "decisions": [decision.as_json() for decision in self.decisions],
        }
