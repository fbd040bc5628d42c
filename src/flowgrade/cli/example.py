"""The example project that comes with Flowgrade."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from flowgrade.errors import FlowgradeError, InputError
from flowgrade.records import JsonObject, dumps, loads

_FILES = ("flow.dag.yaml", "context.py", "answer.jinja2", "flowgrade.yaml", "README.md")


def example_folder() -> Path:
    """Where the Contoso example is: in the installed package, or in the source tree."""
    installed = Path(str(files("flowgrade"))) / "examples" / "contoso"
    if installed.is_dir():
        return installed
    source = Path(str(files("flowgrade"))).parent.parent / "examples" / "contoso"
    if source.is_dir():
        return source
    raise FlowgradeError(
        "The example did not come with this installation.",
        hint="Install Flowgrade again from its wheel.",
    )


def copy_example(target: Path, *, questions: int | None = None) -> int:
    """Write the example project to ``target``; returns the number of questions in it.

    With ``questions`` only the first so many, and the documents that they need. Raises
    InputError when the folder has something in it already.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target} is not empty.", hint="Name a new folder.")
    source = example_folder()
    (target / "data").mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        if (source / name).is_file():
            shutil.copy2(source / name, target / name)
    rows = list(_rows(source / "data" / "questions.jsonl"))
    chosen = rows if questions is None else rows[:questions]
    needed = {document for row in chosen for document in row["relevant"]}
    documents = [d for d in _rows(source / "data" / "knowledge.jsonl") if d["id"] in needed]
    _write(target / "data" / "questions.jsonl", chosen)
    _write(target / "data" / "knowledge.jsonl", documents)
    return len(chosen)


def _rows(file: Path) -> Iterator[JsonObject]:
    for line in file.read_text(encoding="utf-8").splitlines():
        yield loads(line)


def _write(file: Path, rows: list[JsonObject]) -> None:
    file.write_text("".join(dumps(row) + "\n" for row in rows), encoding="utf-8")
