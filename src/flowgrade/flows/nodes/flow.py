"""The flow node: runs another flow."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from flowgrade.flows.body import Values
from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.flow import Execution, Flow
from flowgrade.flows.options import check_options, refuse
from flowgrade.flows.step import Arguments, Step, Workshop, literals_of, references_of
from flowgrade.flows.streams import Emit
from flowgrade.records import JsonObject

_OPTIONS = ("variant", "init")


class FlowNode:
    """Makes steps that run another flow; its outputs by name are what the node gives."""

    def compile(self, node: NodeSpec, workshop: Workshop) -> Step:
        """Load the flow and check the node's inputs against what it takes."""
        check_options(node, _OPTIONS)
        if not node.path:
            refuse(node, None, "names no flow", "Give it source: {path: FOLDER or FILE}.")
        flow = workshop.open_flow(
            str(node.path), node, variant=_variant(node), init=dict(_init(node))
        )
        _check_inputs(node, flow)

        def call(arguments: Arguments) -> Any:
            return _outputs(flow.execute(arguments, sink=flow.sink, join=True))

        async def acall(arguments: Arguments) -> Any:
            return _outputs(await flow.aexecute(arguments, sink=flow.sink, join=True))

        async def relay(arguments: Arguments, emit: Emit) -> Any:
            return _outputs(await flow.aexecute(arguments, sink=flow.sink, emit=emit, join=True))

        threaded = flow.body.threaded
        return Step(
            node=node,
            call=call if threaded else None,
            acall=None if threaded else acall,
            relay=relay if flow.body.streamed else None,
            part=flow.body.streamed,
            prepare=flow.body.prepare,
            literals=literals_of(node),
            references=references_of(node),
            optional=frozenset(spec.name for spec in flow.inputs if not spec.required),
            flows=(flow,),
        )


NODE_TYPE = FlowNode()


def _variant(node: NodeSpec) -> str | None:
    found = node.options.get("variant")
    if found is not None and not isinstance(found, str):
        refuse(node, "variant", "has a 'variant' that is no text", "Write '${node.variant}'.")
    return found


def _init(node: NodeSpec) -> JsonObject:
    found = node.options.get("init") or {}
    if not isinstance(found, dict):
        refuse(node, "init", "has an 'init' that is no mapping", "Write {name: value}.")
    return dict(found)


def _check_inputs(node: NodeSpec, flow: Flow) -> None:
    known = [spec.name for spec in flow.inputs]
    for name in node.inputs:
        if name not in known and (known or not flow.body.takes_more):
            near = get_close_matches(name, known, n=1)
            there = f"It has: {', '.join(known) or 'none'}."
            refuse(
                node,
                "inputs",
                f"gives the flow '{flow.name}' an input '{name}', which it does not have",
                f"Did you mean '{near[0]}'?" if near else there,
            )
    given = {name for name, b in node.inputs.items() if not b.is_literal or b.literal is not None}
    for name in flow.required:
        if name not in given:
            refuse(
                node,
                "inputs",
                f"gives the flow '{flow.name}' no value for its input '{name}'",
                f"Add {name} to the node's inputs.",
            )


def _outputs(execution: Execution) -> Values:
    if execution.error is not None:
        raise execution.error
    return execution.outputs or {}
