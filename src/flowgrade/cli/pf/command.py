"""``flowgrade pf``: hand everything behind it over to the parser, then to what does it."""

from __future__ import annotations

import json
import os
from importlib import import_module

import click

from flowgrade.cli.pf.parser import GROUPS, pf_parser
from flowgrade.cli.show import note
from flowgrade.errors import UsageError

_PROMPTFLOW = "Use prompt flow's own command for it, which reads the same files."
_SERVICE = "Flowgrade has no service in the background: commands work without one."
_ELSEWHERE = {
    ("flow", "build"): ("Flowgrade does not package flows.", _PROMPTFLOW),
    ("flow", "serve"): ("Flowgrade does not serve flows over HTTP.", _PROMPTFLOW),
    ("run", "build"): ("Flowgrade does not package flows.", _PROMPTFLOW),
    ("tool", "init"): (
        "Flowgrade makes no skeletons of tools.",
        "A tool is a function with @tool in a file of the flow: no more is needed.",
    ),
    ("tool", "validate"): (
        "Flowgrade checks tools together with the flow that uses them.",
        "Check the flow: flowgrade pf flow validate --source FLOW",
    ),
    ("trace",): ("Traces have commands of their own.", "See: flowgrade traces --help"),
    ("service",): (_SERVICE, "Leave it out."),
    ("upgrade",): ("Flowgrade is upgraded as every package is.", "pip install -U flowgrade"),
}
"""What prompt flow has and `flowgrade pf` has not: why, and what to do."""


@click.command(
    context_settings={
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
        "help_option_names": [],
    }
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="GROUP COMMAND [OPTIONS]")
def pf(arguments: tuple[str, ...]) -> int:
    """Prompt flow's own commands: flow, run, connection, config, tool; and script.

    A script changes by one word: `flowgrade pf flow test …` for `pf flow test …`. What each
    takes is in pf.md, and shown by --help behind it.
    """
    _refuse(arguments)
    group = arguments[0] if arguments and arguments[0] in GROUPS else None
    parser = pf_parser(group or "")
    given = parser.parse_args(arguments)
    if given.version:
        return _version()
    if given.group is None:
        parser.print_help()
        return 2
    if given.debug:
        os.environ["FLOWGRADE_DEBUG"] = "1"
    if given.verbose:
        _say_where()
    module, _, name = given.handler.partition(":")
    code: int | None = getattr(import_module(f"flowgrade.cli.pf.{module}"), name)(given)
    return code or 0


def _refuse(arguments: tuple[str, ...]) -> None:
    found = _ELSEWHERE.get(arguments[:2]) or _ELSEWHERE.get(arguments[:1])
    if found is not None:
        message, hint = found
        raise UsageError(message, hint=hint)


def _version() -> int:
    from importlib.metadata import version  # noqa: PLC0415  20 ms

    click.echo(json.dumps({"flowgrade": version("flowgrade")}, indent=2))
    return 0


def _say_where() -> None:
    from flowgrade.settings import read_settings  # noqa: PLC0415  only for --verbose

    note(f"project: {read_settings().project}")
