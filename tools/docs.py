"""Write the reference pages that follow from the code, or check that they are fresh.

    python tools/docs.py            # write them
    python tools/docs.py --check    # exit with 1 when one is stale

The commands come from click, the errors from ``flowgrade.errors``, the JSON Schemas from the shapes
of the files; nobody edits these pages by hand.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click

from flowgrade import errors
from flowgrade.cli.main import COMMANDS, flowgrade
from flowgrade.cli.pf.parser import GROUPS, pf_parser
from flowgrade.cli.schema import SCHEMAS, schema_text
from flowgrade.errors import FlowgradeError

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"

# Errors that live with the code that raises them.
ELSEWHERE = (
    "flowgrade.flows.references:InvalidPropertyError",
    "flowgrade.testing.stub.script_error:StubScriptError",
)

# What options mean whose help says nothing.

_MARK = "<!-- Written by tools/docs.py; edit the code instead. -->\n"

_COMMANDS = """\
# Command line

Data goes to standard output, messages to standard error. Where standard output is no terminal,
tables are tab-separated and there are no colours and no progress bars. What `--json` prints is in
[json.md](json.md), with the exit codes. FLOW is a folder with one flow, a flow's file, or
`file.py:function` or `module:function`.

Values with `${…}` need single quotes in a shell: `--map question='${data.q}'`.
"""

_ERRORS = """\
# Errors

What Flowgrade raises on purpose is a `FlowgradeError`, so one `except` clause catches it all. The
message names the cause; `hint` names the next step; `place` is the position in your file, where
there is one. `str(error)` has all three.

