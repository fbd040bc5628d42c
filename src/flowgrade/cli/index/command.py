"""``flowgrade index``: searchable documents, in versions."""

from __future__ import annotations

import click

from flowgrade.cli.lazy import Lazy

COMMANDS = {
    "build": ("flowgrade.cli.index.build:build", "Make a snapshot of documents, searchable."),
    "update": ("flowgrade.cli.index.build:update", "Take in what changed since the last build."),
    "list": ("flowgrade.cli.index.listing:list_", "The indexes of the project."),
    "show": ("flowgrade.cli.index.listing:show", "One index: settings, counts, snapshots."),
    "diff": ("flowgrade.cli.index.diff:diff", "What differs between two snapshots."),
    "query": ("flowgrade.cli.index.query:query", "Search an index."),
    "evaluate": ("flowgrade.cli.index.evaluate:evaluate", "Measure how well an index finds."),
    "compare": ("flowgrade.cli.index.compare:compare", "Measure settings against each other."),
    "gate": ("flowgrade.cli.index.gate:gate", "Hold the measures against thresholds."),
    "questions": (
        "flowgrade.cli.index.questions:questions",
        "Make questions to measure an index by.",
    ),
    "export": ("flowgrade.cli.index.export:export", "Write the chunks of a snapshot."),
    "prune": ("flowgrade.cli.index.delete:prune", "Forget vectors that builds remembered."),
    "delete": ("flowgrade.cli.index.delete:delete", "Delete an index or a snapshot."),
}
"""Name → where the command is, and its line in the help."""


@click.command(cls=Lazy, table=COMMANDS)
def index() -> None:
    """Make documents searchable, in versions that never change, and search them."""
