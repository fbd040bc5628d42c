"""``flowgrade demo``: the example, whole."""

from __future__ import annotations

from pathlib import Path

import click

from flowgrade.app import App
from flowgrade.cli.example import copy_example
from flowgrade.cli.folder import inside
from flowgrade.cli.index.measured import measure_index, show_measurement
from flowgrade.cli.progress import progress_bar
from flowgrade.cli.run import execute
from flowgrade.cli.show import fields, json_out, note, run_summary, short
from flowgrade.retrieval import Measure, read_questions
from flowgrade.runs import Run, RunOptions, RunRow, new_run_name, run_rows
from flowgrade.settings import read_settings

INDEX = "knowledge"
"""The index of the example."""

_MEASURES = (Measure("ndcg", 10), Measure("recall", 1), Measure("recall", 5), Measure("recall", 10))


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default="contoso-demo")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def demo(folder: Path, as_json: bool) -> int:
    """Run the Contoso support assistant over its 300 questions.

    The example project is written to FOLDER (default: contoso-demo), its 60 documents are made
    searchable, and what is found for the questions is measured. The model behind it,
    embedded/reader, picks sentences out of the passages and generates nothing. Neither it nor the
    embedding model needs a key or a network.
    """
    if not (folder / "flow.dag.yaml").is_file():
        count = copy_example(folder)
        note(f"Wrote the example to {folder}: {count} questions.")
    app = App(read_settings(folder=folder))
    name = new_run_name("contoso")
    data = (folder / "data" / "questions.jsonl").resolve()
    app.build_index(INDEX)
    _measure(app, data, quiet=as_json)
    flow = app.load_flow(folder)
    with progress_bar(quiet=as_json) as watch, inside(flow.folder):
        work = app.arun(flow, data, options=RunOptions(name=name), watch=watch)
        ended = execute(work, name)
    if as_json:
        json_out(ended.as_json())
    else:
        _show(app, ended, folder)
    return 0 if ended.good else 1


def _measure(app: App, data: Path, *, quiet: bool) -> None:
    index = app.open_index(INDEX)
    found = measure_index(app, index, read_questions(data), measures=_MEASURES, quiet=True)
    if not quiet:
        show_measurement(index, found)
        click.echo()


def _show(app: App, run: Run, folder: Path) -> None:
    for row in _first(app, run, 3):
        click.echo(f"{click.style('Q', bold=True)} {short(row.inputs['question'], 96)}")
        click.echo(f"{click.style('A', bold=True)} {short((row.outputs or {})['answer'], 96)}\n")
    run_summary(run)
    fields([("results", f"{app.store.place}"), ("look", f"cd {folder} && flowgrade runs list")])


def _first(app: App, run: Run, count: int) -> list[RunRow]:
    return [row for row, _ in zip(run_rows(app.store, run.name), range(count), strict=False)]
