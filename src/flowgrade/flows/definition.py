"""What a flow is made of, as its definition says it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flowgrade.errors import Place
from flowgrade.flows.references import Binding
from flowgrade.records import JsonObject, Record, field

if TYPE_CHECKING:
    from flowgrade.flows.conditions import Condition
    from flowgrade.models import Connection


class _Absent:
    """The mark of an input without a default; null is a default like any other."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()


class InputSpec(Record):
    """A named, typed input of a flow."""

    name: str
    type: str = "object"
    default: object = ABSENT
    description: str = ""
    is_chat_input: bool = False
    is_chat_history: bool = False

    @property
    def required(self) -> bool:
        """Whether a caller must give it."""
        return self.default is ABSENT


class OutputSpec(Record):
    """A named output of a flow and where its value comes from."""

    name: str
    type: str = "object"
    binding: Binding
    is_chat_output: bool = False
    evaluation_only: bool = False
    place: Place | None = None


class ActivateSpec(Record):
    """A node runs when ``when`` equals ``value``."""

    when: Binding
    value: object


class NodeSpec(Record):
    """One node of a flow."""

    name: str
    type: str
    """Name of the node type: ``llm``, ``prompt``, ``python`` or a plugin's."""
    source_type: str = "code"
    """``code`` or ``package``."""
    path: str | None = None
    """File of the code or template, relative to the flow's folder."""
    tool: str | None = None
    """Package tool: ``package.module.function``."""
    inputs: Mapping[str, Binding] = field(default_factory=dict)
    connection: str | Connection | None = None
    """Of an llm node: a connection's name, or the connection itself."""
    api: str | None = None
    aggregation: bool = False
    activate: ActivateSpec | None = None
    when: Condition | None = None
    """The node runs when this holds; one of Flowgrade's extensions."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The other fields of the node, for types that have fields of their own."""
    place: Place | None = None
    places: Mapping[str, Place] = field(default_factory=dict)
    """Where its fields stand."""

    def bindings(self) -> tuple[Binding, ...]:
        """Everything the node waits for or reads, each alternative too."""
        return tuple(binding for binding, _ in self.placed_bindings())

    def placed_bindings(self) -> tuple[tuple[Binding, Place | None], ...]:
        """The same, each with where it stands."""
        own = tuple(
            (one, self.place_of(f"inputs.{name}"))
            for name, binding in self.inputs.items()
            for one in binding.each()
        )
        if self.activate is not None:
            return (*own, (self.activate.when, self.place_of("activate")))
        rest = () if self.when is None else self.when.bindings
        return (*own, *((one, self.place_of("when")) for one in rest))

    def place_of(self, field: str) -> Place | None:
        """Where the field stands, else the node."""
        return self.places.get(field, self.place)

    def upstream(self) -> tuple[str, ...]:
        """Names of the nodes it refers to, each once."""
        return tuple(dict.fromkeys(b.node for b in self.bindings() if b.node is not None))


class FlowSpec(Record):
    """A whole flow of nodes, variants resolved, checked and in an order that can run."""

    name: str
    folder: Path
    file: Path
    inputs: tuple[InputSpec, ...]
    outputs: tuple[OutputSpec, ...]
    nodes: tuple[NodeSpec, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Environment variables that the flow sets."""
    includes: tuple[str, ...] = ()
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the variants of each node that has some."""
    extra: JsonObject = field(default_factory=dict)
    """What the file says beyond that: description, tags and the like."""
