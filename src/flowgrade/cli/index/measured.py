"""What the commands that measure an index share: options, asking, and the table of measures."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click

from flowgrade.app import App
from flowgrade.cli.show import duration, fields, money, note, table
from flowgrade.retrieval import (
    DEFAULT_MEASURES,
    Estimate,
    Index,
    Measure,
    Measurement,
    QuestionSet,
    kept_measurement,
    measure,
    save_measurement,
)

data_option = click.option(
    "--data",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Questions: rows with question and relevant, a list of document ids or {id: grade}.",
)
limit_option = click.option("--limit", type=click.IntRange(1), help="Only the first questions.")
concurrency_option = click.option(
    "--concurrency",
    default=1,
    show_default=True,
    type=click.IntRange(1, 256),
    help="Searches under way at once, at most.",
)

_KINDS = 6  # columns that still fit


def measure_index(
    app: App,
    index: Index,
    questions: QuestionSet,
    *,
    measures: Sequence[Measure] = DEFAULT_MEASURES,
    concurrency: int = 1,
    quiet: bool = False,
) -> Measurement:
    """Ask an index all questions, and store what was found."""
    held = index.documents()
    total = sum(bool(question.relevant) for question in questions.questions)
    work = measure(
        index,
        questions.questions,
        measures=measures,
        missing=lambda ids: [one for one in ids if one not in held],
        concurrency=concurrency,
        on_answer=None if quiet or not sys.stderr.isatty() else _counter(total),
    )
    found = asyncio.run(work)
    save_measurement(
        app.store,
        kept_measurement(
            found,
            index=index.name,
            snapshot=index.snapshot,
            settings=index.settings.as_json()["search"],
            dataset=questions.digest,
        ),
    )
    return found


def show_measurement(index: Index, found: Measurement) -> None:
    """What was found, for people."""
    skipped = f"  ({found.skipped:,} more have no relevant document)" if found.skipped else ""
    fields(
        [
            ("index", index.name),
            ("snapshot", index.about.short),
            ("questions", f"{len(found.asked):,}{skipped}"),
            (
                "latency",
                f"{duration(found.latency(0.5))} median, {duration(found.latency(0.95))} p95",
            ),
            ("speed", f"{found.queries_per_second:,.0f} questions/s"),
            *([("cost", money(found.cost, unpriced=found.unpriced))] if found.usage else []),
        ]
    )
    click.echo()
    kinds = list(found.segments)[:_KINDS]
    table(
        ["MEASURE", "ALL", *(f"{kind} ({found.segments[kind].queries:,})" for kind in kinds)],
        [
            (
                name,
                interval(found.metrics[name]),
                *(interval(found.segments[kind].metrics[name]) for kind in kinds),
            )
            for name in found.metrics
        ],
    )
    if len(found.segments) > _KINDS:
        note(f"{len(found.segments) - _KINDS:,} more kinds: --json")
    warn(found)


def warn(found: Measurement) -> None:
    """What makes the figures say less than they seem to."""
    if found.missing:
        note(
            f"{len(found.missing):,} relevant documents are not in the index, such as "
            f"'{found.missing[0]}'. They count as not found."
        )
    if found.failed:
        error = next(one.error for one in found.asked if one.error is not None)
        note(
            f"{found.failed:,} searches failed and count as having found nothing; the first: "
            f"{error.type}: {error.message}"
        )


def interval(value: Estimate) -> str:
    """A mean with its interval of 95 %."""
    return f"{value.mean:.3f} ({value.low:.2f}-{value.high:.2f})"


def _counter(total: int) -> Callable[[], None]:
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if done % 10 == 0 or done == total:
            click.echo(f"\r{done:,}/{total:,} questions", nl=done == total, err=True)

    return count


def limits(items: Sequence[str], option: str, alone: str) -> Mapping[str, str]:
    """``name=value`` items; a value alone is that of the measure ``alone``."""
    found: dict[str, str] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals:
            name, value = alone, item
        if not name or not value:
            raise click.BadParameter(
                f"'{item}' is not of the form measure=number.", param_hint=option
            )
        found[name] = value
    return found
