"""``flowgrade index export``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from flowgrade.app import App
from flowgrade.cli.index.options import snapshot_option
from flowgrade.cli.show import note
from flowgrade.errors import InputError
from flowgrade.records import JsonObject, dumps
from flowgrade.retrieval import Chunk, Index


@click.command()
@click.argument("name")
@snapshot_option
@click.option("--vectors", is_flag=True, help="With the vector of each chunk.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File.")
def export(name: str, snapshot: str | None, vectors: bool, output: Path | None) -> None:
    """Write the chunks of a snapshot as JSONL, in the order of their documents."""
    app = App()
    index = app.open_index(name, snapshot=snapshot)
    if vectors and index.about.model is None:
        raise InputError(f"The index '{name}' has no vectors: it is for keyword search alone.")
    if output is None:
        for line in _lines(index, vectors):
            sys.stdout.write(line)
        return
    count = 0
    with output.open("w", encoding="utf-8") as stream:
        for line in _lines(index, vectors):
            stream.write(line)
            count += 1
    note(f"{count:,} chunks in {output}")


def _lines(index: Index, with_vectors: bool) -> Iterator[str]:
    for document in index.documents():
        chunks = index.chunks(document)
        found = index.vectors([one.id for one in chunks]) if with_vectors else None
        for place, chunk in enumerate(chunks):
            more = {} if found is None else {"vector": found[place].tolist()}
            yield dumps({**_chunk(chunk), **more}) + "\n"


def _chunk(chunk: Chunk) -> JsonObject:
    return {
        "id": chunk.id,
        "document": chunk.document,
        "number": chunk.number,
        "text": chunk.text,
        "start": chunk.start,
        "end": chunk.end,
        "title": chunk.title,
        "source": chunk.source,
        "headings": list(chunk.headings),
        "page": chunk.page,
        "metadata": dict(chunk.metadata),
        "searched": chunk.searched,
    }
