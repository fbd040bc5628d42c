"""Everything that keeps a flow from running, as far as it shows without a call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from flowgrade.errors import FlowgradeError, NodeError, Place
from flowgrade.flows.dag import read_dag
from flowgrade.flows.definition import FlowSpec, NodeSpec
from flowgrade.flows.files import find_definition
from flowgrade.flows.guests import flow_code
from flowgrade.flows.includes import with_includes
from flowgrade.flows.load import load_flow, open_workshop
from flowgrade.flows.loading import entered
from flowgrade.flows.step import Workshop
from flowgrade.flows.values import with_values
from flowgrade.flows.yamlfile import read_yaml_file

if TYPE_CHECKING:
    from flowgrade.models import Models
    from flowgrade.retrieval import OpenIndex


def flow_problems(
    source: str | Path, *, models: Models, indexes: OpenIndex | None = None
) -> list[FlowgradeError]:
    """What is wrong with a flow: one problem of its structure, else one of each node.

    ``indexes`` opens what its nodes search.
    """
    try:
        spec = _spec(source)
        if spec is None:
            load_flow(source, models=models, indexes=indexes).body.prepare()
            return []
        with flow_code():
            return list(_of_nodes(with_values(spec, models), models, indexes))
    except FlowgradeError as error:
        return [error]


def code_tools(source: str | Path) -> dict[str, dict[str, str]]:
    """The nodes of a flow whose code is its own: file, type and node, by file."""
    spec = _spec(source)
    return {
        node.path: {"name": node.name, "type": node.type, "source": node.path}
        for node in (spec.nodes if spec else ())
        if node.source_type == "code" and node.path
    }


def _spec(source: str | Path) -> FlowSpec | None:
    """The definition of a flow of nodes; None for a flow of another kind."""
    if ":" in str(source) and not Path(source).exists():
        return None
    file = find_definition(Path(source))
    if file.suffix not in (".yaml", ".yml"):
        return None
    definition = read_yaml_file(file)
    return None if "entry" in definition.data else read_dag(definition)


def _of_nodes(
    spec: FlowSpec, models: Models, indexes: OpenIndex | None
) -> Iterator[FlowgradeError]:
    folder = with_includes(spec.folder, spec.includes, place=Place(str(spec.file)))
    with entered(folder / spec.file.name, copy_of=spec.file):
        workshop = open_workshop(folder, models, indexes=indexes, home=spec.folder)
        for node in spec.nodes:
            problem = _of_node(node, workshop)
            if problem is not None:
                yield problem


def _of_node(node: NodeSpec, workshop: Workshop) -> FlowgradeError | None:
    try:
        step = workshop.compile(node)
        if step.prepare is not None:
            step.prepare()
    except FlowgradeError as error:
        error.place = error.place or node.place
        if f"'{node.name}'" not in error.message:
            error.message = f"Node '{node.name}': {error.message}"
        return error
    except Exception as error:  # noqa: BLE001  the code of a flow may fail in any way when imported
        wrapped = NodeError(node.name, error)
        wrapped.place = node.place
        return wrapped
    return None
