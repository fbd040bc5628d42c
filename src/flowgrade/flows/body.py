"""What stands behind a flow, whichever of the four ways it was written in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from flowgrade.flows.definition import InputSpec
from flowgrade.flows.streams import Emit
from flowgrade.records import Failure, JsonObject, Record, field

Values = dict[str, Any]


class Yield(NamedTuple):
    """What one call gave."""

    outputs: Values
    kept: Values
    """Values that the aggregation will read, by the text of the reference."""


class RowResult(NamedTuple):
    """A completed row as the aggregation sees it."""

    inputs: Values
    outputs: Values
    kept: Values


class Aggregate(Record):
    """What the aggregation of a run gave."""

    metrics: dict[str, float] = field(default_factory=dict)
    outputs: JsonObject = field(default_factory=dict)
    """Outputs of aggregation nodes by name."""
    failures: tuple[Failure, ...] = ()


class Body(Protocol):
    """Does the work of a flow once its inputs are checked."""

    inputs: tuple[InputSpec, ...]
    outputs: tuple[str, ...]
    """Names of the outputs; empty when they are known only once it ran."""
    takes_more: bool
    """Whether inputs beyond the declared ones are handed on."""
    threaded: bool
    """Whether ``call`` may be used: no step awaits and none can run beside another."""
    aggregates: bool
    model_nodes: tuple[str, ...] | None
    """Names of the steps that ask a model for each row; None where only running shows it."""
    streamed: str | None
    """The output that can come piece by piece."""
    chat_output: str | None
    """The output that the definition marks as the answer in a chat."""

    def prepare(self) -> None:
        """Find out what would fail every row; raises FlowgradeError."""
        ...

    def call(self, inputs: Values) -> Yield:
        """Do the work in this thread."""
        ...

    async def acall(self, inputs: Values, emit: Emit | None = None) -> Yield:
        """Do the work; pieces of the streamed output go to ``emit`` as they come."""
        ...

    async def acall_node(self, name: str, given: Values) -> Yield:
        """Run one part of it alone; raises FlowInputError when it has no such part."""
        ...

    async def aggregate(self, rows: Iterable[RowResult]) -> Aggregate:
        """Do what comes once after all rows."""
        ...


def undeclared(inputs: Mapping[str, object], body: Body) -> list[str]:
    """Given inputs that the flow does not declare."""
    declared = {spec.name for spec in body.inputs}
    return [name for name in inputs if name not in declared]
