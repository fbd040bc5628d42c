"""What people see: tables, durations, amounts."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from flowgrade.records import Ref, dumps_any

if TYPE_CHECKING:
    from flowgrade.runs import Run

UNKNOWN = "not known"


def json_out(value: object) -> None:
    """One JSON value on standard output."""
    click.echo(dumps_any(value))


def note(text: str) -> None:
    """A message for people, on standard error."""
    click.echo(text, err=True)


def write_out(output: Path | None, write: Callable[[TextIO], int], what: str) -> None:
    """Let ``write`` write to the file, of which a line then says how much, else to standard output.

    ``write`` returns how many of ``what`` it wrote.
    """
    if output is None:
        write(sys.stdout)
        return
    with output.open("w", encoding="utf-8", newline="") as stream:
        count = write(stream)
    note(f"{count:,} {what} in {output}")


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table as wide as the terminal; plain tab-separated lines where there is none."""
    if not sys.stdout.isatty():
        click.echo("\t".join(headers))
        for row in rows:
            click.echo("\t".join(cell.replace("\n", " ").replace("\t", " ") for cell in row))
        return
    from rich.console import Console  # noqa: PLC0415  100 ms, only for people
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for header in headers:
        drawn.add_column(header, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(drawn)


def fields(pairs: Iterable[tuple[str, str]]) -> None:
    """Names and values in two columns."""
    for name, value in pairs:
        click.echo(f"{click.style(f'{name:<11}', dim=True)} {value}")


def duration(seconds: float | None) -> str:
    """A duration as people say it."""
    if seconds is None:
        return UNKNOWN
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def amount(number: int | None) -> str:
    """A count with thousands apart."""
    return UNKNOWN if number is None else f"{number:,}"


def money(dollars: float | None, *, unpriced: int = 0) -> str:
    """US dollars; the least that it was where ``unpriced`` calls are not in it."""
    if dollars is None:
        return UNKNOWN
    # Four places, and two digits of what is less than they show.
    places = 4 if dollars >= 0.001 or dollars <= 0 else 1 - math.floor(math.log10(dollars))
    text = f"${dollars:,.{places}f}" if dollars else "$0"
    if not unpriced:
        return text
    return f"≥ {text}  ({unpriced:,} {'call' if unpriced == 1 else 'calls'} without a known price)"


def moment(nanoseconds: int | None) -> str:
    """A time in the local zone."""
    if nanoseconds is None:
        return "-"
    when = datetime.fromtimestamp(nanoseconds / 1e9, UTC).astimezone()
    return when.strftime("%Y-%m-%d %H:%M:%S")


def short(value: Any, width: int = 60) -> str:
    """A value on one line, cut to ``width``."""
    text = value if isinstance(value, str) else dumps_any(value)
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"


def run_summary(run: Run) -> None:
    """A run for people, with what to do next."""
    rows = amount(run.rows) if run.rows is not None else amount(run.completed + run.failed)
    fields(
        [
            ("run", run.name),
            ("status", _status(run)),
            ("rows", f"{rows}  ({run.completed:,} completed, {run.failed:,} failed)"),
            ("time", f"{duration(run.seconds)}{_rate(run)}"),
            ("tokens", amount(run.tokens)),
            ("cost", money(run.known_cost, unpriced=run.unpriced)),
            ("flow", Ref.parse(run.flow).short),
            ("data", Ref.parse(run.dataset).short),
            *((f"metric {name}", str(value)) for name, value in run.metrics.items()),
        ]
    )
    if run.error is not None:
        where = f" (node {run.error.node})" if run.error.node else ""
        fields([("error", f"{run.error.type}{where}: {run.error.message}")])
    fields([("next", step) for step in next_steps(run)])


def next_steps(run: Run) -> list[str]:
    """Commands that one would want after this run."""
    steps = []
    if run.failed:
        steps.append(f"flowgrade runs errors {run.name}")
    if run.status in ("interrupted", "cancelled", "failed") or run.failed:
        steps.append(f"flowgrade runs resume {run.name}")
    steps.append(f"flowgrade runs export {run.name} > results.jsonl")
    steps.append(f"flowgrade traces list --run {run.name}")
    return steps


def _status(run: Run) -> str:
    colour = "green" if run.good else "yellow" if run.status == "running" else "red"
    return click.style(run.status, fg=colour)


def _rate(run: Run) -> str:
    done = run.completed + run.failed
    return f"  ({done / run.seconds:,.0f} rows/s)" if done and run.seconds else ""
