"""``flowgrade init``: a new project."""

from __future__ import annotations

from pathlib import Path

import click

from flowgrade.cli.show import json_out, note, table
from flowgrade.cli.templates import TEMPLATES, copy_template
from flowgrade.errors import UsageError

_LINES = "\n".join(f"{name:<10}{line}" for name, line in TEMPLATES.items())


@click.command(
    help=f"""Make a new project in FOLDER: a flow, its data and a README.

    It runs as it is, with no key and no network. The templates:

    \b
    {_LINES.replace(chr(10), chr(10) + "    ")}
    """
)
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option(
    "--template",
    type=click.Choice(list(TEMPLATES)),
    default="rag",
    show_default=True,
    help="What kind of project.",
)
@click.option("--list", "only_list", is_flag=True, help="List the templates and make nothing.")
@click.option(
    "--force",
    is_flag=True,
    help="Also into a folder that has something in it. No file is overwritten.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def init(folder: Path | None, template: str, only_list: bool, force: bool, as_json: bool) -> None:
    """Make a new project."""
    if only_list:
        _list(as_json)
        return
    if folder is None:
        raise UsageError("Which folder?", hint=f"flowgrade init my-project --template {template}")
    files = copy_template(template, folder, into=force)
    if as_json:
        json_out(
            {"folder": str(folder), "template": template, "files": [str(file) for file in files]}
        )
        return
    note(f"A project of {len(files)} files is in {folder} (template: {template}).")
    note("Next:")
    if folder != Path():
        note(f"  cd {folder}")
    data = next(f for f in files if f.suffix == ".jsonl" and f.name in _DATA)
    note(f"  flowgrade test . --inputs {data}")
    note(f"  flowgrade run . --data {data}")
    note("More is in README.md.")


_DATA = ("questions.jsonl", "conversations.jsonl", "mails.jsonl", "claims.jsonl")


def _list(as_json: bool) -> None:
    if as_json:
        json_out([{"template": name, "description": line} for name, line in TEMPLATES.items()])
        return
    table(["TEMPLATE", "MAKES"], list(TEMPLATES.items()))
