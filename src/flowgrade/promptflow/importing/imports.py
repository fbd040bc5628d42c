"""What Python files import, found by reading them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from flowgrade.errors import FlowDefinitionError, Place
from flowgrade.records import Record

_CAUGHT = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


class Import(Record):
    """One import statement, or one name of it."""

    module: str
    """``a.b``; of a relative import, what stands behind the dots."""
    name: str | None
    """The name that ``from module import name`` takes."""
    level: int
    """How many dots a relative import has."""
    place: Place


def parse(file: Path) -> ast.Module:
    """The syntax tree of ``file``; raises FlowDefinitionError with the line that is wrong."""
    try:
        return ast.parse(file.read_bytes(), str(file))
    except SyntaxError as error:
        raise FlowDefinitionError(
            f"The Python code cannot be read: {error.msg}.",
            hint="Correct the file.",
            place=Place(str(file), error.lineno),
        ) from error
    except ValueError as error:  # null bytes
        raise FlowDefinitionError(
            f"The Python code cannot be read: {error}.",
            hint="Correct the file.",
            place=Place(str(file)),
        ) from error


def imports_of(tree: ast.Module, file: Path) -> Iterator[Import]:
    """Every import that has to work.

    Left out are those that the code is ready to miss, in ``try`` with ``except ImportError``, and
    those for type checkers only.
    """
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield from _imports(node, file)
        waiting += reversed(list(_within(node)))


def _imports(node: ast.AST, file: Path) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(module=alias.name, name=None, level=0, place=Place(str(file), node.lineno))
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield Import(
                module=node.module or "",
                name=alias.name,
                level=node.level,
                place=Place(str(file), node.lineno),
            )


def _within(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Try) and any(map(_catches, node.handlers)):
        yield from (*node.handlers, *node.orelse, *node.finalbody)
    elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
        yield from node.orelse
    else:
        yield from ast.iter_child_nodes(node)


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(kind, ast.Name) and kind.id in _CAUGHT for kind in kinds)
