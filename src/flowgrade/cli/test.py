"""``flowgrade test``: call a flow once."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, TextIO

import click

from flowgrade.app import App
from flowgrade.cli.approval import approval, approve_option
from flowgrade.cli.environment import environment_option
from flowgrade.cli.folder import inside, prints_as_messages
from flowgrade.cli.show import amount, duration, json_out, note
from flowgrade.cli.values import inputs_file, pairs, typed
from flowgrade.flows import Execution, Flow
from flowgrade.records import dumps_any
from flowgrade.tracing import parse_traceparent, store_sink


@click.command()
@click.argument("flow")
@click.option("-i", "--input", "given", multiple=True, metavar="NAME=VALUE", help="An input.")
@click.option(
    "--inputs",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON file of inputs, or JSONL of which the first line counts.",
)
@click.option("--variant", metavar="'${NODE.VARIANT}'", help="Variant of a node.")
@click.option("--node", help="Call only this node; -i gives its own inputs.")
@click.option("--init", multiple=True, metavar="NAME=VALUE", help="Value for a class flow.")
@click.option(
    "--env", "environment", multiple=True, metavar="NAME=VALUE", help="Environment variable."
)
@approve_option
@click.option("--stream", is_flag=True, help="Print text as it comes.")
@environment_option
@click.option("--json", "as_json", is_flag=True, help="Print the outputs as JSON.")
def test(flow: str, given: tuple[str, ...], file: Path | None, **options: Any) -> int:
    """Call FLOW once and print its outputs.

    Without inputs, the example that the flow's definition gives is used, if it gives one.
    """
    app = App()
    init = typed(options["init"], "--init")
    with prints_as_messages():
        loaded = app.load_flow(flow, variant=options["variant"], init=init)
    inputs = inputs_file(file) if file else {}
    if not options["node"]:
        inputs = known_inputs(inputs, loaded)
    inputs.update(pairs(given, "-i"))
    environment = pairs(options["environment"], "--env")
    out = sys.stdout  # where streamed text goes, whatever the flow's code prints
    agreed = approval(options["approve"], ask=True)
    with app.surroundings(loaded, environment), inside(loaded.folder), prints_as_messages(), agreed:
        if options["node"]:
            execution = asyncio.run(call_node(app, loaded, options["node"], inputs))
        else:
            inputs = inputs or dict(loaded.sample)
            loaded.check_names(inputs)
            loaded.body.prepare()
            stream = out if options["stream"] else None
            execution = asyncio.run(call_flow(app, loaded, inputs, stream))
    if execution.error is not None:
        note(f"trace: flowgrade traces show {execution.trace_id}")
        raise execution.error
    _print(execution, options["as_json"], streamed=options["stream"] and loaded.body.streamed)
    return 0


def known_inputs(row: dict[str, Any], flow: Flow) -> dict[str, Any]:
    """What of a row of data the flow takes; the rest is not for it, as in a run."""
    names = {spec.name for spec in flow.inputs}
    return {n: v for n, v in row.items() if n in names} if names else row


async def call_flow(app: App, flow: Flow, inputs: dict[str, Any], out: TextIO | None) -> Execution:
    """Call the flow; streamed text goes to ``out``, the trace to the store."""
    async with app.models:
        emit = (lambda text: click.echo(text, nl=False, file=out)) if out else None
        # A caller that traces itself hands its context over as environment variables.
        parent = parse_traceparent(app.settings.environment.get("TRACEPARENT"))
        return await flow.aexecute(inputs, sink=store_sink(app.store), parent=parent, emit=emit)


async def call_node(app: App, flow: Flow, node: str, inputs: dict[str, Any]) -> Execution:
    """Call one node; the trace goes to the store."""
    async with app.models:
        return await flow.aexecute_node(node, inputs, sink=store_sink(app.store))


def _print(execution: Execution, as_json: bool, *, streamed: Any) -> None:
    outputs = execution.outputs or {}
    if as_json:
        json_out(outputs)
        return
    if streamed:
        click.echo()
        outputs = {name: value for name, value in outputs.items() if name != streamed}
    for name, value in outputs.items():
        text = value if isinstance(value, str) else dumps_any(value)
        click.echo(text if len(outputs) == 1 and not streamed else f"{name}: {text}")
    seconds = (execution.end_ns - execution.start_ns) / 1e9
    tokens = execution.usage.total_tokens if execution.usage else None
    used = f", {amount(tokens)} tokens" if tokens is not None else ""
    note(
        click.style(
            f"{duration(seconds)}{used}   flowgrade traces show {execution.trace_id}", dim=True
        )
    )
