"""``flowgrade export``: turn a flow into other forms."""

from __future__ import annotations

from pathlib import Path

import click

from flowgrade.app import App
from flowgrade.cli.folder import prints_as_messages
from flowgrade.cli.show import note


@click.group()
def export() -> None:
    """Turn a flow into other forms."""


@export.command()
@click.argument("flow", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; standard output if absent.",
)
@click.option("--variant", metavar="${NODE.VARIANT}", help="Export this variant.")
def python(flow: Path, to: Path | None, variant: str | None) -> None:
    """Turn FLOW, a flow of nodes, into a Python function that does the same.

    The module calls the flow's functions, prompts and models and has to stand beside their files:
    where --to names a file elsewhere, they are copied beside it. Nothing is overwritten. A flow
    with something that Python cannot do in the same way is refused, with the reason.
    """
    from flowgrade.promptflow import export_python  # noqa: PLC0415  start-up

    app = App()
    app.welcome_promptflow()
    with prints_as_messages():
        exported = export_python(flow, models=app.models, variant=variant)
    if to is None:
        click.echo(exported.text, nl=False)
        note(f"This module has to stand in {exported.home}; --to FILE puts it elsewhere.")
    else:
        for file in exported.write(to):
            note(f"Wrote {file}")
    if exported.added:
        note(f"Outputs that its aggregation reads were added: {', '.join(exported.added)}")
    if to is not None:
        note("Next:")
        note(f"  flowgrade test {to}:flow")
