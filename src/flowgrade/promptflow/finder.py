"""Makes the modules of prompt flow out of Flowgrade's own names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from flowgrade.promptflow.names import MODULES


class PromptFlowFinder:
    """Finds ``promptflow`` and its modules, for flows written for that package.

    Python asks it only when the real package is not installed.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A module of the table, or a package above one."""
        if fullname not in _packages():
            return None
        return ModuleSpec(fullname, _LOADER, is_package=True)  # type: ignore[arg-type]


class _NamesLoader:
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Names(spec.name, f"Flowgrade's names for {spec.name}.")

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__all__"] = sorted(MODULES.get(module.__name__, {}))


class _Names(ModuleType):
    """A module whose names are loaded when they are asked for."""

    def __getattr__(self, name: str) -> Any:
        target = MODULES.get(self.__name__, {}).get(name)
        if target is None:
            raise AttributeError(
                f"Flowgrade's stand-in for the module '{self.__name__}' has no '{name}'. "
                "Install promptflow to use it: pip install promptflow"
            )
        home, _, attribute = target.partition(":")
        found = getattr(import_module(home), attribute)
        setattr(self, name, found)
        return found


_LOADER = _NamesLoader()


@cache
def _packages() -> frozenset[str]:
    found = set()
    for name in MODULES:
        parts = name.split(".")
        found |= {".".join(parts[: i + 1]) for i in range(len(parts))}
    return frozenset(found)
