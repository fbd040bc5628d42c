"""The prompts that can be listed: the library that comes with Flowgrade, and a project's own."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from flowgrade.errors import FlowgradeError, InputError, NotFoundError
from flowgrade.prompts.prompty import Prompty, load_prompty
from flowgrade.records import Record

LIBRARY = Path(__file__).parent / "library"
"""The folder of the prompts that come with Flowgrade."""

_NAME = re.compile(r"[A-Za-z0-9][\w-]*\Z")
_NAME_LINE = re.compile(r"^name:.*$", re.MULTILINE)
_SKIPPED = frozenset({"__pycache__", "node_modules", "venv"})


class PromptEntry(Record):
    """A prompt in the list."""

    name: str
    origin: Literal["library", "project"]
    path: Path
    description: str = ""
    version: str = ""
    tags: tuple[str, ...] = ()
    problem: str | None = None
    """Why the file cannot be read, if so."""

    def matches(self, search: str) -> bool:
        """Whether every word of ``search`` stands in its name, description or tags."""
        text = " ".join([self.name, self.description, *self.tags]).casefold()
        return all(word in text for word in search.casefold().split())


def library_prompts() -> list[PromptEntry]:
    """The prompts of the library, by name."""
    return [_entry(file, "library") for file in sorted(LIBRARY.glob("*.prompty"))]


def library_prompt(name: str) -> Prompty:
    """The library's prompt of that name."""
    return load_prompty(LIBRARY / f"{name}.prompty")


def project_prompts(folder: Path) -> list[PromptEntry]:
    """Every Prompty file in ``folder`` and below it, hidden folders left out."""
    files = sorted(prompt_files(folder, (".prompty",)))
    return [_entry(file, "project") for file in files if file.parent != LIBRARY]


def prompt_files(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Files below ``folder`` that end so; hidden folders and environments are left out."""
    for root, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if not f.startswith(".") and f not in _SKIPPED]
        yield from (Path(root, name) for name in names if Path(name).suffix in suffixes)


def find_prompt(name: str, folder: Path) -> PromptEntry:
    """The prompt that ``name`` means: a file, one of the project in ``folder``, or of the library.

    Raises NotFoundError with the nearest name.
    """
    if Path(name).is_file():
        return _entry(Path(name), "project")
    known = [*project_prompts(folder), *library_prompts()]
    for entry in known:
        if name in (entry.name, entry.path.stem):
            return entry
    near = get_close_matches(name, [entry.name for entry in known], n=1)
    raise NotFoundError(
        f"There is no prompt '{name}'.",
        hint=f"Did you mean '{near[0]}'?" if near else "See: flowgrade prompts list",
    )


def new_prompt(name: str, *, template: PromptEntry, folder: Path) -> tuple[Path, list[Path]]:
    """Copy ``template`` into ``folder`` as ``name``, with the files that it includes.

    Gives the new file, and the included files that were there already with another content and
    stayed as they were. Raises InputError when the new file would replace one.
    """
    if not _NAME.match(name):
        raise InputError(
            f"'{name}' cannot be the name of a prompt.", hint="Use letters, digits, - and _."
        )
    target = folder / f"{name}.prompty"
    if target.exists():
        raise InputError(f"{target} is there already.", hint="Choose another name.")
    prompty = load_prompty(template.path)
    text = template.path.read_text(encoding="utf-8-sig")
    folder.mkdir(parents=True, exist_ok=True)
    target.write_text(_NAME_LINE.sub(f"name: {name}", text, count=1), encoding="utf-8")
    kept = []
    for file in prompty.source.included:
        copy = folder / file.relative_to(template.path.parent)
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        elif copy.read_bytes() != file.read_bytes():
            kept.append(copy)
    return target, kept


def prompt_of(entry: PromptEntry) -> Prompty:
    """The Prompty file of an entry, references to the environment left as they are."""
    return load_prompty(entry.path)


def _entry(file: Path, origin: Literal["library", "project"]) -> PromptEntry:
    if file.suffix != ".prompty":
        return PromptEntry(name=file.name, origin=origin, path=file)
    try:
        prompty = load_prompty(file)
    except FlowgradeError as error:
        return PromptEntry(name=file.stem, origin=origin, path=file, problem=error.message)
    tags = prompty.extra.get("tags")
    return PromptEntry(
        name=prompty.name,
        origin=origin,
        path=file,
        description=prompty.description,
        version=str(prompty.extra.get("version") or ""),
        tags=tuple(map(str, tags)) if isinstance(tags, list) else (),
    )
