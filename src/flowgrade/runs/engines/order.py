"""Order: what a worker in another process is told before its first row."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowgrade.errors import InputError, UsageError
from flowgrade.flows import Flow, is_somebody_asked
from flowgrade.records import JsonObject, Record, as_dict
from flowgrade.runs.engines.engine import Origin, Plan


class Order(Record, hide=("environment", "variables")):
    """The flow to open, and this worker's part of the plan. Secrets stand in it."""

    opener: str
    project: str
    environment: Mapping[str, str]
    variables: Mapping[str, str]
    source: str
    """What to load to get the flow."""
    ref: str
    """What must have been loaded then."""
    variant: str | None
    init: JsonObject
    overrides: JsonObject
    base: str | None
    """Where relative paths of images in inputs count from."""
    index: int
    """Which of the workers this is, from 0."""
    workers: int
    """How many there are."""
    concurrency: int
    """Rows under way at once, at most, in this worker."""
    timeout: float | None
    path: tuple[str, ...] = ()
    """Folders in which Python modules are looked for."""

    def as_json(self) -> JsonObject:
        """The order as it goes to the worker."""
        return as_dict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Order:
        """The order that ``as_json`` gave."""
        return cls(**{**values, "path": tuple(values["path"])})


def order_for(plan: Plan, index: int, workers: int) -> Order:
    """The order of worker ``index`` of so many; the concurrency is divided among them."""
    origin = origin_of(plan)
    flow = plan.flow
    share, rest = divmod(plan.concurrency, workers)
    return Order(
        opener=origin.opener,
        project=origin.project,
        environment=dict(origin.environment),
        variables=dict(origin.variables),
        source=flow.source,
        ref=str(flow.ref),
        variant=flow.variant,
        init=dict(flow.init),
        overrides=dict(flow.overrides),
        base=str(flow.base) if flow.base else None,
        index=index,
        workers=workers,
        concurrency=share + (index < rest),
        timeout=plan.timeout,
        path=tuple(sys.path),
    )


def origin_of(plan: Plan) -> Origin:
    """Where workers get the flow from; raises UsageError where that was not said."""
    if plan.origin is None:
        raise UsageError(
            "Only an App can start worker processes.",
            hint="Run the flow with flowgrade.run(…) or App.arun(…).",
        )
    return plan.origin


def check_loadable(flow: Flow) -> None:
    """Raise InputError for a flow that another process cannot load or could not agree for."""
    if is_somebody_asked():
        raise InputError(
            "Who agrees to calls of tools (--approve) is here, and workers cannot ask.",
            hint="Use the engine 'local', or name the tools under approve in the agent.",
        )
    if flow.kind != "function":
        return
    place, _, name = flow.source.rpartition(":")
    file = Path(place)
    if place and file.suffix != ".py":
        return  # an installed module
    if not place or not file.is_file() or name.partition(".")[0] not in _names(file):
        raise InputError(
            f"The function '{flow.name}' lives only in this process, so that workers in other "
            "processes cannot load it.",
            hint="Define it at the top of a module, or use the engine 'local'.",
        )


def _names(file: Path) -> set[str]:
    """What the top of a module defines."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.col_offset == 0:
                found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
    return found
