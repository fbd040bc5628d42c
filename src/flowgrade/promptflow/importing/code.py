"""Look at the Python code of a flow: what it imports, and whether that is there."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import PathFinder
from importlib.util import find_spec
from os.path import normpath
from pathlib import Path

from flowgrade.errors import FlowDefinitionError, Place
from flowgrade.promptflow.importing.imports import Import, imports_of, parse
from flowgrade.promptflow.importing.report import Decision
from flowgrade.promptflow.names import MODULES

PACKAGE = "promptflow"


class Sources:
    """Where a flow's files are: its folder, with what it includes from elsewhere."""

    def __init__(self, folder: Path, includes: Sequence[str] = ()) -> None:
        self.folder = folder
        self._included = {Path(p).name: Path(normpath(folder / p)) for p in includes}

    def find(self, relative: str | Path) -> Path | None:
        """The file or folder at ``relative``; None where there is none."""
        path = Path(relative)
        parts = [part for part in path.parts if part != "."]
        if parts and parts[0] in self._included:
            found = self._included[parts[0]].joinpath(*parts[1:])
            if found.exists():
                return found
        found = self.folder / path
        return found if found.exists() else None

    def module(self, name: str) -> Path | None:
        """The file of the module ``a.b``, or the folder of the package."""
        path = name.replace(".", "/")
        return self.find(path + ".py") or self.find(path)


class Code:
    """The Python files of one flow, each looked at once."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._seen: set[Path] = set()
        self._missing: set[str] = set()

    def look(self, file: Path) -> Iterator[Decision]:
        """What ``file``, and the files of the flow that it imports, need and do not have."""
        waiting = [file]
        while waiting:
            current = waiting.pop()
            if current.resolve() in self._seen:
                continue
            self._seen.add(current.resolve())
            try:
                found = list(imports_of(parse(current), current))
            except FlowDefinitionError as error:
                yield decision_of(error, current)
                continue
            for each in found:
                own = self._own(each, current)
                waiting += own
                if not own and each.level == 0:
                    yield from self._foreign(each)

    def _own(self, each: Import, file: Path) -> list[Path]:
        """The flow's own files that an import reads."""
        if each.level:
            folder = file.parent
            for _ in range(each.level - 1):
                folder = folder.parent
            base = Sources(folder)
        else:
            base = self._sources
        # Code that sits in a folder of its own often puts that folder into sys.path.
        places = (base,) if each.level else (base, Sources(file.parent))
        names = [each.module, f"{each.module}.{each.name}" if each.module else each.name or ""]
        found = [place.module(name) for place in places for name in names if name]
        return [file for path in found if path is not None for file in _python(path)]

    def _foreign(self, each: Import) -> Iterator[Decision]:
        top = each.module.partition(".")[0]
        if top in sys.stdlib_module_names or top in self._missing or self._sources.module(top):
            return
        if top == PACKAGE and PathFinder.find_spec(PACKAGE) is None:  # the real one, no stand-in
            yield from _name_of_promptflow(each)
        elif top == "flowgrade" or find_spec(top) is not None:
            return
        elif top != PACKAGE:
            self._missing.add(top)
            yield Decision(
                kind="package",
                place=each.place,
                message=f"The package that has '{top}' is not installed.",
                hint=self._install(top),
            )

    def _install(self, top: str) -> str:
        for name in ("requirements.txt", "../requirements.txt"):
            file = self._sources.find(name)
            if file is not None:
                return f"Install it: pip install -r {_short(file)} (without promptflow's packages)."
        return f"Install the package that has '{top}' into this environment."


def decision_of(error: FlowDefinitionError, file: Path) -> Decision:
    """An error of a definition as something to decide."""
    return Decision(
        kind="definition",
        place=error.place or Place(str(file)),
        message=error.message,
        hint=error.hint or "Correct the file.",
    )


def parameter_types(file: Path) -> dict[str, str]:
    """The annotations in ``file``, as text, by the name of the parameter."""
    try:
        tree = parse(file)
    except FlowDefinitionError:
        return {}
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for argument in (*node.args.args, *node.args.kwonlyargs):
                if argument.annotation is not None:
                    found[argument.arg] = ast.unparse(argument.annotation)
    return found


def defined_names(file: Path) -> set[str]:
    """The names that ``file`` gives at its top level."""
    names: set[str] = set()
    for node in parse(file).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        else:
            names |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return names


def _name_of_promptflow(each: Import) -> Iterator[Decision]:
    whole = f"{each.module}.{each.name}"
    if each.name in (None, "*") and each.module in MODULES:
        return
    if each.name is not None and (each.name in MODULES.get(each.module, {}) or whole in MODULES):
        return
    if each.name is None and any(name.startswith(f"{each.module}.") for name in MODULES):
        return
    yield Decision(
        kind="feature",
        place=each.place,
        message=f"Flowgrade does not stand in for '{whole if each.name else each.module}'.",
        hint="Install the package that has it beside Flowgrade, or leave that import out.",
    )


def _python(path: Path) -> list[Path]:
    if path.is_dir():
        init = path / "__init__.py"
        return [init] if init.is_file() else []
    return [path] if path.suffix == ".py" else []


def _short(file: Path) -> str:
    try:
        return str(file.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(file.resolve())
