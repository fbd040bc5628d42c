"""Python names for the parts of a flow."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

RESERVED = frozenset(
    {
        "asyncio",
        "os",
        "pf",
        "log_metric",
        "Path",
        "Any",
        "HERE",
        "Flow",
        "flow",
        "self",
        "rows",
        "row",
    }
)
"""Names that the exported module uses itself."""


class Names:
    """Gives each thing a name of its own."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {*RESERVED, *taken}
        self._imported: dict[tuple[str, str], str] = {}

    def take(self, wanted: str) -> str:
        """``wanted`` as a name that nothing else has."""
        name = identifier(wanted)
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def imported(self, module: str, name: str) -> str:
        """What ``name`` of ``module`` is called here, the same each time."""
        key = (module, name)
        if key not in self._imported:
            self._imported[key] = self.take(f"{name}_tool" if name in self._taken else name)
        return self._imported[key]


def identifier(text: str) -> str:
    """``text`` as a Python name that hides no builtin."""
    name = re.sub(r"\W", "_", text)
    if not name or name[0].isdigit():
        name = f"_{name}"
    return f"{name}_" if keyword.iskeyword(name) or hasattr(builtins, name) else name


def is_name(text: str) -> bool:
    """Whether ``text`` can be a parameter's name as it is."""
    return text.isidentifier() and not keyword.iskeyword(text)
