"""``pf run`` commands that only look."""

from __future__ import annotations

import time
from argparse import Namespace

import click

from flowgrade.app import App
from flowgrade.cli.pf.printing import print_grid, print_json
from flowgrade.cli.show import note
from flowgrade.promptflow import Run, detail_rows
from flowgrade.runs import RunStatus, get_run, list_runs

_COLUMNS = ("name", "created_on", "status", "display_name", "flow_name")
_LOOK = 0.5  # seconds between looks at a run that somebody follows


def show(given: Namespace) -> None:
    """Print the run as JSON."""
    print_json(Run.of(get_run(App().store, given.name)).as_json())


def show_details(given: Namespace) -> None:
    """Print the rows as a table."""
    store = App().store
    get_run(store, given.name)
    rows = detail_rows(store, given.name, None if given.all_results else given.max_results)
    if not rows:
        note(f"The run '{given.name}' has no rows.")
        return
    print_grid(rows)


def show_metrics(given: Namespace) -> None:
    """Print the metrics as JSON."""
    print_json(get_run(App().store, given.name).metrics)


def list_(given: Namespace) -> None:
    """Print the runs as JSON or as a table."""
    archived = True if given.archived_only else None if given.include_archived else False
    limit = None if given.all_results else given.max_results
    found = [
        Run.of(run).as_json() for run in list_runs(App().store, limit=limit, archived=archived)
    ]
    if given.output == "json":
        print_json(found)
    elif found:
        print_grid([{name: run[name] or "" for name in _COLUMNS} for run in found])
    else:
        note("There are no runs.")


def visualize(given: Namespace) -> None:
    """Write the page and print its path."""
    from flowgrade.promptflow import PFClient  # noqa: PLC0415  the other commands do without

    app = App()
    app.welcome_promptflow()
    names = [name.strip() for name in given.names.split(",") if name.strip()]
    file = PFClient().runs.visualize(names, html_path=given.html_path, open_browser=given.open)
    click.echo(file)


def stream(given: Namespace) -> int:
    """Say how far the run is until it ends, then print it; exits with 1 when rows failed."""
    store = App().store
    said = ""
    while True:
        run = get_run(store, given.name)
        total = "" if run.rows is None else f" of {run.rows:,}"
        line = f"{run.completed + run.failed:,}{total} rows, {run.failed:,} failed"
        if line != said:
            note(line)
            said = line
        if run.status is not RunStatus.RUNNING:
            break
        time.sleep(_LOOK)
    print_json(Run.of(run).as_json())
    return 0 if run.good else 1
