"""``flowgrade prompts``: the library of prompts and the project's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowgrade.app import App
from flowgrade.cli.show import fields, json_out, note, table
from flowgrade.cli.values import pairs
from flowgrade.errors import InputError
from flowgrade.records import dumps_any

if TYPE_CHECKING:
    from flowgrade.prompts import Finding, PromptEntry, Prompty

# The room ``prompts`` is opened in each command: a template engine is not for ``--help``.

_TEMPLATES = (".prompty", ".jinja2", ".jinja", ".j2")


@click.group()
def prompts() -> None:
    """List, show, render, copy and check prompts."""


@prompts.command("list")
@click.argument("search", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(search: tuple[str, ...], as_json: bool) -> None:
    """The prompts of the library and of the project.

    With words in SEARCH, those whose name, description or tags have them all.
    """
    from flowgrade.prompts import library_prompts, project_prompts  # noqa: PLC0415  start-up

    app = App()
    words = " ".join(search)
    entries = [*project_prompts(app.settings.project), *library_prompts()]
    found = [entry for entry in entries if entry.matches(words)]
    if as_json:
        json_out([_entry(entry) for entry in found])
        return
    table(
        ["NAME", "FROM", "VERSION", "DESCRIPTION"],
        [(e.name, e.origin, e.version or "-", e.problem or e.description) for e in found],
    )
    if not found:
        note(f"No prompt has the words '{words}'." if words else "There are no prompts.")
    else:
        note("Look at one: flowgrade prompts show NAME")


@prompts.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def show(name: str, as_json: bool) -> None:
    """What a prompt is for, what goes into it, and its text.

    NAME is a prompt of the library or of the project, or a file.
    """
    app = App()
    entry = _find(app, name)
    prompty = _prompty(app, entry)
    if as_json:
        json_out(_shown(entry, prompty))
        return
    fields(
        [
            ("name", prompty.name),
            ("from", f"{entry.origin}, {entry.path}"),
            ("version", entry.version or "-"),
            ("does", prompty.description or "-"),
            ("model", _model(prompty)),
            ("includes", _includes(entry, prompty)),
        ]
    )
    click.echo()
    table(
        ["INPUT", "TYPE", "DEFAULT", "DESCRIPTION"],
        [
            (
                name,
                str(spec.get("type", "object")),
                _default(spec),
                str(spec.get("description", "")),
            )
            for name, spec in prompty.inputs.items()
        ],
    )
    click.echo()
    click.echo(prompty.template.strip())


@prompts.command()
@click.argument("name")
@click.option("-i", "--input", "given", multiple=True, metavar="NAME=VALUE", help="An input.")
@click.option("--sample", is_flag=True, help="Begin with the prompt's own sample.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def render(name: str, given: tuple[str, ...], sample: bool, as_json: bool) -> None:
    """The messages that would be sent, exactly, without sending them.

    NAME is a prompt of the library or of the project, or a file. The number of tokens is an
    estimate: a quarter of the characters.
    """
    from flowgrade.prompts import estimated_tokens, texts_of  # noqa: PLC0415  start-up

    app = App()
    entry = _find(app, name)
    if entry.path.suffix == ".prompty":
        found = _rendered(app, entry, pairs(given, "-i"), sample)
    else:
        found = _rendered_template(entry.path, pairs(given, "-i"), sample)
    messages = found.get("messages")
    texts = [found["text"]] if messages is None else list(texts_of(messages))
    tokens = estimated_tokens(texts)
    if as_json:
        json_out({**found, "estimated_tokens": tokens})
        return
    for message in messages or []:
        click.echo(click.style(f"── {message['role']}", bold=True))
        content = message.get("content", message.get("tool_calls"))
        click.echo(content if isinstance(content, str) else dumps_any(content))
        click.echo()
    if messages is None:
        click.echo(found["text"])
    note(f"about {_count(tokens, 'token')} (estimate: characters / 4)")


@prompts.command()
@click.argument("name")
@click.option("--from", "template", required=True, help="The prompt to begin with.")
@click.option(
    "--to",
    "folder",
    default="prompts",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write it to.",
)
def new(name: str, template: str, folder: Path) -> None:
    """Copy a prompt into the project as NAME, ready to be changed.

    The files that it includes are copied with it.
    """
    from flowgrade.prompts import new_prompt  # noqa: PLC0415  start-up

    target, kept = new_prompt(name, template=_find(App(), template), folder=folder)
    click.echo(target)
    for file in kept:
        note(f"{file} was there already and stays as it is.")
    note("Next:")
    note(f"  flowgrade prompts render {target} --sample")
    note(f"  flowgrade test {target}")


@prompts.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--context", type=click.IntRange(min=1), help="Tokens that the model takes.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def lint(paths: tuple[Path, ...], context: int | None, as_json: bool) -> int:
    """Check prompts for what goes wrong later.

    PATHS are files and folders of Prompty files and templates; without any, the project. Exits
    with 1 when there are errors.
    """
    from flowgrade.prompts import Severity, lint_prompt  # noqa: PLC0415  start-up

    files = _files(paths or (App().settings.project,))
    found = [finding for file in files for finding in lint_prompt(file, context=context)]
    errors = sum(finding.severity is Severity.ERROR for finding in found)
    warnings = len(found) - errors
    if as_json:
        json_out(
            {
                "files": len(files),
                "errors": errors,
                "warnings": warnings,
                "findings": [finding.as_json() for finding in found],
            }
        )
    else:
        for finding in found:
            click.echo(_line(finding))
        counts = ((len(files), "prompt"), (errors, "error"), (warnings, "warning"))
        note(", ".join(_count(number, what) for number, what in counts))
    return 1 if errors else 0


def _find(app: App, name: str) -> PromptEntry:
    from flowgrade.prompts import find_prompt  # noqa: PLC0415  start-up

    return find_prompt(name, app.settings.project)


def _prompty(app: App, entry: PromptEntry) -> Prompty:
    from flowgrade.prompts import prompt_of  # noqa: PLC0415  start-up

    if entry.path.suffix != ".prompty":
        raise InputError(
            f"{entry.path} is a template and no Prompty file.",
            hint=f"See what it gives: flowgrade prompts render {entry.path}",
        )
    # Without an environment: references are shown as they are, and no secret is looked up.
    return prompt_of(entry)


def _rendered(app: App, entry: PromptEntry, given: dict[str, Any], sample: bool) -> dict[str, Any]:
    from flowgrade.prompts import messages_of, text_of  # noqa: PLC0415  start-up

    prompty = _prompty(app, entry)
    flow = app.load_flow(entry.path)
    flow.check_names(given)
    values = flow.resolve({**(prompty.sample if sample else {}), **given})
    head = {
        "prompt": prompty.name,
        "api": prompty.api,
        "model": _model(prompty),
        "parameters": prompty.parameters,
    }
    if prompty.api == "completion":
        return {**head, "text": text_of(prompty, values)}
    return {**head, "messages": messages_of(prompty, values)}


def _rendered_template(file: Path, given: dict[str, Any], sample: bool) -> dict[str, Any]:
    from flowgrade.prompts import (  # noqa: PLC0415  start-up
        has_roles,
        read_template,
        render_chat,
        render_text,
        variables_of,
    )

    if sample:
        raise InputError(f"{file} has no sample.", hint="Give its variables with -i NAME=VALUE.")
    template = read_template(file).text
    missing = [name for name in variables_of(template, name=str(file)) if name not in given]
    if missing:
        raise InputError(
            f"The template needs the variable '{missing[0]}'.",
            hint=f"Give it: -i {missing[0]}=VALUE",
        )
    head: dict[str, Any] = {"prompt": file.name, "api": None, "model": None, "parameters": {}}
    if not has_roles(template):
        return {**head, "text": str(render_text(template, given, name=str(file)))}
    return {**head, "messages": render_chat(template, given, name=str(file))}


def _files(paths: tuple[Path, ...]) -> list[Path]:
    from flowgrade.prompts import prompt_files  # noqa: PLC0415  start-up

    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(prompt_files(path, _TEMPLATES))
        elif path.is_file():
            found.append(path)
        else:
            raise InputError(f"There is no {path}.", hint="Name prompts or folders of them.")
    return list(dict.fromkeys(found))


def _line(finding: Finding) -> str:
    colour = "red" if finding.severity == "error" else "yellow"
    mark = click.style(str(finding.severity), fg=colour)
    return f"{finding.place}: {mark} [{finding.rule}] {finding.message}\n    {finding.fix}"


def _model(prompty: Prompty) -> str:
    configuration = prompty.configuration
    name = configuration.get("azure_deployment") or configuration.get("model") or "-"
    connection = configuration.get("connection")
    return f"{connection}/{name}" if connection else str(name)


def _includes(entry: PromptEntry, prompty: Prompty) -> str:
    folder = entry.path.parent
    return ", ".join(str(file.relative_to(folder)) for file in prompty.source.included) or "-"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _default(spec: dict[str, Any]) -> str:
    found = spec.get("default")
    if found is None:
        return "(required)"
    return found if isinstance(found, str) and found else dumps_any(found)


def _entry(entry: PromptEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "from": entry.origin,
        "version": entry.version or None,
        "description": entry.description,
        "tags": list(entry.tags),
        "path": str(entry.path),
        "problem": entry.problem,
    }


def _shown(entry: PromptEntry, prompty: Prompty) -> dict[str, Any]:
    return {
        **_entry(entry),
        "api": prompty.api,
        "model": _model(prompty),
        "parameters": prompty.parameters,
        "inputs": prompty.inputs,
        "outputs": prompty.outputs,
        "sample": prompty.sample,
        "includes": [str(path) for path in prompty.source.included],
        "template": prompty.template,
    }
