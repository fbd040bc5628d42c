"""Check what import-linter cannot see: doors between rooms, and lengths.

    python tools/check_rooms.py

A room is a folder or module right under src/flowgrade. Code in another room is imported through
its door, ``from flowgrade.store import Store``. Names imported late, by string, are not looked at.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "flowgrade"
MEASURED = ("src", "tests", "tools", "benchmarks")

MODULE_LINES = 400
FUNCTION_LINES = 60

# A module that rooms may import past the door, and why.
PAST_THE_DOOR = {
    "flowgrade.records.yaml": "importing PyYAML with the records would slow every command's start",
    "flowgrade.settings.shapes": "only commands that read a file of such a shape need it",
    "flowgrade.settings.editing": "PyYAML again",
    "flowgrade.settings.project_shape": "only `flowgrade schema` needs it, to print it",
}

Fault = tuple[int, str]
"""A line and what is wrong there."""


def main(root: Path = ROOT) -> int:
    """Print every fault as ``file:line: message``; returns 1 when there is one."""
    faults = [
        f"{file.relative_to(root)}:{line}: {message}"
        for folder in MEASURED
        for file in sorted((root / folder).rglob("*.py"))
        for line, message in sorted(check(file, root / "src"))
    ]
    print(*faults, sep="\n", end="\n" if faults else "")
    return int(bool(faults))


def check(file: Path, source: Path) -> Iterator[Fault]:
    """The faults of one file; only those below ``source`` belong to a room."""
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text, str(file))
    yield from _lengths(tree, len(text.splitlines()))
    if file.is_relative_to(source) and file != source / PACKAGE / "__init__.py":
        yield from _doors(tree, file.relative_to(source), source)


def _lengths(tree: ast.Module, lines: int) -> Iterator[Fault]:
    if lines > MODULE_LINES:
        yield 1, f"a module of {lines} lines, above {MODULE_LINES}"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield node.lineno, f"{node.name} has {length} lines, above {FUNCTION_LINES}"


def _doors(tree: ast.Module, file: Path, source: Path) -> Iterator[Fault]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield node.lineno, "a relative import"
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if message := _fault(_place(node.module or "", alias.name, source), file):
                    yield node.lineno, message
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if message := _fault(alias.name, file):
                    yield node.lineno, message


def _fault(module: str, file: Path) -> str | None:
    """What is wrong with importing ``module`` in ``file``, whose path starts at the package."""
    parts = module.split(".")
    if parts[0] != PACKAGE or module in PAST_THE_DOOR:
        return None
    if len(parts) == 1:
        return f"imports the front door, {PACKAGE}, from inside"
    here = file.with_suffix("").parts
    if parts[1] != here[1]:
        return None if len(parts) == 2 else f"{module} is behind the door of {'.'.join(parts[:2])}"
    if file.parts[: len(parts)] == tuple(parts) and len(file.parts) > len(parts):
        return f"imports its own door, {module}"
    return None


def _place(module: str, name: str, source: Path) -> str:
    """The module that ``from module import name`` imports: ``name`` itself where it is one."""
    inner = source.joinpath(*module.split("."), name)
    is_module = inner.with_suffix(".py").is_file() or inner.is_dir()
    if module.split(".")[0] != PACKAGE or not is_module or name in _offered(inner.parent):
        return module
    return f"{module}.{name}"


def _offered(folder: Path) -> set[str]:
    """The names in ``__all__`` of a door: one may be spelt like the module it comes from."""
    door = folder / "__init__.py"
    for node in ast.parse(door.read_text(encoding="utf-8")).body if door.exists() else ():
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


if __name__ == "__main__":
    sys.exit(main())
