"""The templates of new projects, which come with Flowgrade."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from flowgrade.cli.example import examples_folder
from flowgrade.errors import InputError

TEMPLATES = {
    "rag": "Answers from documents that it searches: retrieval and a model.",
    "chat": "A conversation that knows the turns before.",
    "classify": "Sorts mails into categories, in three ways to compare.",
    "extract": "Reads fields out of mails and checks them against a JSON schema.",
    "agent": "Chooses among tools, step by step, until it can answer.",
    "blank": "One prompt, one model, three rows.",
}
"""Name and meaning of each, in the order of the help."""

_LEFT_OUT = frozenset({"__pycache__", ".flowgrade"})


_KEPT = frozenset({".gitignore", "README.md"})  # an own one serves as well


def copy_template(name: str, target: Path, *, into: bool = False) -> list[Path]:
    """Write the project ``name`` to ``target``; returns the files, as they are named in there.

    Raises InputError, and writes nothing, when the folder has something in it, unless ``into`` is
    set, and when one of the files is there already. An own README.md or .gitignore stays.
    """
    if target.exists() and not target.is_dir():
        raise InputError(f"{target} is a file.", hint="Name a new folder.")
    if not into and target.is_dir() and any(target.iterdir()):
        raise InputError(
            f"{target} is not empty.",
            hint="Name a new folder, or add the files to this one with --force.",
        )
    source = examples_folder() / "templates" / name
    files = sorted(_files(source))
    files = [f for f in files if str(f) not in _KEPT or not (target / f).exists()]
    taken = [str(file) for file in files if (target / file).exists()]
    if taken:
        raise InputError(
            f"{target} has files of these names: {', '.join(taken)}. Nothing was written.",
            hint="Move them away, or name a new folder.",
        )
    for file in files:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / file, target / file)
    return files


def _files(source: Path) -> Iterator[Path]:
    for file in source.rglob("*"):
        inner = file.relative_to(source)
        if file.is_file() and not _LEFT_OUT & set(inner.parts):
            yield inner
