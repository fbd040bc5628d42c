"""``flowgrade pf tool``."""

from __future__ import annotations

from flowgrade.cli.pf.options.shared import Commands, command


def add(commands: Commands) -> None:
    """Add the commands of the group."""
    found = command(commands, "list", "tool:list_", "Installed package tools, as JSON.")
    found.add_argument("--flow", metavar="FLOW", help="The tools in the code of this flow, too.")
