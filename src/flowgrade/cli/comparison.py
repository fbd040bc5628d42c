"""``flowgrade models compare``: the same questions to several models, side by side."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import click

from flowgrade.app import App
from flowgrade.cli.environment import environment_option
from flowgrade.cli.show import amount, duration, json_out, money, note, short, table
from flowgrade.cli.values import typed
from flowgrade.datasets import open_dataset
from flowgrade.errors import InputError
from flowgrade.models import Answer, Comparison, Models, RetryPolicy, Standing, compare_models
from flowgrade.records import dumps_any

_RETRIES = 3  # fewer than in a run: somebody waits for the table
_COLUMNS = ("question", "prompt", "input", "text")


@click.command()
@click.argument("models", nargs=-1, required=True)
@click.option("--prompt", help="One question.")
@click.option("--data", help="Dataset of questions: JSONL, CSV, TSV, JSON or Parquet.")
@click.option(
    "--column", help="Column of the questions; question, prompt, input or text if absent."
)
@click.option("--limit", type=click.IntRange(1), help="Only the first rows.")
@click.option("--system", help="System prompt before each question.")
@click.option(
    "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="Parameter of the calls."
)
@click.option(
    "--concurrency",
    default=8,
    show_default=True,
    type=click.IntRange(1, 256),
    help="Calls under way at once, at most.",
)
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page too.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@environment_option
def compare(models: tuple[str, ...], html: Path | None, as_json: bool, **options: Any) -> int:
    """Ask MODELS the same and show answers, times, tokens and costs side by side.

    Give --prompt or --data. A model that fails is a line with its error; the exit code is then 1.
    """
    questions = _questions(options)
    names = tuple(dict.fromkeys(models))
    opened = Models(App().settings, retry=RetryPolicy(retries=_RETRIES))
    found = asyncio.run(_compare(opened, names, questions, options))
    if html is not None:
        from flowgrade.cli.comparison_page import comparison_page  # noqa: PLC0415  Jinja, 60 ms

        html.write_text(comparison_page(found), encoding="utf-8")
    if as_json:
        json_out(found.as_json())
    else:
        _print(found)
    if html is not None:
        note(f"The page is {html}.")
    return 0 if found.good else 1


async def _compare(
    models: Models, names: tuple[str, ...], questions: list[str], options: dict[str, Any]
) -> Comparison:
    total, done = len(names) * len(questions), 0

    def count(_: Answer) -> None:
        nonlocal done
        done += 1
        click.echo(f"\r{done}/{total} answers", nl=done == total, err=True)

    async with models:
        return await compare_models(
            models,
            names,
            questions,
            system=options["system"],
            parameters=typed(options["parameters"], "--parameter"),
            concurrency=options["concurrency"],
            on_answer=count if sys.stderr.isatty() and total > 1 else None,
        )


def _questions(options: dict[str, Any]) -> list[str]:
    if (options["prompt"] is None) == (options["data"] is None):
        raise click.UsageError("Give --prompt or --data, one of them.")
    if options["prompt"] is not None:
        return [options["prompt"]]
    dataset = open_dataset(Path(options["data"]).resolve(), limit=options["limit"])
    rows = [row for _, row in dataset.rows()]
    if not rows:
        raise InputError(f"{options['data']} has no rows.")
    column = options["column"] or next((name for name in _COLUMNS if name in rows[0]), None)
    if column is None or column not in rows[0]:
        raise InputError(
            f"{options['data']} has no column '{options['column'] or _COLUMNS[0]}'.",
            hint=f"Name one with --column: {', '.join(rows[0])}.",
        )
    return [_text(row.get(column)) for row in rows]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else dumps_any(value)


def _print(found: Comparison) -> None:
    table(
        ["MODEL", "ANSWERS", "MEDIAN", "P95", "FIRST TEXT", "TOKENS IN", "OUT", "COST"],
        [_row(standing) for standing in found.standings()],
    )
    width = max(map(len, found.models))
    for question, row in zip(found.questions, found.answers, strict=True):
        click.echo()
        click.echo(click.style(short(question, 96), bold=True))
        for answer in row:
            click.echo(
                f"{click.style(f'{answer.model:<{width}}', fg='cyan')}  {_answer(answer, found)}"
            )


def _row(standing: Standing) -> tuple[str, ...]:
    total = standing.answered + standing.failed
    failed = f", {standing.failed} failed" if standing.failed else ""
    return (
        standing.model,
        f"{standing.answered}/{total}{failed}",
        _time(standing.median),
        _time(standing.p95),
        _time(standing.first_token),
        _count(standing.input_tokens),
        _count(standing.output_tokens),
        money(standing.cost, unpriced=standing.unpriced) if standing.answered else "-",
    )


def _answer(answer: Answer, found: Comparison) -> str:
    if answer.error is not None:
        failed = click.style(f"{answer.error.type}: {answer.error.message}", fg="red")
        return f"{failed}\n  {answer.error.hint}" if answer.error.hint else failed
    text = answer.text or ""
    return text if len(found.questions) == 1 else short(text, 96)


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else duration(seconds)


def _count(number: int | None) -> str:
    return "-" if number is None else amount(number)
