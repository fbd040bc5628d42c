"""``flowgrade import``: make a project of one that was written for other tools."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowgrade.app import App
from flowgrade.cli.show import json_out, note, table
from flowgrade.errors import UsageError
from flowgrade.records import JsonObject
from flowgrade.settings import read_settings

if TYPE_CHECKING:
    from flowgrade.promptflow import FoundFlow, Report


@click.group("import")
def import_() -> None:
    """Make a project of one that was written for other tools."""


@import_.command()
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the new project; PATH if absent.",
)
@click.option(
    "--secrets",
    is_flag=True,
    help="Seal connections whose secrets can be read in the project's store.",
)
@click.option(
    "--dotenv", is_flag=True, help="Write secrets that can be read into the project's .env."
)
@click.option("--no-store", is_flag=True, help="Leave prompt flow's local store out.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def promptflow(path: Path, to: Path | None, no_store: bool, as_json: bool, **options: bool) -> int:
    """Write a Flowgrade project around the prompt flow project at PATH.

    No file of the project is changed and none of its code runs. Connections come from its YAML
    files and from prompt flow's local store. What each flow still needs is reported. Exits with 1
    when something needs a decision; the project is written all the same.
    """
    if options["secrets"] and options["dotenv"]:
        raise UsageError("--secrets and --dotenv are two places for the same.", hint="Give one.")
    from flowgrade.promptflow import import_project  # noqa: PLC0415  start-up

    report = import_project(
        path,
        to=to,
        environment=read_settings(folder=to or path).environment,
        connections_of=_connections,
        store=not no_store,
        secrets=options["secrets"] or options["dotenv"],
        keep=None if options["dotenv"] else _keep,
    )
    if as_json:
        json_out(report.as_json())
    else:
        _print(report, path)
    return 1 if report.decisions else 0


def _connections(folder: Path) -> Collection[str]:
    return App(read_settings(folder=folder)).models.connections.keys()


def _keep(folder: Path, name: str, entry: JsonObject) -> str | None:
    from flowgrade.models import (  # noqa: PLC0415  start-up
        keep_in_store,
        stored_connections,
    )

    app = App(read_settings(folder=folder))
    if app.models.connections.in_file(name):
        return "file"
    if name in stored_connections(app.store):
        return "store"
    keep_in_store(app.store, app.settings, name, entry)
    return None


def _print(report: Report, root: Path) -> None:
    shown = _Shown(root)
    table(
        ["KIND", "PATH", "STATE"],
        [(part.kind, shown(part.path), _state(part)) for part in (*report.flows, *report.runs)],
    )
    if report.connections:
        click.echo()
        table(
            ["CONNECTION", "TYPE", "FROM", "STILL NEEDS"],
            [
                (one.name, one.type, shown(one.source), ", ".join(one.needs.values()) or "-")
                for one in report.connections
            ],
        )
    if report.decisions:
        click.echo()
    for decision in report.decisions:
        click.echo(f"{shown(decision.place)}: {decision.kind}: {decision.message}")
        click.echo(click.style(f"  {decision.hint}", dim=True))
    for text in (*report.notes, *(f"Wrote {file}" for file in report.written)):
        note(text)
    note(_summary(report))
    note("Next:")
    if Path.cwd().resolve() != report.project.resolve():
        note(f"  cd {report.project}")
    first = next((flow for flow in report.flows if flow.ready), report.flows[0])
    note(f"  flowgrade test {_from(report.project, first.path)}")


class _Shown:
    """Shows paths below the imported folder from there."""

    def __init__(self, root: Path) -> None:
        self._root = f"{root}{os.sep}"

    def __call__(self, path: object) -> str:
        return str(path).removeprefix(self._root)


def _summary(report: Report) -> str:
    ready = sum(flow.ready for flow in report.flows)
    found = (
        f"{ready} of {_count(len(report.flows), 'flow')} ready, {_count(len(report.runs), 'run')}, "
        f"{_count(len(report.connections), 'connection')}, "
        f"{_count(len(report.data), 'data file')}."
    )
    kinds = Counter(decision.kind for decision in report.decisions)
    if not kinds:
        return f"{found} Nothing needs a decision."
    listed = ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))
    return f"{found} To decide: {listed}."


def _state(part: FoundFlow) -> str:
    return "ready" if part.ready else f"{_count(len(part.decisions), 'decision')}"


def _from(project: Path, flow: Path) -> str:
    shown = flow.parent if flow.name in _USUAL else flow
    return os.path.relpath(shown, project)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


_USUAL = ("flow.dag.yaml", "flow.dag.yml", "flow.flex.yaml", "flow.flex.yml")
