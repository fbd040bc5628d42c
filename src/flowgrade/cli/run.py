"""``flowgrade run``: a flow over a dataset."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click

from flowgrade.app import App
from flowgrade.cli.approval import approval, approve_option
from flowgrade.cli.environment import environment_option
from flowgrade.cli.folder import inside, prints_as_messages
from flowgrade.cli.interrupts import terminate_as_interrupt
from flowgrade.cli.progress import progress_bar
from flowgrade.cli.show import json_out, note, run_summary
from flowgrade.cli.values import pairs, typed
from flowgrade.flows import run_fast
from flowgrade.runs import Run, RunOptions, new_run_name


@click.command()
@click.argument("flow")
@click.option("--data", help="JSONL, CSV, TSV or Parquet file, or a folder of them.")
@click.option(
    "--run",
    "earlier",
    metavar="RUN",
    help="Completed run whose rows stand beside the data, row by row, or in its place.",
)
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="INPUT='${data.COLUMN}'",
    help="Where an input comes from, or ${run.outputs.NAME}, ${run.inputs.NAME} of --run; "
    "another value than ${…} is a constant.",
)
@click.option("--name", help="Name of the run.")
@click.option("--variant", metavar="'${NODE.VARIANT}'", help="Variant of a node.")
@click.option(
    "--concurrency",
    default=64,
    show_default=True,
    type=click.IntRange(1, 4096),
    help="Rows under way at once, at most.",
)
@click.option(
    "--engine",
    default="local",
    show_default=True,
    metavar="NAME",
    help="Where rows are done: local, process, auto, ray, batch or a plugin's.",
)
@click.option("--workers", type=click.IntRange(1, 4096), help="Of process, ray and auto.")
@click.option("--limit", type=click.IntRange(1), help="Only the first rows.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Seconds for one row.")
@click.option("--stop-on-error", is_flag=True, help="Stop at the first failed row.")
@click.option("--init", multiple=True, metavar="NAME=VALUE", help="Value for a class flow.")
@click.option(
    "--env", "environment", multiple=True, metavar="NAME=VALUE", help="Environment variable."
)
@approve_option
@environment_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def run(flow: str, data: str | None, as_json: bool, **options: Any) -> int:
    """Run FLOW over every row of a dataset.

    FLOW is a folder or file (flow.dag.yaml, flow.flex.yaml, .prompty) or file.py:function. Each
    row is stored as it arrives; a run that was stopped is resumed with `flowgrade runs resume`.
    Exits with 1 when rows failed.
    """
    if data is None and options["earlier"] is None:
        raise click.UsageError("Say what to run over: --data FILE, or --run RUN, or both.")
    app = App()
    init = typed(options["init"], "--init")
    with prints_as_messages():
        loaded = app.load_flow(flow, variant=options["variant"], init=init)
    given = RunOptions(
        name=options["name"] or new_run_name(loaded.name),
        mapping=typed(options["mapping"], "--map") or None,
        environment=pairs(options["environment"], "--env"),
        limit=options["limit"],
        concurrency=options["concurrency"],
        timeout=options["timeout"],
        stop_on_error=options["stop_on_error"],
        engine=options["engine"],
        workers=options["workers"],
    )
    where = Path(data).resolve() if data else None  # before the folder changes
    agreed = approval(options["approve"])
    with progress_bar(quiet=as_json) as watch, inside(loaded.folder), agreed:
        work = app.arun(loaded, where, earlier=options["earlier"], options=given, watch=watch)
        ended = execute(work, str(given.name), waits=not loaded.body.threaded)
    return report(ended, as_json)


def report(ended: Run, as_json: bool) -> int:
    """Print how a run ended; returns the exit code."""
    if as_json:
        json_out(ended.as_json())
    else:
        run_summary(ended)
    return 0 if ended.good else 1


def execute(work: Coroutine[Any, Any, Run], name: str, *, waits: bool = True) -> Run:
    """Run to the end; an interrupt stores what is done and says how to go on.

    ``waits`` says whether rows may wait for something, as for a model.
    """
    try:
        with terminate_as_interrupt(), prints_as_messages():
            return run_fast(work) if waits else asyncio.run(work)
    except KeyboardInterrupt:
        note(f"\nStopped. What is done is stored. Go on: flowgrade runs resume {name}")
        raise SystemExit(1) from None
