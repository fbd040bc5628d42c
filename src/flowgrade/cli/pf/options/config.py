"""``flowgrade pf config``."""

from __future__ import annotations

from flowgrade.cli.pf.options.shared import Commands, command


def add(commands: Commands) -> None:
    """Add the commands of the group."""
    change = command(
        commands, "set", "config:set_", "Check that settings are what a script wants them to be."
    )
    change.add_argument("values", nargs="+", metavar="KEY=VALUE", help="Such as trace.destination.")
    change.add_argument(
        "--path", metavar="FOLDER", help="Folder where they hold, as they do everywhere."
    )
    command(commands, "show", "config:show", "The settings that hold, as JSON.")
