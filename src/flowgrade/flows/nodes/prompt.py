"""The prompt node: renders a template."""

from __future__ import annotations

from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.files import check_inputs, check_source, source_file
from flowgrade.flows.step import Arguments, Step, Workshop, literals_of, references_of
from flowgrade.prompts import errors_placed, read_template, render_text


class PromptNode:
    """Makes steps that render a Jinja template with the node's inputs."""

    def compile(self, node: NodeSpec, workshop: Workshop) -> Step:
        """Read the template."""
        check_source(node, "code")
        check_inputs(node)
        file = source_file(workshop.folder, node)
        source = read_template(file)
        # Only what comes straight from the flow's caller can carry roles in; see render_text.
        escape = frozenset(n for n, b in node.inputs.items() if b.input is not None)

        def call(arguments: Arguments) -> str:
            with errors_placed(source, file):
                return render_text(source.text, arguments, escape=escape, name=str(file))

        return Step(
            node=node,
            call=call,
            brief=True,
            literals=literals_of(node),
            references=references_of(node),
        )


NODE_TYPE = PromptNode()
