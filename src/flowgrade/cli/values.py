"""Read ``name=value`` options."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from flowgrade.errors import InputError
from flowgrade.records import loads


def pairs(items: Iterable[str], option: str) -> dict[str, str]:
    """``name=value`` items as a mapping; raises a usage error for one without ``=``."""
    found: dict[str, str] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"'{item}' is not of the form name=value.", param_hint=option)
        found[name] = value
    return found


def typed(items: Iterable[str], option: str) -> dict[str, Any]:
    """Like ``pairs``, but a value that is JSON is read as JSON."""
    return {name: _typed(value) for name, value in pairs(items, option).items()}


def inputs_file(path: Path) -> dict[str, Any]:
    """The inputs in a JSON file, or in the first line of a JSONL file."""
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text (byte {error.start}).", hint="Save the file as UTF-8."
        ) from error
    first = text.splitlines()[0] if path.suffix in (".jsonl", ".ndjson") and text else text
    try:
        found = loads(first)
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{path} holds no JSON object.", hint='Write {"input": "value"}.')
    return found


def _typed(text: str) -> Any:
    try:
        return loads(text)
    except ValueError:
        return text
