"""``pf run update``, ``archive``, ``restore`` and ``delete``."""

from __future__ import annotations

from argparse import Namespace

import click

from flowgrade.app import App
from flowgrade.cli.pf.printing import print_json
from flowgrade.cli.show import note
from flowgrade.cli.values import pairs
from flowgrade.errors import InputError
from flowgrade.promptflow import Run
from flowgrade.records import replace
from flowgrade.runs import RunAbout, archive_run, delete_run, describe_run, get_run


def update(given: Namespace) -> None:
    """Change what is said about a run, and print the run."""
    store = App().store
    about = get_run(store, given.name).about
    for field, value in pairs(given.set, "--set").items():
        about = _changed(about, field, value)
    print_json(Run.of(describe_run(store, given.name, about)).as_json())


def archive(given: Namespace) -> None:
    """Let lists leave the run out, and print the run."""
    print_json(Run.of(archive_run(App().store, given.name)).as_json())


def restore(given: Namespace) -> None:
    """Let lists show the run again, and print the run."""
    print_json(Run.of(archive_run(App().store, given.name, archived=False)).as_json())


def delete(given: Namespace) -> None:
    """Delete the run, after a question."""
    store = App().store
    found = get_run(store, given.name)
    if not given.yes:
        rows = found.completed + found.failed
        click.confirm(f"Delete '{given.name}' with {rows:,} rows?", abort=True, err=True)
    delete_run(store, given.name)
    note(f"Deleted '{given.name}'.")


def _changed(about: RunAbout, field: str, value: str) -> RunAbout:
    if field == "display_name":
        return replace(about, display_name=value)
    if field == "description":
        return replace(about, description=value)
    first, _, tag = field.partition(".")
    if first == "tags" and tag:
        return replace(about, tags={**about.tags, tag: value})
    raise InputError(
        f"'{field}' of a run cannot be changed.",
        hint="Set display_name, description or tags.KEY.",
    )
