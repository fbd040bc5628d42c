"""``flowgrade index questions``."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import click

from flowgrade.app import App
from flowgrade.cli.index.options import as_json_option, snapshot_option
from flowgrade.cli.show import json_out, note
from flowgrade.errors import InputError
from flowgrade.records import dumps
from flowgrade.retrieval import (
    Chunk,
    Index,
    SyntheticQuestion,
    gap_questions,
    written_questions,
)


@click.command()
@click.argument("name")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for the questions, JSONL.",
)
@click.option(
    "--count",
    default=100,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="How many, at most.",
)
@click.option("--model", metavar="MODEL", help="Chat model that writes them; none: gaps to fill.")
@click.option("--seed", default=0, show_default=True, help="Another one samples other passages.")
@click.option(
    "--concurrency",
    default=8,
    show_default=True,
    type=click.IntRange(1, 256),
    help="Calls of the model under way at once, at most.",
)
@snapshot_option
@as_json_option
def questions(
    name: str,
    out: Path,
    count: int,
    model: str | None,
    seed: int,
    concurrency: int,
    snapshot: str | None,
    as_json: bool,
) -> int:
    """Make questions from the passages of the index NAME, to measure it by.

    With --model a model writes them; one is kept when the passage holds the words that answer it.
    Without, they are sentences with their rarest word left out, in the passage's own words: they
    favour a search by words. Every line says that it is synthetic, and how it was made.
    """
    if out.exists():
        raise InputError(f"{out} is there already.", hint="Name a new file.")
    app = App()
    index = app.open_index(name, snapshot=snapshot)
    chunks = _sampled(index, 2 * count, seed)
    refused: dict[str, int] = {}
    if model is None:
        made = gap_questions(chunks, count, seed=seed)
    else:
        made, refused = asyncio.run(_write(app, model, chunks, count, seed, concurrency))
    if not made:
        raise InputError(
            f"No passage of '{name}' has a sentence of 8 to 40 words to ask about.",
            hint="Give a model: --model openai/gpt-4o-mini",
        )
    lines = (dumps(one.as_row(number)) + "\n" for number, one in enumerate(made, start=1))
    out.write_text("".join(lines), encoding="utf-8")
    if as_json:
        json_out({"questions": len(made), "file": str(out), "refused": refused})
        return 0
    note(f"{len(made):,} questions in {out}")
    for reason, number in sorted(refused.items()):
        note(f"{number:,} refused: {reason}")
    note(f"Measure: flowgrade index evaluate {name} --data {out}")
    return 0


async def _write(
    app: App, model: str, chunks: list[Chunk], count: int, seed: int, concurrency: int
) -> tuple[list[SyntheticQuestion], dict[str, int]]:
    async with app.models as models:
        return await written_questions(
            chunks, models.open(model), count, seed=seed, concurrency=concurrency
        )


def _sampled(index: Index, most: int, seed: int) -> list[Chunk]:
    """Chunks of documents by chance; not the whole index where that is large."""
    documents = list(index.documents())
    random.Random(seed).shuffle(documents)
    found: list[Chunk] = []
    for document in documents:
        if len(found) >= 4 * most:
            break
        found += index.chunks(document)
    return found
