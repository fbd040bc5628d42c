"""The parser of ``flowgrade pf``: several values after one flag, which click does not have."""

from __future__ import annotations

import argparse
from importlib import import_module

GROUPS = {
    "flow": "Make, call and check flows.",
    "run": "Flows over data.",
    "connection": "How to reach models and services.",
    "config": "Settings.",
    "tool": "Tools that flows can use.",
    "script": "A command pf that stands for flowgrade pf.",
}
"""Each group has a module of its name in ``options``."""


def pf_parser(group: str | None = None) -> argparse.ArgumentParser:
    """The parser; with ``group`` only that group's commands are made."""
    parser = argparse.ArgumentParser(
        prog="flowgrade pf",
        description="Prompt flow's own commands, on Flowgrade's flows, runs and connections.",
        allow_abbrev=False,
    )
    parser.add_argument("-v", "--version", action="store_true", help="Show versions as JSON.")
    groups = parser.add_subparsers(title="groups", dest="group", metavar="GROUP")
    for name, line in GROUPS.items():
        own = groups.add_parser(name, help=line, description=line, allow_abbrev=False)
        if group in (None, name):
            commands = own.add_subparsers(
                title="commands", dest="command", metavar="COMMAND", required=True
            )
            import_module(f"flowgrade.cli.pf.options.{name}").add(commands)
    return parser
