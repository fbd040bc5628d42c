"""``flowgrade index evaluate``."""

from __future__ import annotations

from pathlib import Path

import click

from flowgrade.app import App
from flowgrade.cli.index.measured import (
    concurrency_option,
    data_option,
    limit_option,
    measure_index,
    show_measurement,
    warn,
)
from flowgrade.cli.index.options import as_json_option, snapshot_option
from flowgrade.cli.show import json_out
from flowgrade.records import dumps_any
from flowgrade.retrieval import DEFAULT_MEASURES, Measurement, read_measure, read_questions


@click.command()
@click.argument("name")
@data_option
@snapshot_option
@click.option(
    "--measure",
    "measures",
    multiple=True,
    metavar="NAME@K",
    help="Another measure: ndcg, recall, precision, hit, mrr or map, such as recall@20.",
)
@limit_option
@concurrency_option
@click.option(
    "--export",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a line for each question: what was found, and where.",
)
@as_json_option
def evaluate(
    name: str,
    data: Path,
    snapshot: str | None,
    measures: tuple[str, ...],
    limit: int | None,
    concurrency: int,
    export: Path | None,
    as_json: bool,
) -> int:
    """Ask the index NAME questions whose relevant documents are known, and measure what it finds.

    Each measure has an interval of 95 %; questions about the same documents count as one group.
    The result is stored with the snapshot. Exits with 1 when searches failed.
    """
    wanted = tuple(dict.fromkeys((*DEFAULT_MEASURES, *map(read_measure, measures))))
    questions = read_questions(data, limit=limit)
    app = App()
    index = app.open_index(name, snapshot=snapshot)
    found = measure_index(
        app, index, questions, measures=wanted, concurrency=concurrency, quiet=as_json
    )
    if export is not None:
        _export(found, export)
    if as_json:
        about = {"index": name, "snapshot": index.snapshot, "dataset": questions.digest}
        json_out({**about, **found.as_json()})
        warn(found)
    else:
        show_measurement(index, found)
    return 1 if found.failed else 0


def _export(found: Measurement, file: Path) -> None:
    lines = (dumps_any(one.as_json()) + "\n" for one in found.asked)
    file.write_text("".join(lines), encoding="utf-8")
