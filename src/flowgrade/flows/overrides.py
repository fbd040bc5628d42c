"""Values that replace parts of nodes when a flow is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from flowgrade.errors import InputError

_PARTS = ("connection", "api", "inputs")


def with_overrides(
    nodes: Sequence[Mapping[str, Any]], overrides: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """``nodes`` as YAML gave them, with ``overrides`` in place.

    A key is ``nodes.NAME.connection`` or ``nodes.NAME.inputs.INPUT``. The connection of a node
    that is not an llm node is its input of that name. Raises InputError for a key that fits
    nothing.
    """
    found = {str(node.get("name")): dict(node) for node in nodes}
    for key, value in overrides.items():
        name, part, rest = _parsed(key, list(found))
        node = found[name]
        if part == "inputs" or (part == "connection" and node.get("type") != "llm"):
            node["inputs"] = {**(node.get("inputs") or {}), rest or part: value}
        else:
            node[part] = value
    return list(found.values())


def _parsed(key: str, names: Sequence[str]) -> tuple[str, str, str]:
    head, _, rest = key.partition(".")
    # A node's name may hold dots itself.
    name = max((n for n in names if rest.startswith(f"{n}.")), key=len, default="")
    if head != "nodes" or not name:
        near = get_close_matches(rest.partition(".")[0], names, n=1)
        raise InputError(
            f"The override '{key}' names no node of the flow.",
            hint=f"Did you mean 'nodes.{near[0]}'?" if near else f"Nodes: {', '.join(names)}.",
        )
    part, _, last = rest[len(name) + 1 :].partition(".")
    if part not in _PARTS or (part == "inputs") != bool(last):
        raise InputError(
            f"The override '{key}' cannot be used.",
            hint=f"Write nodes.{name}.connection or nodes.{name}.inputs.NAME.",
        )
    return name, part, last
