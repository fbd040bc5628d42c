"""The custom_llm node: gives a prompt file to a function of an installed package."""

from __future__ import annotations

import inspect
from typing import Any

from flowgrade.errors import FlowDefinitionError
from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.files import check_inputs, check_source, source_file
from flowgrade.flows.guests import NOT_MINE, converted
from flowgrade.flows.packages import find_package_tool
from flowgrade.flows.step import Step, Workshop
from flowgrade.flows.tool_step import tool_step
from flowgrade.flows.tools import Parameter, Tool
from flowgrade.prompts import read_template

_ESCAPE = "_inputs_to_escape"


class CustomLlmNode:
    """Makes steps that call a package tool with the text of a prompt file.

    The text goes to the tool's parameter of the type PromptTemplate. Inputs that are no
    parameters of it are the template's variables.
    """

    def compile(self, node: NodeSpec, workshop: Workshop) -> Step:
        """Read the prompt file and find the tool."""
        check_source(node, "package_with_prompt")
        check_inputs(node)
        tool = find_package_tool(node)
        text = read_template(source_file(workshop.folder, node)).text
        prompt = _prompt(tool, node)
        template = converted(prompt.annotation, text, workshop.models)
        given: dict[str, Any] = {prompt.name: text if template is NOT_MINE else template}
        if tool.takes_any:
            # Only what comes straight from the flow's caller can carry roles in.
            given[_ESCAPE] = [n for n, b in node.inputs.items() if b.input is not None]
        return tool_step(node, tool, workshop.models, given=given)


NODE_TYPE = CustomLlmNode()


def _prompt(tool: Tool, node: NodeSpec) -> Parameter:
    found = [p for p in tool.parameters if _is_template(p.annotation)]
    if len(found) != 1:
        raise FlowDefinitionError(
            f"The tool '{node.tool}' of the node '{node.name}' has "
            f"{len(found) or 'no'} parameters of the type PromptTemplate; one takes the prompt.",
            hint="Use it in a node of the type python, with source: {type: package, tool: …}.",
            place=node.place_of("source"),
        )
    return found[0]


def _is_template(annotation: Any) -> bool:
    name = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return (inspect.isclass(annotation) or isinstance(annotation, str)) and (
        name == "PromptTemplate"
    )
