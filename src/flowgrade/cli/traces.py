"""``flowgrade traces``: what happened, step by step."""

from __future__ import annotations

import click

from flowgrade.app import App
from flowgrade.cli.show import amount, duration, json_out, moment, note, table
from flowgrade.cli.waterfall import waterfall
from flowgrade.tracing import export_spans, get_trace, list_traces


@click.group()
def traces() -> None:
    """List, show and export traces."""


@traces.command("list")
@click.option("--run", help="Only traces of this run.")
@click.option("--failed", is_flag=True, help="Only traces that ended in an error.")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1), help="How many, at most."
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(run: str | None, failed: bool, limit: int, as_json: bool) -> None:
    """The newest traces first."""
    found = list_traces(App().store, run=run, failed=failed, limit=limit)
    if as_json:
        json_out(found)
        return
    if not found:
        note("There are no traces. `flowgrade test` and `flowgrade run` make some.")
        return
    table(
        ["TRACE", "NAME", "STATUS", "TIME", "SPANS", "TOKENS", "ROW", "RUN", "STARTED"],
        [
            (
                trace.trace_id,
                trace.name,
                trace.status,
                duration(trace.seconds),
                str(trace.spans),
                "-" if trace.tokens is None else amount(trace.tokens),
                "-" if trace.row is None else str(trace.row),
                trace.run or "-",
                moment(trace.start_ns),
            )
            for trace in found
        ],
    )


@traces.command()
@click.argument("trace")
@click.option("--full", is_flag=True, help="Show inputs and outputs whole.")
@click.option("--json", "as_json", is_flag=True, help="Print the spans as JSON.")
def show(trace: str, full: bool, as_json: bool) -> None:
    """One trace as a waterfall. The first digits of its id are enough."""
    spans = get_trace(App().store, trace)
    if as_json:
        json_out(spans)
        return
    waterfall(spans, full=full)


@traces.command()
@click.option("--run", help="Only spans of this run.")
@click.option(
    "--format",
    type=click.Choice(["jsonl"]),
    default="jsonl",
    expose_value=False,
    help="Format of the spans.",
)
def export(run: str | None) -> None:
    """Write spans, a line each."""
    for span in export_spans(App().store, run=run):
        json_out(span)
