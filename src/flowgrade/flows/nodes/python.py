"""The python node: calls a function of the flow's folder or of an installed package."""

from __future__ import annotations

from flowgrade.errors import FlowDefinitionError
from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.files import check_source, source_file
from flowgrade.flows.packages import find_package_tool
from flowgrade.flows.step import Step, Workshop
from flowgrade.flows.tool_step import tool_step
from flowgrade.flows.tools import Tool, find_tool


class PythonNode:
    """Makes steps that call Python functions: sync, async or generators."""

    def compile(self, node: NodeSpec, workshop: Workshop) -> Step:
        """Import the function and check the node's inputs against its signature."""
        check_source(node, "code", "package")
        return tool_step(node, _tool(node, workshop), workshop.models)


NODE_TYPE = PythonNode()


def _tool(node: NodeSpec, workshop: Workshop) -> Tool:
    if node.source_type == "package":
        return find_package_tool(node)
    file = source_file(workshop.folder, node)
    try:
        return find_tool(workshop.space.load_file(file), str(file))
    except FlowDefinitionError as error:
        error.message = f"The code of the node '{node.name}': {error.message}"
        raise
