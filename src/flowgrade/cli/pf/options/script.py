"""``flowgrade pf script``."""

from __future__ import annotations

import argparse

from flowgrade.cli.pf.options.shared import Commands, command


def add(commands: Commands) -> None:
    """Add the commands of the group."""
    _folder(command(commands, "install", "script:install", "Write a command pf that is this one."))
    _folder(command(commands, "remove", "script:remove", "Remove it."))


def _folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to", metavar="FOLDER", help="Folder of the script; that of the command flowgrade."
    )
