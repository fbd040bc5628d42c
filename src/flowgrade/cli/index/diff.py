"""``flowgrade index diff``."""

from __future__ import annotations

import click

from flowgrade.app import App
from flowgrade.cli.index.options import as_json_option
from flowgrade.cli.show import fields, json_out, note, short
from flowgrade.errors import InputError
from flowgrade.retrieval import Indexes, Snapshot, difference, get_snapshot, list_snapshots

_COLOURS = {"+": "green", "~": "yellow", "-": "red"}


@click.command()
@click.argument("a")
@click.argument("b", required=False)
@as_json_option
def diff(a: str, b: str | None, as_json: bool) -> None:
    """What differs between two snapshots: documents, and settings.

    A and B are names of indexes, or NAME@DIGEST for another snapshot than the current one. Without
    B it is what the last build of A changed.
    """
    indexes = App().indexes
    old, new = (_named(indexes, a), _named(indexes, b)) if b else _last(indexes, a)
    found = difference(indexes.workshop.store, old, new)
    if as_json:
        json_out(found.as_json())
        return
    fields([("from", f"{old.index}@{old.short}"), ("to", f"{new.index}@{new.short}")])
    for name, (was, now) in found.settings.items():
        click.echo(f"{click.style('~', fg='yellow')} {name}: {short(was)} → {short(now)}")
    for sign, documents in (("+", found.added), ("~", found.changed), ("-", found.removed)):
        for one in documents:
            click.echo(f"{click.style(sign, fg=_COLOURS[sign])} {one}")
    note(
        f"{len(found.added):,} added, {len(found.changed):,} changed, "
        f"{len(found.removed):,} removed, {len(found.settings)} settings differ."
    )


def _named(indexes: Indexes, text: str) -> Snapshot:
    name, at, digest = text.partition("@")
    indexes.record(name)
    return get_snapshot(indexes.workshop.store, name, digest if at else None)


def _last(indexes: Indexes, text: str) -> tuple[Snapshot, Snapshot]:
    """The snapshot that is named, and the one that it was made after."""
    new = _named(indexes, text)
    store = indexes.workshop.store
    earlier = [
        one
        for one in list_snapshots(store, new.index)
        if one.created_ns < new.created_ns and one.status == "ready"
    ]
    if not earlier:
        raise InputError(
            f"'{new.index}' has no snapshot before {new.short}.",
            hint="Name the two to compare: flowgrade index diff A B",
        )
    return earlier[0], new
