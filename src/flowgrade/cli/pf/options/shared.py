"""What the groups share."""

from __future__ import annotations

import argparse
from typing import Any

Commands = Any
"""What ``ArgumentParser.add_subparsers`` gives."""


def command(commands: Commands, name: str, handler: str, help: str) -> argparse.ArgumentParser:
    """Add a command; ``handler`` is the ``module:function`` of ``cli.pf`` that does it."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=help, description=help, allow_abbrev=False
    )
    parser.set_defaults(handler=handler)
    parser.add_argument(
        "--verbose", action="store_true", help="Say on standard error which project it works in."
    )
    parser.add_argument("-d", "--debug", action="store_true", help="Show stack traces of errors.")
    return parser


def several(parser: argparse.ArgumentParser, flag: str, form: str, help: str) -> None:
    """Add an option that takes several ``name=value`` after one flag, and may come again."""
    parser.add_argument(flag, nargs="+", action="extend", default=[], metavar=form, help=help)


def environment(parser: argparse.ArgumentParser) -> None:
    """Add ``--environment-variables``, which may have no value, as in prompt flow."""
    parser.add_argument(
        "--environment-variables",
        nargs="*",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="Environment variables; '${connection.key}' stands for a connection's value.",
    )


def count(text: str) -> int:
    """The value of an option that says how many, at least one."""
    found = int(text)
    if found < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is less than 1")
    return found


def run_name(parser: argparse.ArgumentParser, *, help: str = "Name of the run.") -> None:
    """Add ``-n``."""
    parser.add_argument("-n", "--name", required=True, metavar="RUN", help=help)


def yes(parser: argparse.ArgumentParser) -> None:
    """Add ``-y``."""
    parser.add_argument("-y", "--yes", "--assume-yes", action="store_true", help="Do not ask.")
