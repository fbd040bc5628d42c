"""Run: one flow over one dataset."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from flowgrade.errors import InputError
from flowgrade.records import Failure, JsonObject, Record, field

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


class RunStatus(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    """Every row was tried; some may have failed."""
    FAILED = "failed"
    """The run itself could not go on."""
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """It was running and its process is gone; it can be resumed."""


class RunAbout(Record):
    """What people say about a run; it may change at any time."""

    display_name: str | None = None
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


class RunDefinition(Record):
    """What a run needs to start, and later to go on."""

    flow: str
    """The flow's source as an absolute path, or ``module:name``."""
    data: str
    """The data file as an absolute path; "" for rows that came from memory."""
    run: str | None = None
    """The earlier run whose rows stand beside the data, or in its place."""
    mapping: JsonObject | None = None
    variant: str | None = None
    overrides: JsonObject = field(default_factory=dict)
    """Values in place of parts of nodes, such as another connection."""
    init: JsonObject = field(default_factory=dict)
    environment: dict[str, str | None] = field(default_factory=dict)
    """Variables set for the run; None where the value is a secret and was not stored."""
    limit: int | None = None
    concurrency: int = 64
    timeout: float | None = None
    """Seconds that one row may take."""
    stop_on_error: bool = False
    engine: str = "local"
    """Where the rows are done: an entry point of ``flowgrade.engines``."""
    workers: int | None = None
    """How many workers the engine was asked to start; None leaves it to the engine."""
    engine_state: JsonObject = field(default_factory=dict)
    """What the engine keeps to go on by."""
    project_environment: str | None = None
    """The environment of ``flowgrade.yaml`` that was chosen for the run."""
    earlier_flows: tuple[str, ...] = ()
    """Refs of the flow in whose versions earlier parts of the run were done."""


class Run(Record):
    """One flow over one dataset, as it stands now."""

    name: str
    flow: str
    """Ref of the flow."""
    dataset: str
    """Ref of the dataset."""
    status: RunStatus
    definition: RunDefinition
    created_ns: int
    ended_ns: int | None = None
    seconds: float = 0.0
    """Time spent executing, over all its parts."""
    rows: int | None = None
    """How many rows the data has; None until that is known."""
    completed: int = 0
    failed: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    known_cost: float | None = None
    """US dollars of the model calls whose price is known; the least that the run cost."""
    unpriced: int = 0
    """Model calls whose cost is not known."""
    metrics: dict[str, Any] = field(default_factory=dict)
    aggregation: JsonObject = field(default_factory=dict)
    error: Failure | None = None
    about: RunAbout = RunAbout()
    archived: bool = False
    """Whether lists leave it out."""

    @property
    def tokens(self) -> int | None:
        """Tokens of all rows; None when no model told any."""
        if self.input_tokens is None and self.output_tokens is None:
            return None
        return (self.input_tokens or 0) + (self.output_tokens or 0)

    @property
    def cost(self) -> float | None:
        """US dollars; None unless the cost of every model call is known."""
        return None if self.unpriced else self.known_cost

    @property
    def good(self) -> bool:
        """Whether it ended with every row completed."""
        return self.status is RunStatus.COMPLETED and not self.failed and self.error is None

    def as_json(self) -> JsonObject:
        """The run as the command line prints it with ``--json``."""
        return {
            "run": self.name,
            "status": self.status,
            "rows": self.rows,
            "completed": self.completed,
            "failed": self.failed,
            "seconds": round(self.seconds, 3),
            "tokens": self.tokens,
            "cost": self.cost,
            "known_cost": self.known_cost,
            "unpriced": self.unpriced,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "flow": self.flow,
            "dataset": self.dataset,
            "variant": self.definition.variant,
            "engine": self.definition.engine,
            "created": _iso(self.created_ns),
            "ended": _iso(self.ended_ns) if self.ended_ns else None,
            "metrics": self.metrics,
            "aggregation": self.aggregation,
            "error": self.error,
            "earlier_run": self.definition.run,
            "display_name": self.about.display_name,
            "description": self.about.description,
            "tags": self.about.tags,
            "archived": self.archived,
        }


class RunRow(Record):
    """One row of a run."""

    row: int
    """Position in the data, from 0."""
    status: str
    """``completed`` or ``failed``."""
    inputs: JsonObject
    outputs: JsonObject | None
    error: Failure | None
    trace_id: str
    start_ns: int
    end_ns: int
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    """US dollars of the model calls whose price is known."""
    unpriced: int = 0

    def as_json(self) -> JsonObject:
        """The row as ``runs export`` prints it."""
        return {
            "row": self.row,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "error": self.error,
            "trace_id": self.trace_id,
            "seconds": round((self.end_ns - self.start_ns) / 1e9, 6),
        }


def new_run_name(flow: str, now: datetime | None = None) -> str:
    """A name for a run of ``flow``: its name, the time, and four digits that tell twins apart."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", flow).strip("-._")[:80] or "run"
    when = (now or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S")
    return f"{stem}-{when}-{secrets.token_hex(2)}"


def check_run_name(name: str) -> str:
    """``name`` if a run can have it; raises InputError otherwise."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"'{name}' cannot be a run's name.",
            hint="Use letters, digits, '.', '_' and '-', beginning with a letter or digit.",
        )
    return name


def _iso(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat(timespec="milliseconds")
