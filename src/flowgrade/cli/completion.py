"""``flowgrade completion``: let the shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from flowgrade.cli.main import flowgrade

_VARIABLE = "_FLOWGRADE_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script for SHELL that completes commands, options and their values.

    In ~/.bashrc or ~/.zshrc: eval "$(flowgrade completion bash)", or zsh. For fish, write it to
    ~/.config/fish/completions/flowgrade.fish.
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(flowgrade, {}, "flowgrade", _VARIABLE).source())
