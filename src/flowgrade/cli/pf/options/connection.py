"""``flowgrade pf connection``."""

from __future__ import annotations

import argparse

from flowgrade.cli.pf.options.shared import Commands, command, count, several, yes

_SET = "Fields, such as base_url=…; secrets are safer in the file or the environment."


def add(commands: Commands) -> None:
    """Add the commands of the group."""
    create = command(commands, "create", "connection:create", "Keep a connection.")
    create.add_argument(
        "-f", "--file", required=True, metavar="FILE", help="YAML of a connection, or an .env file."
    )
    create.add_argument("-n", "--name", metavar="NAME", help="Name of the connection.")
    several(create, "--set", "FIELD=VALUE", _SET)
    update = command(commands, "update", "connection:update", "Change a kept connection.")
    _name(update)
    several(update, "--set", "FIELD=VALUE", _SET)
    _name(command(commands, "show", "connection:show", "One connection as JSON, without secrets."))
    found = command(
        commands, "list", "connection:list_", "Every connection as JSON, without secrets."
    )
    found.add_argument(
        "-r", "--max-results", type=count, default=50, metavar="N", help="How many, at most."
    )
    found.add_argument("--all-results", action="store_true", help="All connections.")
    delete = command(commands, "delete", "connection:delete", "Delete a kept connection.")
    _name(delete)
    yes(delete)


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-n", "--name", required=True, metavar="NAME", help="Name of the connection."
    )