The command line prints that text and exits with the code below. Its first column is also the
`type` of an error in JSON, where a failed row has the class of what your code raised: see
[json.md](json.md#an-error). A class that is "retryable" may go away by itself: model calls repeat
such errors before they give up.
"""

_PF = (ROOT / "tools" / "pf.txt").read_text(encoding="utf-8")
"""What stands before the commands of ``flowgrade pf``."""


def main(arguments: list[str]) -> int:
    """Write or check the pages; returns 1 when ``--check`` finds a stale one."""
    stale = [name for name, text in pages().items() if _current(name) != text]
    if "--check" in arguments:
        for name in stale:
            print(f"docs/reference/{name} is stale: run python tools/docs.py", file=sys.stderr)
        return int(bool(stale))
    for name in stale:
        (REFERENCE / name).parent.mkdir(parents=True, exist_ok=True)
        (REFERENCE / name).write_text(pages()[name], encoding="utf-8")
        print(f"wrote docs/reference/{name}")
    return 0


def pages() -> dict[str, str]:
    """The generated pages by name of the file."""
    schemas = {
        f"schemas/{file.removesuffix('.yaml')}.schema.json": schema_text(file) for file in SCHEMAS
    }
    return {
        "command-line.md": command_page(),
        "errors.md": error_page(),
        "pf.md": f"{_MARK}\n{pf_page()}",
        **schemas,
    }


def command_page() -> str:
    """Every command with its arguments and options."""
    parts = [_MARK, _COMMANDS, _root()]
    parts += [_command(path, command) for path, command in commands()]
    return "\n".join(parts)


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command below the root by its path, such as ``runs list``, groups before members."""
    root = click.Context(flowgrade)
    for name in COMMANDS:
        found = flowgrade.get_command(root, name)
        assert found is not None
        yield name, found
        if isinstance(found, click.Group):
            for member in found.list_commands(root):
                command = found.get_command(root, member)
                assert command is not None
                yield f"{name} {member}", command


def error_page() -> str:
    """Every class of error with its meaning, parent and exit code."""
    own = [
        kind
        for kind in vars(errors).values()
        if inspect.isclass(kind) and issubclass(kind, FlowgradeError)
    ]
    more = [_named(name) for name in ELSEWHERE]
    head = "| Error | Means | Is a | Exit code | Retryable |\n|---|---|---|---|---|"
    return "\n".join([_MARK, _ERRORS, head, *map(_error, own + more), ""])


def pf_page() -> str:
    """Every group, command and option."""
    parts = [_PF]
    for group, line in GROUPS.items():
        parts.append(f"## {group}\n\n{line}\n")
        parts += [
            _pf_section(path, parser)
            for path, parser in pf_commands()
            if path.partition(" ")[0] == group
        ]
    return "\n".join(parts)


def pf_commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Each command's path, such as ``run create``, with its parser."""
    for group, parser in _members(pf_parser()):
        for name, command in _members(parser):
            yield f"{group} {name}", command


def _members(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _pf_section(path: str, parser: argparse.ArgumentParser) -> str:
    rows = [_pf_row(action) for action in parser._actions if action.dest != "help"]
    table = "\n".join(["| Option | Meaning |", "|---|---|", *rows])
    return f"### flowgrade pf {path}\n\n{parser.description}\n\n{table}\n"


def _pf_row(action: argparse.Action) -> str:
    names = ", ".join(f"`{flag}`" for flag in action.option_strings)
    takes = action.nargs != 0
    value = action.metavar if isinstance(action.metavar, str) else "CHOICE"
    more = " …" if action.nargs in ("+", "*") else ""
    if not action.option_strings:
        names = f"`{value}{more}`"
    elif takes:
        names = f"{names[:-1]} {value}{more}`"
    notes = [str(action.help)]
    if action.choices:
        notes.append(f"One of: {', '.join(f'`{one}`' for one in action.choices)}.")
    if takes and action.default not in (None, []):
        notes.append(f"Default: `{action.default}`.")
    if action.required and action.option_strings:
        notes.append("Required.")
    return f"| {names} | {' '.join(notes)} |".replace("|`", "| `")


def _current(name: str) -> str | None:
    file = REFERENCE / name
    return file.read_text(encoding="utf-8") if file.is_file() else None


def _root() -> str:
    rows = "\n".join(_row(*_parameter(parameter)) for parameter in flowgrade.params)
    lines = [f"| [`{name}`](#flowgrade-{name}) | {line} |" for name, (_, line) in COMMANDS.items()]
    table = "\n".join(["| Command | Does |", "|---|---|", *lines])
    return (
        f"{table}\n\n`-h` or `--help` after any command shows its help. "
        f"These stand before the command:\n\n{_table(rows)}"
    )


def _command(path: str, command: click.Command) -> str:
    level = "##" if " " not in path else "###"
    text = [f"{level} flowgrade {path}", _help(command)]
    if isinstance(command, click.Group):
        return "\n\n".join(text) + "\n"
    usage = " ".join(["flowgrade", path, *command.collect_usage_pieces(click.Context(command))])
    text.append(f"```text\n{usage}\n```")
    found = [_parameter(p) for p in command.params if isinstance(p, click.Option)]
    if found:
        text.append(_table("\n".join(_row(*parameter) for parameter in found)))
    return "\n\n".join(text).rstrip() + "\n"


def _help(command: click.Command) -> str:
    """The help; a paragraph that click leaves as it is, marked with \\b, is a block."""
    parts = inspect.cleandoc(command.help or "").split("\n\n")
    return "\n\n".join(
        f"```text\n{inspect.cleandoc(part[1:].strip(chr(10)))}\n```"
        if part.startswith("\b")
        else part
        for part in parts
    )


def _table(rows: str) -> str:
    return f"| Option | Meaning |\n|---|---|\n{rows}\n"


def _row(name: str, meaning: str) -> str:
    return f"| {name} | {meaning} |"


def _parameter(parameter: click.Parameter) -> tuple[str, str]:
    assert isinstance(parameter, click.Option)
    value = "" if parameter.is_flag else f" {_metavar(parameter)}"
    names = ", ".join(f"`{name}{value}`" for name in parameter.opts)
    notes = [parameter.help or "", *_notes(parameter)]
    return names, " ".join(note for note in notes if note).replace("|", "\\|")


def _metavar(option: click.Option) -> str:
    if option.metavar:
        return option.metavar
    if isinstance(option.type, click.Choice):
        return "CHOICE"
    kinds = {"integer range": "N", "float range": "NUMBER", "file": "FILE"}
    return kinds.get(option.type.name, "TEXT")


def _notes(option: click.Option) -> Iterator[str]:
    if isinstance(option.type, click.Choice):
        yield f"One of: {', '.join(f'`{choice}`' for choice in option.type.choices)}."
    if isinstance(option.type, click.IntRange) and option.type.max is not None:
        yield f"From {option.type.min} to {option.type.max}."
    if option.required:
        yield "Required."
    if option.multiple:
        yield "May be given several times."
    if option.show_default and option.default is not None:
        yield f"Default: `{option.default}`."


def _error(kind: type[FlowgradeError]) -> str:
    meaning = (inspect.getdoc(kind) or "").splitlines()[0]
    parent = kind.__bases__[0].__name__
    retryable = "yes" if kind.retryable else ""
    return f"| `{kind.__name__}` | {meaning} | `{parent}` | {kind.exit_code} | {retryable} |"


def _named(text: str) -> type[FlowgradeError]:
    module, _, name = text.partition(":")
    kind: type[FlowgradeError] = getattr(import_module(module), name)
    return kind


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
