"""Write Python source: literals and calls, laid out as a formatter would."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

WIDTH = 100


def literal(value: Any) -> str:
    """``value``, made of JSON's types, as Python source."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, str):
        return text(value)
    return repr(value)


def is_plain(value: Any) -> bool:
    """Whether ``literal`` can write it: exactly JSON's types, no subclass of them."""
    if type(value) is dict:
        return all(type(k) is str and is_plain(v) for k, v in value.items())
    if type(value) is list:
        return all(map(is_plain, value))
    return value is None or type(value) in (bool, int, float, str)


def text(value: str) -> str:
    """A string in double quotes, unless it has some and no single ones."""
    written = repr(value)
    if written[0] == "'" and '"' not in value:
        return '"' + written[1:-1] + '"'
    return written


def call(head: str, arguments: Sequence[str], *, indent: int = 0) -> list[str]:
    """``head(arguments)`` on one line, or with an argument a line."""
    return bracketed(f"{head}(", arguments, ")", indent=indent)


def bracketed(opening: str, parts: Sequence[str], closing: str, *, indent: int = 0) -> list[str]:
    """Parts between brackets, on one line where that fits, else each on its own."""
    pad = "    " * indent
    line = f"{pad}{opening}{', '.join(parts)}{closing}"
    if len(line) <= WIDTH or not parts:
        return [line]
    inner = f"{pad}    {', '.join(parts)}"
    if len(inner) <= WIDTH and opening.endswith("("):
        return [f"{pad}{opening}", inner, f"{pad}{closing}"]
    return [f"{pad}{opening}", *(f"{pad}    {part}," for part in parts), f"{pad}{closing}"]


def comment(said: str, *, indent: int = 0) -> list[str]:
    """A comment, wrapped."""
    pad = "    " * indent + "# "
    lines: list[str] = []
    current = ""
    for word in said.split():
        if current and len(pad) + len(current) + 1 + len(word) > WIDTH:
            lines.append(pad + current)
            current = word
        else:
            current = f"{current} {word}".strip()
    return [*lines, pad + current]


def docstring(said: Iterable[str], *, indent: int = 0) -> list[str]:
    """A docstring; what would end it is written otherwise."""
    pad = "    " * indent
    lines = [line.replace("\\", "\\\\").replace('"""', "'''") for line in said]
    if len(lines) == 1:
        return [f'{pad}"""{lines[0]}"""']
    return [
        f'{pad}"""{lines[0]}',
        *(f"{pad}{line}".rstrip() for line in lines[1:]),
        f'{pad}"""',
    ]
