"""Additional includes: files from elsewhere that a flow wants beside its own."""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from pathlib import Path

from flowgrade.errors import FlowDefinitionError, Place

# Few flows include files, and these two modules bring five more along.
# ruff: noqa: PLC0415

_IGNORED = (".git", "__pycache__", ".flowgrade", ".promptflow", ".venv")


def with_includes(folder: Path, includes: Sequence[str], *, place: Place) -> Path:
    """A temporary copy of ``folder`` with the included files in it; ``folder`` if there are none.

    Each include, relative to the folder, is copied under its own name and replaces what stood
    there. ``name.zip`` stands for the folder ``name`` when there is no such archive. The copy
    goes when the process ends.
    """
    if not includes:
        return folder
    import shutil
    import tempfile

    copy = Path(tempfile.mkdtemp(prefix="flowgrade-"))
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    shutil.copytree(folder, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*_IGNORED))
    for include in includes:
        _copy(_source(folder, include, place), copy, include)
    return copy


def include_files(folder: Path, includes: Sequence[str], *, place: Place) -> list[Path]:
    """Every included file, for the flow's digest."""
    found: list[Path] = []
    for include in includes:
        source = _source(folder, include, place)
        if source.is_dir():
            found += [f for f in source.rglob("*") if f.is_file() and "__pycache__" not in f.parts]
        else:
            found.append(source)
    return found


def _source(folder: Path, include: str, place: Place) -> Path:
    source = (folder / include).resolve()
    if not source.exists() and source.suffix == ".zip" and source.with_suffix("").is_dir():
        return source.with_suffix("")
    if not source.exists():
        raise FlowDefinitionError(
            f"The additional include '{include}' is not there: {source}.",
            hint="Paths count from the flow's folder.",
            place=place,
        )
    return source


def _copy(source: Path, target: Path, include: str) -> None:
    import shutil

    ignored = shutil.ignore_patterns(*_IGNORED)
    if Path(include).suffix == ".zip" and source.is_dir():
        shutil.make_archive(str(target / source.name), "zip", source)
    elif source.is_dir():
        shutil.copytree(source, target / source.name, dirs_exist_ok=True, ignore=ignored)
    else:
        shutil.copy2(source, target / source.name)
