"""Look at the nodes of a flow, those of every variant, without executing them."""

from __future__ import annotations

from collections.abc import Iterator

from flowgrade.errors import Place, PluginError
from flowgrade.flows import (
    NODE_TYPES,
    FlowSpec,
    NodeSpec,
    YamlFile,
    package_tools,
    read_dag,
)
from flowgrade.plugins import plugins
from flowgrade.promptflow.importing.code import Code, Sources, parameter_types
from flowgrade.promptflow.importing.report import Decision, Use

Found = Iterator[Decision | Use]


def look_at_nodes(definition: YamlFile, sources: Sources) -> Found:
    """What the nodes need; raises FlowDefinitionError for a definition that cannot be read."""
    spec = read_dag(definition)
    code = Code(sources)
    types = {plugin.name for plugin in plugins(NODE_TYPES)}
    for node in _all_nodes(definition, spec):
        if node.type not in types:
            yield _unknown_type(node)
            continue
        if node.connection and isinstance(node.connection, str):
            yield _use(node, node.connection, "connection")
        if node.source_type == "package":
            yield from _package_tool(node)
        elif node.path:
            yield from _source(node, node.path, sources, code)


def _all_nodes(definition: YamlFile, spec: FlowSpec) -> Iterator[NodeSpec]:
    yield from spec.nodes
    for name, variants in spec.variants.items():
        for variant in variants:
            other = read_dag(definition, variant=f"${{{name}.{variant}}}")
            yield from (node for node in other.nodes if node.name == name)


def _source(node: NodeSpec, path: str, sources: Sources, code: Code) -> Found:
    file = sources.find(path)
    if file is None:
        yield Decision(
            kind="file",
            place=_place(node, "source"),
            message=f"The source of the node '{node.name}' is not there: {path}.",
            hint="Correct source.path, or add the file to additional_includes.",
        )
    elif file.suffix == ".py":
        yield from code.look(file)
        yield from _connection_inputs(node, parameter_types(file))


def _connection_inputs(node: NodeSpec, types: dict[str, str]) -> Found:
    for name, binding in node.inputs.items():
        kind = types.get(name, "Connection" if name.endswith("connection") else "")
        if isinstance(binding.literal, str) and binding.literal and "Connection" in kind:
            yield _use(node, binding.literal, "inputs")


def _package_tool(node: NodeSpec) -> Found:
    try:
        known = package_tools()
    except PluginError as error:
        yield Decision(
            kind="tool",
            place=_place(node, "source"),
            message=error.message,
            hint=error.hint or "Reinstall the package.",
        )
        return
    offered = known.get(node.tool or "")
    if offered is None:
        yield Decision(
            kind="tool",
            place=_place(node, "source"),
            message=f"No installed package offers the tool '{node.tool}'.",
            hint="Install the package that has it, or write the node in Python.",
        )
        return
    described = offered.description.get("inputs") or {}
    types = {name: str((spec or {}).get("type", "")) for name, spec in described.items()}
    yield from _connection_inputs(node, types)


def _unknown_type(node: NodeSpec) -> Decision:
    return Decision(
        kind="feature",
        place=_place(node, "type"),
        message=f"The node '{node.name}' is of the type '{node.type}', which Flowgrade has not.",
        hint="Write it as a node of the type python, or install a plugin for that type.",
    )


def _use(node: NodeSpec, connection: str, field: str) -> Use:
    return Use(connection=connection, place=_place(node, field))


def _place(node: NodeSpec, field: str) -> Place:
    found = node.place_of(field) or node.place
    assert found is not None  # a node of a file has a place
    return found
