"""Entry points of the installed packages, read straight from their files.

The same as ``importlib.metadata.entry_points``, whose import alone takes a command a tenth of its
start: it loads parsers for e-mail, CSV and zip archives. Packages inside archives are not seen.
"""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from importlib import import_module
from operator import attrgetter
from typing import Any, NamedTuple

_SUFFIXES = (".dist-info", ".egg-info")
_TARGET = re.compile(r"\s*([\w.]+)\s*(?::\s*([\w.]+)\s*)?(?:\[[^\]]*\]\s*)?")
_SEPARATORS = re.compile(r"[-_.]+")


class EntryPoint(NamedTuple):
    """One name that a package registers in a group."""

    name: str
    value: str
    """``module:attribute``."""
    group: str
    distribution: str
    """The installed distribution it comes from."""

    def load(self) -> Any:
        """Import what it stands for; raises what the import raises, or AttributeError."""
        match = _TARGET.fullmatch(self.value)
        if match is None:
            raise ImportError(f"'{self.value}' is not of the form module:attribute")
        module = import_module(match[1])
        return attrgetter(match[2])(module) if match[2] else module


def entry_points(group: str) -> list[EntryPoint]:
    """What the installed packages register in ``group``, in the order of the path."""
    return [point for point in _all(tuple(sys.path)) if point.group == group]


@cache
def _all(path: tuple[str, ...]) -> list[EntryPoint]:
    found: list[EntryPoint] = []
    seen: set[str] = set()
    for folder in dict.fromkeys(path):
        for name in _listed(folder or "."):
            stem, suffix = os.path.splitext(name)
            if suffix not in _SUFFIXES:
                continue
            distribution = stem.split("-", 1)[0]
            key = _SEPARATORS.sub("-", distribution).lower()
            if key not in seen:  # of two installations the first on the path counts
                seen.add(key)
                found += _read(os.path.join(folder, name, "entry_points.txt"), distribution)
    return found


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _read(file: str, distribution: str) -> list[EntryPoint]:
    try:
        with open(file, encoding="utf-8") as stream:
            lines = stream.read().splitlines()
    except (OSError, UnicodeDecodeError):
        return []  # most packages register nothing
    found = []
    group = ""
    for raw in lines:
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
        elif line and line[0] not in "#;":
            name, equals, value = line.partition("=")
            if equals:
                found.append(EntryPoint(name.strip(), value.strip(), group, distribution))
    return found
