"""A node made ready to run, and the protocol of what makes it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from flowgrade.errors import Place
from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.flow import Flow
from flowgrade.flows.modules import ModuleSpace
from flowgrade.flows.references import Binding
from flowgrade.flows.streams import Emit, ajoin, join
from flowgrade.flows.threads import in_thread
from flowgrade.records import JsonObject, Record, field

if TYPE_CHECKING:
    from flowgrade.models import Models
    from flowgrade.retrieval import OpenIndex

NODE_TYPES = "flowgrade.nodes"
"""Entry-point group of node types."""

Arguments = dict[str, Any]


class Step(Record):
    """A node with its code loaded and its literals read. Exactly one of call, acall is set."""

    node: NodeSpec
    call: Callable[[Arguments], Any] | None = None
    """Does the node's work in the calling thread."""
    acall: Callable[[Arguments], Awaitable[Any]] | None = None
    stream: Callable[[Arguments], AsyncIterator[str]] | None = None
    """Does the node's work and gives its text piece by piece."""
    relay: Callable[[Arguments, Emit], Awaitable[Any]] | None = None
    """Like ``acall``, but the text of ``part`` goes to the second argument as it comes."""
    part: str | None = None
    """The part of the node's output that ``relay`` hands on piece by piece."""
    prepare: Callable[[], None] | None = None
    """Checks before the first row what would fail every row: keys, models."""
    brief: bool = False
    """Whether ``call`` only computes for a moment, so that it needs no thread of its own."""
    literals: Mapping[str, Any] = field(default_factory=dict)
    references: tuple[tuple[str, Binding], ...] = ()
    optional: frozenset[str] = frozenset()
    """Arguments left out when what they refer to was bypassed: the code has a default."""
    types: Mapping[str, str] = field(default_factory=dict)
    """Types of arguments as the code declares them, for texts that a person gives."""
    flows: tuple[Flow, ...] = ()
    """Flows that the step runs; they count for the version of the flow it belongs to."""


class FlowOpener(Protocol):
    """Loads the flow that a node names."""

    def __call__(
        self, path: str, node: NodeSpec, *, variant: str | None = None, init: JsonObject
    ) -> Flow:
        """The flow at ``path``; raises FlowDefinitionError with the place of ``node``."""
        ...


StepMaker = Callable[[NodeSpec], Step]


class Workshop(Record):
    """What a node type has at hand to make a step."""

    folder: Path
    """Where the flow's files are: its own folder, or the copy that has its includes."""
    space: ModuleSpace
    models: Models
    open_flow: FlowOpener
    """Loads another flow, named by a path from this one's folder."""
    compile: StepMaker
    """Makes a step of any type, for nodes that run another node."""
    indexes: OpenIndex | None = None
    """Opens an index by its name; None where no project is open."""


@runtime_checkable
class NodeType(Protocol):
    """Makes steps of one type of node. Plugins: entry-point group ``flowgrade.nodes``."""

    def compile(self, node: NodeSpec, workshop: Workshop) -> Step:
        """Load what ``node`` needs; raises FlowDefinitionError when the definition is wrong."""
        ...


async def do(step: Step, arguments: Arguments) -> Any:
    """Do the work of a step that stands in no flow; a generator's text is joined."""
    if step.acall is not None:
        return await ajoin(await step.acall(arguments))
    assert step.call is not None
    call = step.call
    if step.brief:
        return join(call(arguments))
    return await in_thread(lambda: join(call(arguments)))


def references_of(node: NodeSpec) -> tuple[tuple[str, Binding], ...]:
    """The inputs of a node that are not literals."""
    return tuple((name, b) for name, b in node.inputs.items() if not b.is_literal)


def literals_of(node: NodeSpec) -> dict[str, Any]:
    """The literal inputs of a node; null and "" count as not given, as in prompt flow."""
    return {
        name: b.literal
        for name, b in node.inputs.items()
        if b.is_literal and b.literal is not None and b.literal != ""
    }


def place_of(node: NodeSpec, file: Path | str) -> Place:
    """Where the node is defined, else ``file``."""
    return node.place or Place(str(file))
