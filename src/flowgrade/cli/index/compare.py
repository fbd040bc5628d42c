"""``flowgrade index compare``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from flowgrade.app import App
from flowgrade.cli.index.bar import build_bar
from flowgrade.cli.index.measured import data_option, interval, limit_option
from flowgrade.cli.index.options import as_json_option
from flowgrade.cli.show import duration, json_out, note, table
from flowgrade.errors import InputError
from flowgrade.records import Json, JsonObject
from flowgrade.retrieval import (
    GRID_KEYS,
    MARGIN,
    PRIMARY,
    IndexComparison,
    IndexStanding,
    Measure,
    Trials,
    compare_settings,
    grid_candidates,
    grid_values,
    read_measure,
    read_questions,
    read_tries,
)
from flowgrade.settings.editing import edit_yaml_file


@click.command()
@click.argument("name")
@data_option
@click.option(
    "--try",
    "tries",
    multiple=True,
    metavar="KEY=A,B,C",
    help=f"Values of a setting: {', '.join(GRID_KEYS)}.",
)
@click.option(
    "--grid",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML file of the same: a list of values for each key.",
)
@click.option(
    "--by", default=str(PRIMARY), show_default=True, metavar="NAME@K", help="Measure to choose by."
)
@click.option(
    "--margin",
    default=MARGIN,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Differences below it are as good as none.",
)
@click.option("--apply", is_flag=True, help="Give the index the settings that are recommended.")
@limit_option
@as_json_option
def compare(
    name: str,
    data: Path,
    by: str,
    margin: float,
    apply: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Measure the index NAME with other settings, question by question beside those that it has.

    Every combination of the values is tried. Settings of chunks and embeddings are built for the
    comparison and removed after it. Of several, the best is chosen on one half of the questions
    and judged on the other. It is recommended when it is better than now beyond chance; else
    what is simpler and as good; else what there is.
    """
    wanted = _wanted(options["tries"], options["grid"])
    measure = read_measure(by)
    questions = read_questions(data, limit=options["limit"])
    app = App()
    index = app.open_index(name)
    every = grid_candidates(index.settings, wanted)
    held = index.documents()

    with (
        build_bar(quiet=as_json) as watch,
        Trials(app.indexes, index, app.settings.project, watch=watch) as trials,
    ):
        found = asyncio.run(
            compare_settings(
                index.settings,
                every,
                questions.questions,
                trials,
                by=measure,
                margin=margin,
                missing=lambda ids: [one for one in ids if one not in held],
                on_candidate=None if as_json else lambda one: note(f"measuring {one.label}"),
            )
        )
    applied = _apply(app, name, found) if apply and found.recommended.changes else None
    if as_json:
        json_out({"index": name, **found.as_json(), "applied": applied})
    else:
        _show(name, found, measure, applied)
    return 0


def _wanted(tries: tuple[str, ...], grid: Path | None) -> JsonObject:
    if not tries and grid is None:
        raise click.UsageError("Give --try or --grid.")
    found: Json = {}
    if grid is not None:
        from flowgrade.records.yaml import parse_yaml  # noqa: PLC0415  YAML only where it is read

        found = parse_yaml(grid.read_text(encoding="utf-8-sig"), file=str(grid))
        if not isinstance(found, dict):
            raise InputError(
                f"{grid} is no mapping of keys to lists.", hint="Write size: [128, 256]."
            )
    return {**found, **read_tries(tries)}


def _apply(app: App, name: str, found: IndexComparison) -> str:
    """Write the settings where they are kept, and build; returns the digest of the snapshot."""
    values = grid_values(found.recommended)
    if name in app.settings.indexes:
        file = app.settings.project / "flowgrade.yaml"
        edit_yaml_file(file, ("indexes", name), values)
        note(f"Wrote {found.recommended.label} to {file}.")
        app = App()
    built = asyncio.run(app.indexes.build(name, settings=values, rebuild="embedding" in values))
    note(f"Built {name}: {built.snapshot.short}")
    return built.snapshot.digest


def _show(name: str, found: IndexComparison, measure: Measure, applied: str | None) -> None:
    table(
        ["SETTINGS", str(measure), "DIFFERENCE", "P", "VERDICT", "MEDIAN"],
        [_row(one, measure, found) for one in found.standings],
    )
    click.echo()
    halves = f"chosen on {found.tuned_on:,} questions, " if found.tuned_on else ""
    click.echo(f"{click.style(found.recommended.label, bold=True)} is recommended. {found.reason}")
    note(f"({halves}judged on {len(found.standings[0].measurement.asked):,}; P is by Holm)")
    if found.recommended.changes and applied is None:
        note("To take it, add --apply.")


def _row(one: IndexStanding, measure: Measure, found: IndexComparison) -> tuple[str, ...]:
    change = one.difference
    mark = " *" if one.candidate == found.recommended else ""
    return (
        one.candidate.label + mark,
        interval(one.measurement.metrics[str(measure)]),
        "-"
        if change is None
        else f"{change.difference:+.4f} ({change.interval[0]:+.4f} to {change.interval[1]:+.4f})",
        "-" if one.adjusted is None else f"{one.adjusted:.4f}",
        "-" if change is None else change.verdict,
        duration(one.measurement.latency(0.5)),
    )
