"""What the commands of ``pf`` print, and the values that they read."""

from __future__ import annotations

import json
from typing import Any

import click

from flowgrade.records import dumps_any


def print_json(value: object) -> None:
    """JSON as prompt flow prints it: four blanks deep, letters as they are."""
    click.echo(json.dumps(json.loads(dumps_any(value)), indent=4, ensure_ascii=False))


def print_grid(rows: list[dict[str, Any]]) -> None:
    """A table with lines around its cells, as prompt flow draws it."""
    names = list(rows[0]) if rows else []
    body = [[str(at), *(_cell(row[name]) for name in names)] for at, row in enumerate(rows)]
    table = [["", *names], *body]
    widths = [max(len(line[column]) for line in table) for column in range(len(names) + 1)]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    click.echo(rule)
    for number, line in enumerate(table):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("| " + " | ".join(cells) + " |")
        click.echo(rule.replace("-", "=") if number == 0 else rule)


def dotted(pairs: dict[str, str]) -> dict[str, dict[str, str]]:
    """``NODE.FIELD=VALUE`` as a mapping of mappings."""
    found: dict[str, dict[str, str]] = {}
    for path, value in pairs.items():
        node, dot, name = path.rpartition(".")
        if not dot:
            raise click.BadParameter(
                f"'{path}' is not of the form node.field=value.", param_hint="--connections"
            )
        found.setdefault(node, {})[name] = value
    return found


def _cell(value: object) -> str:
    text = value if isinstance(value, str) else dumps_any(value)
    return " ".join(text.split())
