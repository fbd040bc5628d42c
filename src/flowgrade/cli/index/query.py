"""``flowgrade index query``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable

import click

from flowgrade.app import App
from flowgrade.cli.chat.controls import visible
from flowgrade.cli.index.options import as_json_option, snapshot_option
from flowgrade.cli.index.snippet import marked, snippet
from flowgrade.cli.show import duration, json_out, note
from flowgrade.cli.values import typed
from flowgrade.errors import InputError
from flowgrade.records import JsonObject, loads
from flowgrade.retrieval import Hit

_WIDTH = 300  # characters of a passage that are shown


@click.command()
@click.argument("name")
@click.argument("question")
@click.option("--limit", type=click.IntRange(1), help="Hits, at most.")
@click.option(
    "--mode", type=click.Choice(["hybrid", "keyword", "vector"]), help="What is searched by."
)
@click.option(
    "--where",
    multiple=True,
    metavar="KEY=VALUE",
    help='Only documents whose metadata is so; or JSON: \'{"year": {"gte": 2020}}\'.',
)
@snapshot_option
@as_json_option
def query(
    name: str,
    question: str,
    limit: int | None,
    mode: str | None,
    where: tuple[str, ...],
    snapshot: str | None,
    as_json: bool,
) -> None:
    """The passages of an index that answer QUESTION best."""
    app = App()
    index = app.open_index(name, snapshot=snapshot)
    found = asyncio.run(
        index.search(question, limit=limit, mode=mode, where=_filter(where) or None)  # type: ignore[arg-type]
    )
    if as_json:
        json_out(
            {
                "index": index.name,
                "snapshot": index.snapshot,
                "query": question,
                "mode": found.mode,
                "seconds": round(found.seconds, 6),
                "hits": [hit.as_json() for hit in found.hits],
            }
        )
        return
    for number, hit in enumerate(found.hits, 1):
        _print(number, hit, question)
    hits = "1 hit" if len(found.hits) == 1 else f"{len(found.hits):,} hits"
    note(f"{hits} in {duration(found.seconds)}, {found.mode}.")


def _filter(items: Iterable[str]) -> JsonObject:
    found: JsonObject = {}
    for item in items:
        found |= _json(item) if item.lstrip().startswith("{") else typed([item], "--where")
    return found


def _json(text: str) -> JsonObject:
    try:
        found = loads(text)
    except ValueError as error:
        raise InputError(f"The filter is not JSON: {error}") from None
    return dict(found)


def _print(number: int, hit: Hit, question: str) -> None:
    chunk = hit.chunk
    above = " › ".join(dict.fromkeys(part for part in (chunk.title, *chunk.headings) if part))
    page = f", page {chunk.page}" if chunk.page is not None else ""
    source = f"{chunk.source or chunk.document}{page}"
    if not sys.stdout.isatty():
        cells = (
            str(number),
            f"{hit.score:.4f}",
            source,
            above,
            snippet(hit.text, question, _WIDTH),
        )
        click.echo("\t".join(visible(cell).replace("\t", " ") for cell in cells))
        return
    head = f"{click.style(f'{number:>2}', bold=True)}  {hit.score:.3f}  "
    click.echo(head + click.style(visible(above or chunk.document), bold=True))
    click.echo(f"    {marked(visible(snippet(hit.text, question, _WIDTH)), question)}")
    click.echo(f"    {click.style(visible(source), dim=True)}\n")
