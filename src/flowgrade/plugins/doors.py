"""Names of a room that are imported when they are first used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def later(room: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a door: ``homes`` has the names of each module, with spaces between.

    A command pays only for what it uses of a large room: PEP 562.
    """
    modules = {name: module for module, names in homes.items() for name in names.split()}

    def find(name: str) -> Any:
        home = modules.get(name)
        if home is None:
            raise AttributeError(f"module '{room}' has no attribute '{name}'")
        found = getattr(import_module(f"{room}.{home}"), name)
        setattr(sys.modules[room], name, found)
        return found

    return find
