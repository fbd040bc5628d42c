"""What a room above brings along for the code of flows: modules to import, types of parameters.

A finder of modules is asked last, after everything that is installed, and only while a flow is
loaded or runs: programs that merely import Flowgrade see nothing of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Protocol

from flowgrade.models import Connection

if TYPE_CHECKING:
    from flowgrade.models import Models

Convert = Callable[[Any, Any, "Models"], Any]
"""Makes the value for a parameter: from its annotation, what the definition gives, the models.

Gives NOT_MINE for an annotation that it does not know."""


class Finder(Protocol):
    """Finds modules, as what stands in ``sys.meta_path`` does."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where the module comes from; None when it is another's."""
        ...


NOT_MINE: Final = object()

_converters: list[Convert] = []
_at_work: list[None] = []  # one entry for each flow that is loading or running; appends are atomic


class flow_code:
    """Flows' code is at work inside the block."""

    __slots__ = ()

    def __enter__(self) -> None:
        _at_work.append(None)

    def __exit__(self, *_: object) -> None:
        _at_work.pop()


def offer_modules(finder: Finder) -> None:
    """Ask ``finder`` for modules that flows import and that are not installed."""
    if not any(isinstance(known, _Guest) and known.finder is finder for known in sys.meta_path):
        sys.meta_path.append(_Guest(finder))


class _Guest:
    def __init__(self, finder: Finder) -> None:
        self.finder = finder

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return self.finder.find_spec(fullname, path, target) if _at_work else None


def offer_types(convert: Convert) -> None:
    """Let ``convert`` make the values of parameters that are annotated with types it knows."""
    if convert not in _converters:
        _converters.append(convert)


def converted(annotation: Any, value: Any, models: Models) -> Any:
    """The value for a parameter of a type that stands for a connection or the like.

    NOT_MINE when the type is an ordinary one.
    """
    if annotation in (Connection, "Connection"):
        if isinstance(value, str):
            return models.connection(value)
        if isinstance(value, Connection):
            return value
    for convert in _converters:
        found = convert(annotation, value, models)
        if found is not NOT_MINE:
            return found
    return NOT_MINE
