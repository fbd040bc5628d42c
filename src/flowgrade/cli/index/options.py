"""Options that say how an index is made and which part of it is meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from flowgrade.cli.values import typed
from flowgrade.records import JsonObject

F = TypeVar("F", bound=Callable[..., Any])

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
snapshot_option = click.option(
    "--snapshot",
    metavar="DIGEST",
    help="Another than the current one; its first digits are enough.",
)

_SETTINGS = (
    click.option("--chunker", help="structure, sentences, tokens, parents or a plugin's."),
    click.option("--size", type=click.IntRange(1), help="Tokens that a chunk has at most."),
    click.option(
        "--overlap", type=click.IntRange(0), help="Tokens that a chunk repeats of the one before."
    ),
    click.option(
        "--embedding", metavar="MODEL", help="Embedding model or slot; none: keywords alone."
    ),
    click.option("--store", help="sqlite, postgres, lancedb, qdrant, … or a plugin's."),
    click.option("--language", help="For stemming and stop words; none: words as they stand."),
    click.option(
        "--set",
        "more",
        multiple=True,
        metavar="KEY=VALUE",
        help="Any other key of an index in flowgrade.yaml, such as search.mode=keyword.",
    ),
)


def settings_options(command: F) -> F:
    """Add the options that say how an index is made."""
    for option in reversed(_SETTINGS):
        command = option(command)
    return command


def settings_given(more: Iterable[str], options: Mapping[str, Any]) -> JsonObject:
    """The settings in the options, as keys of an index in ``flowgrade.yaml``."""
    found: JsonObject = {name: value for name, value in options.items() if value is not None}
    for path, value in typed(more, "--set").items():
        *above, last = path.split(".")
        part = found
        for key in above:
            part = part.setdefault(key, {})
            if not isinstance(part, dict):
                raise click.BadParameter(f"'{key}' has no parts.", param_hint="--set")
        part[last] = value
    return found


def named_sources(sources: Iterable[str]) -> list[str]:
    """Sources as they are named on the command line; paths count from the current folder."""
    return [str(Path(one).absolute()) if Path(one).exists() else one for one in sources]
