"""``flowgrade store``: the database behind a project."""

from __future__ import annotations

import click

from flowgrade.cli.show import fields, json_out, note
from flowgrade.settings import read_settings
from flowgrade.store import connect_store, migrate, migration_state


@click.group()
def store() -> None:
    """Look at the database and migrate it."""


@store.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def status(as_json: bool) -> int:
    """Where the store is and which schema it has. Exits with 1 when it is behind."""
    settings = read_settings()
    opened = connect_store(settings.store)
    state = migration_state(opened)
    found = {"project": settings.name, "store": opened.place}
    if as_json:
        json_out({**found, "applied": state.applied, "pending": state.pending})
    else:
        fields(found.items())
        fields([("applied", ", ".join(state.applied) or "none")])
        fields([("pending", ", ".join(state.pending) or "none")])
    return 1 if state.pending else 0


@store.command("migrate")
def migrate_() -> None:
    """Bring the store to the current schema.

    A SQLite file is backed up first; back a server up yourself.
    """
    opened = connect_store(read_settings().store)
    applied = migrate(opened)
    note(f"Applied: {', '.join(applied)}" if applied else "Nothing to do.")
