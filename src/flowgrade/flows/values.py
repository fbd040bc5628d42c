"""Fill in what a definition takes from the surroundings: ``${env:NAME}``, ``${connection.key}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flowgrade.errors import FlowgradeError, Place
from flowgrade.flows.definition import FlowSpec, NodeSpec
from flowgrade.flows.references import Binding
from flowgrade.records import replace

if TYPE_CHECKING:
    from flowgrade.models import Models


def with_values(spec: FlowSpec, models: Models) -> FlowSpec:
    """``spec`` with the values in inputs and connections of its nodes.

    They may be secret: what is stored of the nodes' inputs does not show them. Raises InputError
    and ConnectionNotFoundError, with the node's place.
    """
    return replace(spec, nodes=tuple(_node(node, models) for node in spec.nodes))


def _node(node: NodeSpec, models: Models) -> NodeSpec:
    filled = {
        name: Binding(literal=_value(binding.literal, models, node.place))
        for name, binding in node.inputs.items()
        if isinstance(binding.literal, str) and "${" in binding.literal
    }
    connection = node.connection
    if isinstance(connection, str):
        connection = _value(connection, models, node.place)
    if not filled and connection == node.connection:
        return node
    inputs: Mapping[str, Binding] = {**node.inputs, **filled}
    return replace(node, inputs=inputs, connection=connection)


def _value(text: str, models: Models, place: Place | None) -> str:
    try:
        return models.resolve(text)
    except FlowgradeError as error:
        error.place = error.place or place
        raise
