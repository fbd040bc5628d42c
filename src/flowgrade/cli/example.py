"""The example project that comes with Flowgrade."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

from flowgrade.errors import FlowgradeError, InputError

_FILES = ("flow.dag.yaml", "answer.jinja2", "flowgrade.yaml", "README.md")
_DATA = ("data/questions.jsonl", "data/knowledge.jsonl")


def examples_folder() -> Path:
    """Where the examples are: in the installed package, or in the source tree."""
    package = Path(str(files("flowgrade")))
    for folder in (package / "examples", package.parent.parent / "examples"):
        if folder.is_dir():
            return folder
    raise FlowgradeError(
        "The examples did not come with this installation.",
        hint="Install Flowgrade again from its wheel.",
    )


def copy_example(target: Path) -> int:
    """Write the example project to ``target``; returns the number of questions in it.

    Raises InputError when the folder has something in it already.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target} is not empty.", hint="Name a new folder.")
    source = examples_folder() / "contoso"
    (target / "data").mkdir(parents=True, exist_ok=True)
    for name in (*_FILES, *_DATA):
        shutil.copyfile(source / name, target / name)
    return len((target / _DATA[0]).read_text(encoding="utf-8").splitlines())
