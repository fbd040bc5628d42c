"""``flowgrade index list`` and ``show``."""

from __future__ import annotations

from collections.abc import Iterable

import click

from flowgrade.app import App
from flowgrade.cli.index.options import as_json_option, snapshot_option
from flowgrade.cli.show import amount, duration, fields, json_out, moment, money, note, short, table
from flowgrade.errors import NotFoundError
from flowgrade.records import JsonObject
from flowgrade.retrieval import Indexes, Snapshot, get_snapshot, list_snapshots, values_of

_SHOWN = 20  # files that could not be read


@click.command("list")
@as_json_option
def list_(as_json: bool) -> None:
    """The indexes of the project with their current snapshots, those not built yet too."""
    indexes = App().indexes
    found = [(name, _current(indexes, name)) for name in indexes.names()]
    if as_json:
        json_out([_line(name, snapshot) for name, snapshot in found])
        return
    if not found:
        note("There are no indexes yet. Build one: flowgrade index build NAME FOLDER")
        return
    table(
        ["INDEX", "SNAPSHOT", "DOCUMENTS", "CHUNKS", "EMBEDDING", "STORE", "BUILT"],
        [_row(name, snapshot) for name, snapshot in found],
    )


@click.command()
@click.argument("name")
@snapshot_option
@as_json_option
def show(name: str, snapshot: str | None, as_json: bool) -> None:
    """One index: the settings and counts of a snapshot, and which snapshots there are."""
    indexes = App().indexes
    record = indexes.record(name)
    store = indexes.workshop.store
    every = list_snapshots(store, name)
    found = get_snapshot(store, name, snapshot) if snapshot or record.current else None
    if as_json:
        about = found.as_json() if found else {"index": name, "snapshot": None}
        more = {"sources": list(record.sources), "current": record.current}
        json_out({**about, **more, "snapshots": [_short(one) for one in every]})
        return
    fields([("index", name), ("sources", ", ".join(record.sources) or "given as objects")])
    if found is not None:
        fields(_fields(found))
    click.echo()
    table(
        ["SNAPSHOT", "STATUS", "DOCUMENTS", "CHUNKS", "BUILT", "TIME"],
        [
            (
                one.short + (" *" if one.digest == record.current else ""),
                one.status,
                amount(one.documents),
                amount(one.chunks) if one.chunks else "-",
                moment(one.created_ns),
                duration(one.seconds) if one.seconds else "-",
            )
            for one in every
        ],
    )


def _current(indexes: Indexes, name: str) -> Snapshot | None:
    try:
        return get_snapshot(indexes.workshop.store, name)
    except NotFoundError:
        return None


def _line(name: str, snapshot: Snapshot | None) -> JsonObject:
    return snapshot.as_json() if snapshot else {"index": name, "snapshot": None}


def _row(name: str, snapshot: Snapshot | None) -> tuple[str, ...]:
    if snapshot is None:
        return (name, "not built", "-", "-", "-", "-", "-")
    return (
        name,
        snapshot.short,
        amount(snapshot.documents),
        amount(snapshot.chunks),
        snapshot.model or "none",
        snapshot.settings.store,
        moment(snapshot.created_ns),
    )


def _short(snapshot: Snapshot) -> JsonObject:
    wanted = ("snapshot", "status", "documents", "chunks", "created", "seconds")
    return {key: value for key, value in snapshot.as_json().items() if key in wanted}


def _fields(snapshot: Snapshot) -> Iterable[tuple[str, str]]:
    yield "snapshot", snapshot.digest
    yield "status", snapshot.status
    yield "documents", amount(snapshot.documents)
    yield "chunks", amount(snapshot.chunks)
    if snapshot.model:
        yield "embedding", f"{snapshot.model}, {amount(snapshot.dimensions)} dimensions"
        yield "embedded", f"{amount(snapshot.embedded)} texts, {amount(snapshot.tokens)} tokens"
        yield "cost", money(snapshot.cost, unpriced=snapshot.unpriced)
    else:
        yield "embedding", "none: keywords alone"
    settings = snapshot.settings
    chunks = settings.chunks
    yield "chunker", f"{chunks.chunker}, size {chunks.size}, overlap {chunks.overlap}"
    yield "store", settings.store + (f" by {settings.connection}" if settings.connection else "")
    yield "language", settings.language
    yield "search", f"{settings.search.mode}, {settings.search.fusion}"
    own = {k: v for k, v in values_of(settings).items() if k not in ("store", "embedding")}
    if own:
        yield "set", short(own, 100)
    yield "built", f"{moment(snapshot.created_ns)} in {duration(snapshot.seconds)}"
    if snapshot.error is not None:
        yield "error", f"{snapshot.error.type}: {snapshot.error.message}"
    for one in snapshot.unread[:_SHOWN]:
        yield "not read", f"{one.source}: {one.message}"
