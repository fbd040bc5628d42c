"""Read the fields that only some types of node have."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import NoReturn

from flowgrade.errors import FlowDefinitionError
from flowgrade.flows.definition import NodeSpec


def check_options(node: NodeSpec, known: Sequence[str]) -> None:
    """Refuse a field that a node of this type does not have, with the nearest that it has."""
    for name in node.options:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            there = f"Its own fields are: {', '.join(known) or 'none'}."
            refuse(
                node,
                name,
                f"has no field '{name}'",
                f"Did you mean '{near[0]}'?" if near else there,
            )


def choice(node: NodeSpec, name: str, choices: Sequence[str], default: str) -> str:
    """The field ``name``, which must be one of ``choices``."""
    found = node.options.get(name, default)
    if found not in choices:
        refuse(node, name, f"has '{name}: {found}'", f"Choose one of: {', '.join(choices)}.")
    return str(found)


def whole_number(node: NodeSpec, name: str, default: int, *, most: int) -> int:
    """The field ``name``, a whole number from 1 to ``most``."""
    found = node.options.get(name, default)
    if type(found) is not int or not 1 <= found <= most:
        refuse(
            node, name, f"has '{name}: {found}'", f"Write a whole number from 1 to {most:,} there."
        )
    return int(found)


def names(node: NodeSpec, name: str) -> tuple[str, ...]:
    """The field ``name``, which is a name or a list of names."""
    found = node.options.get(name)
    listed = found if isinstance(found, list) else [] if found is None else [found]
    if not all(isinstance(one, str) for one in listed):
        refuse(node, name, f"has '{name}' that is no name", "Write a name or a list of names.")
    return tuple(listed)


def refuse(node: NodeSpec, name: str | None, what: str, hint: str) -> NoReturn:
    """Raise FlowDefinitionError at the field ``name`` of ``node``."""
    raise FlowDefinitionError(
        f"The {node.type} node '{node.name}' {what}.",
        hint=hint,
        place=node.place_of(name) if name else node.place,
    )
