"""What cannot be exported, and why."""

from __future__ import annotations

from typing import NoReturn

from flowgrade.errors import ExportError, Place
from flowgrade.flows import FlowSpec, NodeSpec
from flowgrade.promptflow.exporting.naming import RESERVED, is_name

_NODES = ("python", "prompt", "llm")
_INPUTS = ("int", "double", "bool", "string", "list", "object")


def check(spec: FlowSpec) -> None:
    """Raise ExportError when the flow has something that Python would do otherwise."""
    for given in spec.inputs:
        if given.type not in _INPUTS:
            refuse(
                f"The input '{given.name}' is of the type '{given.type}', which a Python "
                "function's parameter cannot say.",
                Place(str(spec.file)),
            )
        if not is_name(given.name) or given.name in RESERVED:
            refuse(
                f"The input '{given.name}' cannot be the name of a parameter here.",
                Place(str(spec.file)),
            )
    for name, value in spec.environment.items():
        if "${" in value:
            refuse(
                f"The environment variable '{name}' comes from a connection.", Place(str(spec.file))
            )
    for node in spec.nodes:
        _check_node(node)
    for output in spec.outputs:
        if output.binding.others:
            refuse(f"The output '{output.name}' takes the first of several nodes.", output.place)


def _check_node(node: NodeSpec) -> None:
    if node.type not in _NODES:
        refuse(f"The node '{node.name}' is of the type '{node.type}'.", node.place)
    if node.when is not None:
        refuse(f"The node '{node.name}' has a condition 'when'.", node.place)
    if any(binding.others for binding in node.inputs.values()):
        refuse(f"An input of '{node.name}' takes the first of several nodes.", node.place)
    if node.aggregation and node.activate is not None:
        refuse(f"The aggregation node '{node.name}' has an activate rule.", node.place)


def refuse(message: str, place: Place | None) -> NoReturn:
    """Raise ExportError."""
    raise ExportError(
        message, hint="Run the flow as it is, or change that part and export it again.", place=place
    )
