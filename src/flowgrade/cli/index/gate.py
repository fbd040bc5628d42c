"""``flowgrade index gate``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from flowgrade.app import App
from flowgrade.cli.index.measured import (
    concurrency_option,
    data_option,
    limit_option,
    limits,
    measure_index,
    warn,
)
from flowgrade.cli.index.options import as_json_option, snapshot_option
from flowgrade.cli.show import json_out, table
from flowgrade.retrieval import (
    DEFAULT_MEASURES,
    MARGIN,
    PRIMARY,
    Criterion,
    gate_outcome,
    hold_against,
    hold_minima,
    read_limits,
    read_questions,
)

_CODES = {"pass": 0, "fail": 1, "inconclusive": 3}
_COLOURS = {"pass": "green", "fail": "red", "inconclusive": "yellow"}


@click.command()
@click.argument("name")
@data_option
@snapshot_option
@click.option(
    "--min",
    "minima",
    multiple=True,
    metavar="MEASURE=NUMBER",
    help="The least that a measure may be, such as ndcg@10=0.85.",
)
@click.option("--baseline", metavar="DIGEST", help="A snapshot that it may not be worse than.")
@click.option(
    "--margin",
    "margins",
    multiple=True,
    metavar="MEASURE=NUMBER",
    help=f"By how much it may be worse than the baseline; {PRIMARY}={MARGIN} if absent.",
)
@limit_option
@concurrency_option
@as_json_option
def gate(
    name: str,
    data: Path,
    snapshot: str | None,
    baseline: str | None,
    concurrency: int,
    as_json: bool,
    **options: Any,
) -> int:
    """Hold what the index NAME finds against thresholds, or against another snapshot.

    A criterion passes when the whole interval of 95 % is good enough, fails when none of it is,
    and is inconclusive between. Exits with 0 when all pass, 1 when one fails, 3 when it cannot be
    told.
    """
    minima, margins = options["minima"], options["margins"]
    if not minima and baseline is None:
        raise click.UsageError("Give --min, or --baseline, or both.")
    if margins and baseline is None:
        raise click.UsageError("--margin needs --baseline.")
    least = read_limits(limits(minima, "--min", str(PRIMARY)), what="minimum")
    allowed = read_limits(
        limits(margins or (f"{PRIMARY}={MARGIN}",), "--margin", str(PRIMARY)), what="margin"
    )
    questions = read_questions(data, limit=options["limit"])
    app = App()
    index = app.open_index(name, snapshot=snapshot)
    before = None if baseline is None else app.open_index(name, snapshot=baseline)
    measures = tuple(dict.fromkeys((*DEFAULT_MEASURES, *least, *allowed)))
    found = measure_index(
        app, index, questions, measures=measures, concurrency=concurrency, quiet=as_json
    )
    criteria = hold_minima(found, least)
    if before is not None:
        then = measure_index(
            app, before, questions, measures=measures, concurrency=concurrency, quiet=as_json
        )
        criteria += hold_against(found, then, allowed)
    decided = gate_outcome(criteria)
    if as_json:
        json_out(
            {
                "index": name,
                "snapshot": index.snapshot,
                "baseline": None if before is None else before.snapshot,
                "queries": len(found.asked),
                "outcome": decided,
                "criteria": [criterion.as_json() for criterion in criteria],
            }
        )
    else:
        _show(criteria)
        click.echo(click.style(decided, fg=_COLOURS[decided], bold=True))
    warn(found)
    return _CODES[decided]


def _show(criteria: list[Criterion]) -> None:
    table(
        ["CRITERION", "ESTIMATE", "INTERVAL", "OUTCOME", "REASON"],
        [
            (
                one.id,
                f"{one.estimate:.4f}",
                f"{one.interval[0]:.4f} to {one.interval[1]:.4f}",
                one.outcome,
                one.reason,
            )
            for one in criteria
        ],
    )
