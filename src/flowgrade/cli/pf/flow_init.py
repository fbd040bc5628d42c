"""``pf flow init``: a new flow, or a definition around code that is there."""

from __future__ import annotations

import shutil
from argparse import Namespace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import click

from flowgrade.app import App
from flowgrade.cli.folder import prints_as_messages
from flowgrade.cli.show import note
from flowgrade.cli.values import pairs
from flowgrade.errors import InputError

_DEFINITION = "flow.dag.yaml"
_SUFFIX = ".template"
"""Of Python files, which are not part of this package before they are copied."""


def init(given: Namespace) -> None:
    """Write the files; what is there is never replaced."""
    folder = Path(given.flow)
    if (folder / _DEFINITION).exists():
        raise InputError(f"{folder / _DEFINITION} is there already.", hint="Name another --flow.")
    if given.entry or given.function:
        _around(folder, given)
    else:
        _fresh(folder, given)
    note(f"Call it: flowgrade pf flow test --flow {folder}")


def _fresh(folder: Path, given: Namespace) -> None:
    if given.prompt_template:
        raise InputError("--prompt-template needs --entry and --function.")
    if folder.exists() and any(folder.iterdir()) and not given.yes:
        click.confirm(f"{folder} is not empty. Write into it?", abort=True, err=True)
    with as_file(files("flowgrade.cli.pf").joinpath("new", given.type)) as source:
        for file in sorted(source.iterdir()):
            target = folder / file.name.removesuffix(_SUFFIX)
            if target.exists():
                raise InputError(f"{target} is there already.", hint="Name another --flow.")
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    note(f"The flow is in {folder} (type: {given.type}).")
    if given.type == "chat":
        note(f"Its connection: flowgrade pf connection create -f {folder / 'openai.yaml'}")


def _around(folder: Path, given: Namespace) -> None:
    import yaml  # noqa: PLC0415  slow to load

    if not (given.entry and given.function):
        raise InputError("--entry and --function go together.")
    templates = pairs(given.prompt_template, "--prompt-template")
    for name in (given.entry, *templates.values()):
        if not (folder / name).is_file():
            raise InputError(f"There is no file {folder / name}.", hint="Paths count from --flow.")
    definition = _definition(_signature(folder, given), given, templates)
    text = yaml.safe_dump(definition, sort_keys=False, allow_unicode=True)
    (folder / _DEFINITION).write_text(text, encoding="utf-8")
    note(f"Written: {folder / _DEFINITION}")


def _signature(folder: Path, given: Namespace) -> dict[str, Any]:
    from flowgrade.promptflow import PFClient  # noqa: PLC0415  a fresh flow does without

    App().welcome_promptflow()
    with prints_as_messages():
        found = PFClient().flows.infer_signature(f"{folder / given.entry}:{given.function}")
    inputs: dict[str, Any] = found.get("inputs", {})
    return inputs


def _definition(
    parameters: dict[str, Any], given: Namespace, templates: dict[str, str]
) -> dict[str, Any]:
    if unknown := [name for name in templates if name not in parameters]:
        raise InputError(
            f"The function '{given.function}' has no parameter '{unknown[0]}'.",
            hint=f"It has: {', '.join(parameters) or 'none'}.",
        )
    inputs = {name: spec for name, spec in parameters.items() if name not in templates}
    nodes = [_prompt(name, path) for name, path in templates.items()]
    values = {name: f"${{inputs.{name}}}" for name in inputs}
    values |= {name: f"${{{name}.output}}" for name in templates}
    nodes.append(
        {
            "name": given.function,
            "type": "python",
            "source": {"type": "code", "path": given.entry},
            "inputs": values,
        }
    )
    reference = f"${{{given.function}.output}}"
    outputs = {"output": {"type": "string", "reference": reference}}
    return {"inputs": inputs, "outputs": outputs, "nodes": nodes}


def _prompt(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "type": "prompt", "source": {"type": "code", "path": path}, "inputs": {}}
