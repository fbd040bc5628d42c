"""Which nodes of a flow do not run in a row, and what is read in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from typing import TYPE_CHECKING, Any, Final

from flowgrade.errors import ConditionError, NodeError
from flowgrade.flows.body import Values
from flowgrade.flows.definition import ActivateSpec, NodeSpec
from flowgrade.flows.references import Binding, walk

if TYPE_CHECKING:
    from flowgrade.flows.conditions import Condition

Rule = Callable[[Values, Values], bool]
"""Given the flow's inputs and the values of nodes so far: whether the node is bypassed."""


class _Bypassed:
    def __repr__(self) -> str:
        return "BYPASSED"


BYPASSED: Final = _Bypassed()


def bypass_rules(nodes: Iterable[NodeSpec]) -> dict[str, Rule]:
    """The rule of each node that may be bypassed; none where no node has a condition.

    Nodes outside ``nodes`` do not count: what an aggregation reads of row nodes is always there.
    """
    nodes = tuple(nodes)
    if not any(node.activate or node.when for node in nodes):
        return {}
    names = {node.name for node in nodes}
    found = {node.name: _rule(node, names) for node in nodes}
    return {name: rule for name, rule in found.items() if rule is not None}


def value_of(binding: Binding, inputs: Values, values: Values) -> Any:
    """What ``binding`` stands for in this row; null for a node that was bypassed."""
    if binding.input is not None:
        return inputs.get(binding.input)
    if binding.node is None:
        return binding.literal
    found = values[binding.node]
    if found is BYPASSED:
        other = next((b for b in binding.others if not _gone(b, values)), None)
        return None if other is None else value_of(other, inputs, values)
    return walk(found, binding.path, binding.text) if binding.path else found


def is_gone(binding: Binding, values: Values) -> bool:
    """Whether every node that ``binding`` could take its value from was bypassed."""
    return all(_gone(one, values) for one in binding.each())


def _gone(binding: Binding, values: Values) -> bool:
    return binding.node is not None and values[binding.node] is BYPASSED


def _rule(node: NodeSpec, names: Set[str]) -> Rule | None:
    if node.activate is not None:
        return _activation(node.activate)
    if node.when is not None:
        return _condition(node.when, node.name)
    upstream = [name for name in node.upstream() if name in names]
    if not upstream or any(b.others and b.others[-1].input for b in node.inputs.values()):
        return None
    return lambda _, values: all(values[name] is BYPASSED for name in upstream)


def _activation(activate: ActivateSpec) -> Rule:
    def rule(inputs: Values, values: Values) -> bool:
        if _gone(activate.when, values):
            return True
        return bool(value_of(activate.when, inputs, values) != activate.value)

    return rule


def _condition(condition: Condition, node: str) -> Rule:
    upstream = {b.node for b in condition.bindings if b.node is not None}

    def rule(inputs: Values, values: Values) -> bool:
        if upstream and all(values[name] is BYPASSED for name in upstream):
            return True
        try:
            return not condition.holds(lambda binding: value_of(binding, inputs, values))
        except ConditionError as error:
            raise NodeError(node, error) from error

    return rule
