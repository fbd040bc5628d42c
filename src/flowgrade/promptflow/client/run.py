"""Run: what prompt flow's client calls a run, before and after it was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from flowgrade.errors import InputError
from flowgrade.records import JsonObject, Ref
from flowgrade.runs import Run as OwnRun
from flowgrade.runs import RunStatus

STATUS = {
    RunStatus.RUNNING: "Running",
    RunStatus.COMPLETED: "Completed",
    RunStatus.FAILED: "Failed",
    RunStatus.CANCELLED: "Canceled",
    RunStatus.INTERRUPTED: "NotResponding",
}
"""Prompt flow's words for where a run stands."""


@dataclass
class Run:
    """A run to make, or one that was made."""

    flow: Any = None
    name: str | None = None
    data: Any = None
    run: Any = None
    column_mapping: dict[str, Any] | None = None
    variant: str | None = None
    display_name: str | None = None
    description: str | None = None
    tags: dict[str, str] | None = None
    connections: dict[str, dict[str, str]] | None = None
    environment_variables: dict[str, str] | None = None
    init: dict[str, Any] | None = None
    resume_from: Any = None
    code: str | Path | None = None
    status: str = "NotStarted"
    created_on: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    ignored: tuple[str, ...] = ()
    """What the YAML says that means nothing here."""

    @classmethod
    def of(cls, run: OwnRun) -> Run:
        """The run in prompt flow's words."""
        definition = run.definition
        return cls(
            flow=definition.flow,
            name=run.name,
            data=definition.data or None,
            run=definition.run,
            column_mapping=definition.mapping,
            variant=definition.variant,
            display_name=run.about.display_name or run.name,
            description=run.about.description,
            tags=dict(run.about.tags) or None,
            status=STATUS[run.status],
            created_on=datetime.fromtimestamp(run.created_ns / 1e9, UTC).isoformat(),
            properties=_properties(run),
            error=_error(run),
        )

    def as_json(self) -> JsonObject:
        """The run as ``pf run show`` prints it."""
        found = {
            "name": self.name,
            "created_on": self.created_on,
            "status": self.status,
            "display_name": self.display_name,
            "description": self.description,
            "tags": self.tags,
            "properties": self.properties,
            "flow_name": self.properties.get("flow_name"),
            "data": self.data,
            "run": self.run,
            "variant": self.variant,
            "error": self.error,
        }
        optional = ("data", "run", "variant", "error")
        return {k: v for k, v in found.items() if v is not None or k not in optional}


def name_of(run: Any) -> str:
    """The name of a run, given as a name or as a ``Run``."""
    name = run if isinstance(run, str) else getattr(run, "name", None)
    if not isinstance(name, str):
        raise InputError("The run has no name.", hint="Give its name, or a run that was made.")
    return name


def set_fields(target: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Set ``a.b`` to a value; raises InputError for a field that a run does not have."""
    known = {one.name for one in fields(Run)}
    for path, value in given.items():
        first, *rest = path.split(".")
        if first not in known:
            near = get_close_matches(first, known, n=1)
            raise InputError(
                f"A run has no field '{first}'.",
                hint=f"Did you mean '{near[0]}'?" if near else "Try display_name or tags.KEY.",
            )
        if not rest:
            target[first] = value
            continue
        inner = target[first] = dict(target.get(first) or {})
        for part in rest[:-1]:
            inner[part] = dict(inner.get(part) or {})
            inner = inner[part]
        inner[rest[-1]] = value


def _properties(run: OwnRun) -> dict[str, Any]:
    return {
        "flow_name": Ref.parse(run.flow).name,
        "flow_path": run.definition.flow,
        "column_mapping": run.definition.mapping,
        "system_metrics": {
            "total_tokens": run.tokens or 0,
            "prompt_tokens": run.input_tokens or 0,
            "completion_tokens": run.output_tokens or 0,
            "duration": round(run.seconds, 6),
            "__pf__.lines.completed": run.completed,
            "__pf__.lines.failed": run.failed,
        },
    }


def _error(run: OwnRun) -> dict[str, Any] | None:
    if run.error is not None:
        return {"message": run.error.message, "code": run.error.type}
    if run.failed:
        total = run.rows or run.completed + run.failed
        return {"message": f"Failed to run {run.failed}/{total} lines.", "code": "UserError"}
    return None
