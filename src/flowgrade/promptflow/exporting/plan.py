"""What the exported code is made of: each node with its name, level and condition."""

from __future__ import annotations

from collections.abc import Sequence

from flowgrade.flows import FlowSpec, NodeSpec, Workshop
from flowgrade.promptflow.exporting.callee import Callee, callee_of
from flowgrade.promptflow.exporting.naming import Names
from flowgrade.promptflow.exporting.steps import Written, value_of
from flowgrade.promptflow.exporting.writing import literal


def plan(spec: FlowSpec, workshop: Workshop) -> tuple[list[Written], list[Written]]:
    """The steps of each row and those of the aggregation, in an order that can run."""
    names = Names(given.name for given in spec.inputs)
    variables = {node.name: names.take(node.name) for node in spec.nodes}
    read = {name for node in spec.nodes for name in node.upstream()}
    callees = {
        node.name: callee_of(node, workshop, names, read=node.name in read) for node in spec.nodes
    }
    late = [
        Written(node=node, callee=callees[node.name], variable=variables[node.name])
        for node in spec.nodes
        if node.aggregation
    ]
    rows = [node for node in spec.nodes if not node.aggregation]
    return _Rows(rows, callees, variables, names).steps(), late


class _Rows:
    """Works out for each node of a row whether it may not run, and after how many others."""

    def __init__(
        self,
        nodes: Sequence[NodeSpec],
        callees: dict[str, Callee],
        variables: dict[str, str],
        names: Names,
    ) -> None:
        self._nodes, self._callees = nodes, callees
        self._variables, self._names = variables, names
        self._runs: dict[str, str] = {}
        self._levels: dict[str, int] = {}

    def steps(self) -> list[Written]:
        return [self._step(node) for node in self._nodes]

    def _step(self, node: NodeSpec) -> Written:
        level = max((self._levels[name] + 1 for name in node.upstream()), default=0)
        self._levels[node.name] = level
        condition, why = self._condition(node)
        if condition:
            self._runs[node.name] = self._names.take(f"runs_{self._variables[node.name]}")
        return Written(
            node=node,
            callee=self._callees[node.name],
            variable=self._variables[node.name],
            runs=self._runs.get(node.name),
            condition=condition,
            why=why,
            level=level,
        )

    def _condition(self, node: NodeSpec) -> tuple[str, str]:
        upstream = node.upstream()
        if node.activate is not None:
            when = node.activate.when
            left = value_of(when, self._variables, {})
            right = literal(node.activate.value)
            equal = f"{left} is None" if node.activate.value is None else f"{left} == {right}"
            said = f"{_said(when.text)} gives {right}"
            if when.node in self._runs:
                return f"{self._runs[when.node]} and {equal}", f"Runs when {said}."
            return equal, f"Runs when {said}."
        if upstream and all(name in self._runs for name in upstream):
            read = [self._runs[name] for name in upstream]
            said = " or ".join(f"'{name}'" for name in upstream)
            return " or ".join(read), f"Runs when {said} did."
        return "", ""


def _said(reference: str) -> str:
    return reference[2:-1].removesuffix(".output")
