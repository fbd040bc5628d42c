"""``flowgrade init``: a new project."""

from __future__ import annotations

from pathlib import Path

import click

from flowgrade.cli.example import copy_example
from flowgrade.cli.show import note

_QUESTIONS = 12


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--template",
    type=click.Choice(["support"]),
    default="support",
    show_default=True,
    help="support: answers questions from the documents it is given.",
)
def init(folder: Path, template: str) -> None:
    """Make a new project in FOLDER: a flow, its prompt, documents and questions.

    It runs as it is, with no key and no network.
    """
    count = copy_example(folder, questions=_QUESTIONS)
    note(f"A project with {count} questions is in {folder} (template: {template}).")
    note("Next:")
    note(f"  cd {folder}")
    note("  flowgrade test . --inputs data/questions.jsonl")
    note("  flowgrade run . --data data/questions.jsonl")
