"""A trace drawn in the terminal: the tree of spans beside their times."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence

import click

from flowgrade.cli.show import amount, duration, moment, short
from flowgrade.records import Span, dumps_any

_BAR = 32
_COLOURS = {
    "model": "magenta",
    "embedding": "magenta",
    "node": "cyan",
    "tool": "yellow",
    "flow": "blue",
    "retrieval": "green",
}


def waterfall(spans: Sequence[Span], *, full: bool = False) -> None:
    """Print the spans of one trace."""
    start = min(span.start_ns for span in spans)
    end = max(span.end_ns for span in spans)
    click.echo(f"trace {spans[0].trace_id}   {moment(start)}   {duration((end - start) / 1e9)}")
    tree = list(_tree(spans))
    width = max(len(prefix) + len(span.name) for prefix, span in tree)
    width = min(max(width, 12), 48)
    for prefix, span in tree:
        _print(prefix, span, width=width, start=start, length=max(end - start, 1))
        if full or span.error is not None or span is tree[0][1]:
            _details(span, full=full)


def _tree(spans: Sequence[Span]) -> Iterator[tuple[str, Span]]:
    """Each span with the branch drawn before its name; a parent before its children."""
    known = {span.span_id for span in spans}
    children: dict[str | None, list[Span]] = defaultdict(list)
    for span in spans:
        children[span.parent_id if span.parent_id in known else None].append(span)
    stack = [("", "", span) for span in reversed(children[None])]
    while stack:
        branch, below, span = stack.pop()
        yield branch, span
        own = children[span.span_id]
        for index in range(len(own) - 1, -1, -1):
            last = index == len(own) - 1
            stack.append(
                (
                    f"{below}{'└─ ' if last else '├─ '}",
                    f"{below}{'   ' if last else '│  '}",
                    own[index],
                )
            )


def _print(prefix: str, span: Span, *, width: int, start: int, length: int) -> None:
    left = round((span.start_ns - start) / length * _BAR)
    filled = max(1, round((span.end_ns - span.start_ns) / length * _BAR))
    left = min(left, _BAR - 1)
    filled = min(filled, _BAR - left)
    colour = "red" if span.error is not None else _COLOURS.get(span.kind, "white")
    bar = " " * left + "█" * filled + " " * (_BAR - left - filled)
    tokens = span.usage.total_tokens if span.usage else None
    used = f"  {amount(tokens)} tokens" if tokens is not None else ""
    name = f"{prefix}{span.name}"
    name = name if len(name) <= width else name[: width - 1] + "…"
    click.echo(
        f"{name:<{width}} {click.style(bar, fg=colour)} {duration(span.seconds):>9}"
        f"{used}{click.style('  failed', fg='red') if span.error else ''}"
    )


def _details(span: Span, *, full: bool) -> None:
    wide = max(shutil.get_terminal_size((100, 24)).columns - 14, 40)
    for label, value in (("inputs", span.inputs), ("outputs", span.outputs)):
        if value is None:
            continue
        text = value if isinstance(value, str) else dumps_any(value)
        click.echo(click.style(f"    {label:<8}", dim=True) + (text if full else short(text, wide)))
    if span.error is not None:
        click.echo(
            click.style("    error   ", fg="red") + f"{span.error.type}: {span.error.message}"
        )
        if span.error.hint:
            click.echo(f"            {span.error.hint}")
        if full and span.error.trace:
            click.echo(span.error.trace)
