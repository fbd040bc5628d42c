"""``flowgrade schema``: JSON Schemas of the files that people write."""

from __future__ import annotations

import json
from importlib import import_module

import click

SCHEMAS = {
    "flowgrade.yaml": "flowgrade.settings.project_shape:project_schema",
    "models.yaml": "flowgrade.models.catalog.shape:models_schema",
}
"""The function that makes the schema, by file."""


@click.command()
@click.argument("file", type=click.Choice(list(SCHEMAS)))
def schema(file: str) -> None:
    """Print the JSON Schema of FILE.

    Editors check and complete YAML by it: write it to a file and name that in the first line of
    the YAML, as in `# yaml-language-server: $schema=flowgrade.schema.json`.
    """
    click.echo(schema_text(file), nl=False)


def schema_text(file: str) -> str:
    """The schema as indented text."""
    module, _, name = SCHEMAS[file].partition(":")
    found = getattr(import_module(module), name)()
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
