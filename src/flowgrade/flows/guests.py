"""What a room above brings along for the code of flows: modules to import, types of parameters.

A finder of modules is asked last, after everything that is installed, and only while a flow is
loaded or runs. Between flows what it found stands aside, out of ``sys.modules``: programs that use
Flowgrade, and libraries that ask whether a package is there, see nothing of it.
"""

from __future__ import annotations

import sys
import threading
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
_door = threading.Lock()
_at_work = 0  # flows that are loading or running
_guests: list[_Guest] = []
_aside: dict[str, ModuleType] = {}
"""What guests have found, while no flow's code is at work."""


class flow_code:
    """Flows' code is at work inside the block.

    Each row enters it, so it is no generator, which would cost several times as much.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        global _at_work
        with _door:
            if not _at_work and _aside:
                _come_back()
            _at_work += 1

    def __exit__(self, *_: object) -> None:
        global _at_work
        with _door:
            _at_work -= 1
            if not _at_work:
                for guest in _guests:
                    guest.leave()


def _come_back() -> None:
    # Where the program has the real package by now, its modules are found anew.
    real = [name for name in _aside if name.partition(".")[0] in sys.modules]
    for name in real:
        del _aside[name]
    sys.modules.update(_aside)
    _aside.clear()


def offer_modules(finder: Finder) -> None:
    """Ask ``finder`` for modules that flows import and that are not installed."""
    if not any(guest.finder is finder for guest in _guests):
        _guests.append(_Guest(finder))
        sys.meta_path.append(_guests[-1])


class _Guest:
    def __init__(self, finder: Finder) -> None:
        self.finder = finder
        self._new: dict[str, ModuleSpec] = {}
        self._modules: dict[str, ModuleType] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _at_work:
            return None
        spec = self.finder.find_spec(fullname, path, target)
        if spec is not None:
            self._new[fullname] = spec
        return spec

    def leave(self) -> None:
        """Take what was found out of ``sys.modules``, unless the program itself asks the finder."""
        if self.finder in sys.meta_path:
            return
        if self._new:
            self._learn()
        for name, module in self._modules.items():
            if sys.modules.get(name) is module:
                _aside[name] = sys.modules.pop(name)

    def _learn(self) -> None:
        for name, spec in self._new.items():
            module = sys.modules.get(name)
            if module is not None and module.__spec__ is spec:
                self._modules[name] = module
        self._new.clear()


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
