"""``flowgrade index build`` and ``update``."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import click

from flowgrade.app import App
from flowgrade.cli.index.bar import build_bar
from flowgrade.cli.index.options import (
    as_json_option,
    named_sources,
    settings_given,
    settings_options,
)
from flowgrade.cli.interrupts import terminate_as_interrupt
from flowgrade.cli.show import amount, duration, fields, json_out, money, note, short
from flowgrade.retrieval import Built

_SHOWN = 10  # files that could not be read, before the rest is counted


@click.command()
@click.argument("name")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@settings_options
@click.option(
    "--rebuild",
    is_flag=True,
    help="Make it anew: with another model or store than before, taking nothing over.",
)
@as_json_option
def build(
    name: str,
    sources: tuple[str, ...],
    more: tuple[str, ...],
    rebuild: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Make a snapshot of the documents in SOURCE and let searches of NAME see it.

    SOURCE is a file, a folder, a Git repository or a sitemap: Markdown, HTML, PDF, DOCX, PPTX,
    CSV, plain text, or JSONL with id, text and optional title and metadata. Without one it is what
    flowgrade.yaml says, or what the index was last built from.

    What has not changed since the last snapshot is taken over. A build that was stopped goes on
    where it stood; until the end searches see the snapshot before. Exits with 1 when files could
    not be read.
    """
    app = App()
    settings = settings_given(more, options)
    with build_bar(quiet=as_json) as watch:
        work = app.indexes.build(
            name, named_sources(sources), settings=settings, rebuild=rebuild, watch=watch
        )
        built = _execute(work, f"flowgrade index build {name}")
    return _report(built, as_json)


@click.command()
@click.argument("name")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@as_json_option
def update(name: str, sources: tuple[str, ...], as_json: bool) -> int:
    """Take in what changed in the sources of NAME since its last snapshot.

    Documents that are as they were are taken over; new and changed ones are cut and embedded;
    those that are gone are left out. Exits with 1 when files could not be read.
    """
    app = App()
    with build_bar(quiet=as_json) as watch:
        work = app.indexes.update(name, named_sources(sources), watch=watch)
        built = _execute(work, f"flowgrade index update {name}")
    return _report(built, as_json)


def _execute(work: Coroutine[Any, Any, Built], again: str) -> Built:
    try:
        with terminate_as_interrupt():
            return asyncio.run(work)
    except KeyboardInterrupt:
        note(f"\nStopped. What is done is kept. Go on with the same command: {again}")
        raise SystemExit(1) from None


def _report(built: Built, as_json: bool) -> int:
    snapshot = built.snapshot
    if as_json:
        json_out(built.as_json())
    else:
        _print(built)
    for one in snapshot.unread[:_SHOWN]:
        note(f"not read: {one.source}: {one.message}")
    if len(snapshot.unread) > _SHOWN:
        note(f"not read: {len(snapshot.unread) - _SHOWN:,} more, see --json")
    return 1 if snapshot.unread else 0


def _print(built: Built) -> None:
    snapshot = built.snapshot
    if not built.fresh:
        note(f"Nothing has changed: {snapshot.index} is {snapshot.short} already.")
    changes = f"{built.added:,} added, {built.changed:,} changed, {built.removed:,} removed"
    fields(
        [
            ("index", snapshot.index),
            ("snapshot", snapshot.short),
            ("documents", f"{amount(snapshot.documents)}  ({changes})"),
            ("chunks", amount(snapshot.chunks)),
            *([("embedded", _embedded(built))] if snapshot.model else []),
            *([("unread", amount(len(snapshot.unread)))] if snapshot.unread else []),
            *([("time", duration(snapshot.seconds))] if built.fresh else []),
            ("next", f"flowgrade index query {snapshot.index} 'a question'"),
        ]
    )


def _embedded(built: Built) -> str:
    snapshot = built.snapshot
    if not built.fresh:
        return f"by {short(snapshot.model)}"
    parts = [f"{snapshot.embedded:,} by {short(snapshot.model)}"]
    if snapshot.tokens is not None:
        parts.append(f"{snapshot.tokens:,} tokens")
    if snapshot.cost is not None or snapshot.unpriced:
        parts.append(money(snapshot.cost, unpriced=snapshot.unpriced))
    return ", ".join(parts)
