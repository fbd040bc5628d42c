"""What a docstring says of a function and of its parameters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple

_HEADING = re.compile(
    r"(Args|Arguments|Parameters|Params|Returns?|Yields?|Raises|Examples?|Notes?|Attributes|"
    r"See Also|Warnings?|References):?\Z"
)
_PARAMETERS = frozenset({"Args", "Arguments", "Parameters", "Params"})
_FIELD = re.compile(r":(?:param|parameter|arg)\s+(?:[^:]*\s)?(\w+)\s*:\s*(.*)")
_OTHER_FIELD = re.compile(r":\w+[^:]*:")
_GOOGLE = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)")
_NUMPY = re.compile(r"\*{0,2}(\w+)\s*(?::.*)?\Z")


class Described(NamedTuple):
    """A docstring taken apart."""

    text: str
    """What stands before the first section."""
    parameters: dict[str, str]
    """Descriptions by parameter."""


def describe(function: Callable[..., Any]) -> Described:
    """Read a docstring in Google's, NumPy's or Sphinx's style, or plain text."""
    lines = (inspect.getdoc(function) or "").splitlines()
    text: list[str] = []
    found: dict[str, list[str]] = {}
    position = 0
    while position < len(lines):
        line = lines[position]
        heading = _HEADING.match(line)
        if match := _FIELD.match(line.strip()):
            found[match[1]] = [match[2]]
            position = _gather(lines, position + 1, found[match[1]], _indent(line))
        elif _OTHER_FIELD.match(line.strip()):
            position += 1
        elif heading and (line.endswith(":") or _ruled(lines, position)):
            position = _section(lines, position, heading[1], found)
        else:
            text.append(line)
            position += 1
    joined = {name: " ".join(" ".join(parts).split()) for name, parts in found.items()}
    return Described("\n".join(text).strip(), {name: said for name, said in joined.items() if said})


def _section(lines: list[str], position: int, title: str, found: dict[str, list[str]]) -> int:
    """Read the section at ``position``; returns where the next one begins."""
    numpy = _ruled(lines, position)
    position += 2 if numpy else 1
    pattern = _NUMPY if numpy else _GOOGLE
    depth: int | None = None
    name: str | None = None
    while position < len(lines):
        line = lines[position]
        if line.strip() and _indent(line) == 0 and (not numpy or _HEADING.match(line.strip())):
            break
        if line.strip():
            depth = _indent(line) if depth is None else depth
            match = pattern.match(line.strip()) if _indent(line) == depth else None
            if match:
                name = match[1]
                found_here = [] if numpy else [match[2]]
                if title in _PARAMETERS:
                    found[name] = found_here
            elif name is not None and title in _PARAMETERS:
                found[name].append(line.strip())
        position += 1
    return position


def _gather(lines: list[str], position: int, parts: list[str], depth: int) -> int:
    while position < len(lines) and lines[position].strip() and _indent(lines[position]) > depth:
        parts.append(lines[position].strip())
        position += 1
    return position


def _ruled(lines: list[str], position: int) -> bool:
    below = lines[position + 1].strip() if position + 1 < len(lines) else ""
    return len(below) > 2 and set(below) == {"-"}


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
