"""``flowgrade runs``: what was run."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from flowgrade.app import App
from flowgrade.cli.approval import approval, approve_option
from flowgrade.cli.folder import inside, prints_as_messages
from flowgrade.cli.progress import progress_bar
from flowgrade.cli.run import execute, report
from flowgrade.cli.show import (
    amount,
    duration,
    json_out,
    moment,
    note,
    run_summary,
    short,
    table,
    write_out,
)
from flowgrade.cli.values import pairs
from flowgrade.runs import (
    FORMATS,
    ResumeOptions,
    RunRow,
    RunStatus,
    ask_to_cancel,
    delete_run,
    export_run,
    failures,
    get_run,
    list_runs,
    run_rows,
)

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@click.group()
def runs() -> None:
    """List, show, export, resume, cancel and delete runs."""


@runs.command("list")
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1), help="How many, at most."
)
@click.option("--archived", is_flag=True, help="Those that were archived, too.")
@as_json_option
def list_(limit: int, archived: bool, as_json: bool) -> None:
    """The newest runs first."""
    found = list_runs(App().store, limit=limit, archived=None if archived else False)
    if as_json:
        json_out([run.as_json() for run in found])
        return
    if not found:
        note("There are no runs yet. Begin one: flowgrade run FLOW --data FILE")
        return
    table(
        ["RUN", "STATUS", "ROWS", "FAILED", "TIME", "TOKENS", "STARTED"],
        [
            (
                run.name,
                run.status,
                amount(run.completed + run.failed),
                str(run.failed),
                duration(run.seconds),
                amount(run.tokens),
                moment(run.created_ns),
            )
            for run in found
        ],
    )


@runs.command()
@click.argument("run")
@click.option(
    "--rows",
    "count",
    default=10,
    show_default=True,
    type=click.IntRange(0),
    help="How many rows to show.",
)
@as_json_option
def show(run: str, count: int, as_json: bool) -> None:
    """One run and its first rows."""
    app = App()
    found = get_run(app.store, run)
    if as_json:
        json_out(found.as_json())
        return
    run_summary(found)
    rows = [row for row, _ in zip(run_rows(app.store, run), range(count), strict=False)]
    if rows:
        click.echo()
        table(["ROW", "INPUTS", "OUTPUTS", "TRACE"], [_line(row) for row in rows])


@runs.command()
@click.argument("run")
@as_json_option
def errors(run: str, as_json: bool) -> None:
    """The failed rows of a run, most frequent error first."""
    app = App()
    found = get_run(app.store, run)
    if as_json:
        for row in failures(app.store, run):
            json_out(row.as_json())
        return
    if not found.failed:
        note("No row failed.")
        return
    kinds: Counter[tuple[str, str, str]] = Counter()
    first: dict[tuple[str, str, str], RunRow] = {}
    for row in failures(app.store, run):
        if row.error is not None:
            key = (row.error.type, row.error.node or "", row.error.message)
            kinds[key] += 1
            first.setdefault(key, row)
    for key, number in kinds.most_common():
        _print_kind(first[key], number)


@runs.command()
@click.argument("run")
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    default="jsonl",
    show_default=True,
    help="Format of the rows.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File.")
def export(run: str, format_: str, output: Path | None) -> None:
    """Write the rows of a run, in the order of the data."""
    store = App().store
    get_run(store, run)
    write_out(output, lambda stream: export_run(store, run, stream, format=format_), "rows")


@runs.command()
@click.argument("run")
@click.option("--accept-changes", is_flag=True, help="Go on although the flow has changed.")
@click.option("--concurrency", type=click.IntRange(1, 4096), help="Another than before.")
@click.option("--engine", metavar="NAME", help="Another than before.")
@click.option("--workers", type=click.IntRange(1, 4096), help="Another number than before.")
@click.option(
    "--env", "environment", multiple=True, metavar="NAME=VALUE", help="Environment variable."
)
@approve_option
@as_json_option
def resume(
    run: str,
    environment: tuple[str, ...],
    approve: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> int:
    """Go on with a run: rows that are not completed are done."""
    app = App()
    definition = get_run(app.store, run).definition
    with prints_as_messages():
        app = app.within(definition.project_environment)
        flow = app.load_flow(definition.flow, variant=definition.variant, init=definition.init)
    with progress_bar(quiet=as_json) as watch, inside(flow.folder), approval(approve):
        work = app.aresume(
            run,
            flow=flow,
            environment=pairs(environment, "--env"),
            options=ResumeOptions(**options),
            watch=watch,
        )
        ended = execute(work, run)
    return report(ended, as_json)


@runs.command()
@click.argument("run")
def cancel(run: str) -> None:
    """Ask the process that executes a run to stop; what is done stays."""
    app = App()
    found = get_run(app.store, run)
    if found.status is not RunStatus.RUNNING:
        note(f"The run '{run}' is not running; it is {found.status}.")
        return
    ask_to_cancel(app.store, run)
    note(f"Asked. It stops within a second after its open rows: flowgrade runs show {run}")


@runs.command()
@click.argument("run")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def delete(run: str, yes: bool) -> None:
    """Delete a run with its rows and traces."""
    app = App()
    found = get_run(app.store, run)
    if not yes:
        click.confirm(
            f"Delete '{run}' with {found.completed + found.failed:,} rows?", abort=True, err=True
        )
    delete_run(app.store, run)
    note(f"Deleted '{run}'.")


def _line(row: RunRow) -> tuple[str, ...]:
    result: Any = row.outputs
    if row.error is not None:
        result = f"{row.error.type}: {row.error.message}"
    return (str(row.row), short(row.inputs, 50), short(result), row.trace_id)


def _print_kind(row: RunRow, number: int) -> None:
    error = row.error
    assert error is not None
    where = f" in node '{error.node}'" if error.node else ""
    rows = "1 row" if number == 1 else f"{number:,} rows"
    click.echo(f"{click.style(rows, bold=True)}: {error.type}{where}: {error.message}")
    if error.hint:
        click.echo(f"  {error.hint}")
    click.echo(
        click.style(f"  first: row {row.row}, flowgrade traces show {row.trace_id}", dim=True)
    )
