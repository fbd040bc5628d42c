"""``flowgrade index delete`` and ``prune``."""

from __future__ import annotations

import click

from flowgrade.app import App
from flowgrade.cli.index.options import as_json_option
from flowgrade.cli.show import amount, json_out, note
from flowgrade.retrieval import (
    cached_models,
    delete_index,
    delete_snapshot,
    forget_vectors,
    get_snapshot,
    list_snapshots,
)

_MIB = 1024 * 1024


@click.command()
@click.argument("name")
@click.option("--snapshot", metavar="DIGEST", help="This snapshot alone; its first digits.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask; delete the current snapshot too.")
def delete(name: str, snapshot: str | None, yes: bool) -> None:
    """Delete an index with all its snapshots, or one snapshot.

    The snapshot that searches see is refused without --yes. Vectors stay remembered, so that
    building the index again costs no calls: see `flowgrade index prune`.
    """
    indexes = App().indexes
    indexes.record(name)
    workshop = indexes.workshop
    if snapshot is not None:
        found = get_snapshot(workshop.store, name, snapshot)
        delete_snapshot(workshop, name, found.digest, current_too=yes)
        note(f"Deleted the snapshot {found.short} of '{name}'.")
        return
    count = len(list_snapshots(workshop.store, name))
    if not yes:
        some = "its snapshot" if count == 1 else f"its {count} snapshots"
        click.confirm(f"Delete '{name}' with {some}?", abort=True, err=True)
    delete_index(workshop, name)
    note(f"Deleted '{name}'.")


@click.command()
@click.option("--model", help="Only the vectors of this model.")
@click.option(
    "--keep",
    type=click.IntRange(0),
    metavar="MIB",
    help="Forget the oldest until so many MiB are left; all without it.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@as_json_option
def prune(model: str | None, keep: int | None, yes: bool, as_json: bool) -> None:
    """Forget vectors that were remembered for builds to come.

    Indexes and their searches do not need them. A text whose vector is forgotten is embedded again
    when an index with it is built.
    """
    store = App().indexes.workshop.store
    known = [one for one in cached_models(store) if model in (None, one.model)]
    if not known:
        note("Nothing is remembered.")
    elif not yes:
        size = sum(one.size for one in known) / _MIB
        texts = sum(one.texts for one in known)
        what = f"{amount(texts)} vectors, {size:,.1f} MiB"
        limit = f", down to {keep} MiB" if keep else ""
        click.confirm(f"Forget {what}{limit}?", abort=True, err=True)
    forgotten = forget_vectors(store, model=model, size=(keep or 0) * _MIB) if known else 0
    left = sum(one.texts for one in cached_models(store))
    if as_json:
        json_out({"forgotten": forgotten, "left": left})
    elif known:
        note(f"Forgot {amount(forgotten)} vectors; {amount(left)} are left.")
