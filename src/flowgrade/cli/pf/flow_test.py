"""``pf flow test``: call a flow once."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from pathlib import Path
from typing import Any

import click

from flowgrade.app import App
from flowgrade.cli.folder import inside, prints_as_messages
from flowgrade.cli.pf.printing import print_json
from flowgrade.cli.show import note
from flowgrade.cli.test import call_flow, call_node, known_inputs
from flowgrade.cli.values import inputs_file, pairs, typed
from flowgrade.errors import InputError, UsageError
from flowgrade.flows import Execution, Flow


def test(given: Namespace) -> int:
    """Print the outputs as JSON, or the value of a node or of a function."""
    _refuse(given)
    if given.interactive:
        from flowgrade.cli.pf.flow_chat import chat  # noqa: PLC0415  start-up

        return chat(given)
    app = App()
    init = typed(given.init, "--init")
    with prints_as_messages():
        loaded = app.load_flow(given.flow, variant=given.variant, init=init)
    inputs = _inputs(given.inputs)
    environment = pairs(given.environment_variables, "--environment-variables")
    if not given.node:
        inputs = _fitting(inputs, loaded)
    with app.surroundings(loaded, environment), inside(loaded.folder), prints_as_messages():
        execution = asyncio.run(_called(app, loaded, inputs, given.node))
    if execution.error is not None:
        note(f"trace: flowgrade traces show {execution.trace_id}")
        raise execution.error
    _print(execution, loaded, given.node)
    return 0


def _refuse(given: Namespace) -> None:
    if given.ui:
        raise UsageError(
            "--ui opens a window of prompt flow's service, and Flowgrade has no such window.",
            hint="Talk to the flow in the terminal: --interactive",
        )
    if given.collection is not None:
        raise UsageError(
            "--collection has no meaning: traces belong to the project, and there are no "
            "collections of them.",
            hint="Leave it out; `flowgrade traces list` shows them.",
        )


def _called(app: App, flow: Flow, inputs: dict[str, Any], node: str | None) -> Any:
    if node:
        return call_node(app, flow, node, inputs)
    flow.body.prepare()
    return call_flow(app, flow, inputs or dict(flow.sample), None)


def _inputs(given: list[str]) -> dict[str, Any]:
    if len(given) == 1 and "=" not in given[0]:
        file = Path(given[0])
        if not file.is_file():
            raise InputError(
                f"There is no file {file}.", hint="Write inputs as name=value, or name a file."
            )
        return inputs_file(file)
    return dict(pairs(given, "--inputs"))


def _fitting(inputs: dict[str, Any], flow: Flow) -> dict[str, Any]:
    known = known_inputs(inputs, flow)
    if unknown := [name for name in inputs if name not in known]:
        note(f"The flow has no input {', '.join(unknown)}: passed over.")
    return known


def _print(execution: Execution, flow: Flow, node: str | None) -> None:
    outputs: Any = execution.outputs or {}
    single = (node is not None or flow.kind != "dag") and set(outputs) == {"output"}
    value = outputs["output"] if single else outputs
    if isinstance(value, str):
        click.echo(value)
    else:
        print_json(value)
