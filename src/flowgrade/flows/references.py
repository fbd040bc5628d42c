"""References: ``${inputs.question}`` and ``${node.output.items[0]['a-b']}``."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any

from flowgrade.errors import FlowDefinitionError, NodeError, Place
from flowgrade.records import Record, replace

_SEVERAL = re.compile(r"\$\{[^{}]*\}(?:\s*\?\?\s*\$\{[^{}]*\})+\Z")
_WHOLE = re.compile(r"\$\{(.+)\}\Z", re.DOTALL)
_TOKEN = re.compile(r"(\w+)|\['(.*?)'\]|\[(\d+)\]")


class Binding(Record):
    """Where a value comes from: a literal, a flow input, or a node's output."""

    literal: object = None
    input: str | None = None
    node: str | None = None
    section: str = "output"
    path: tuple[str | int, ...] = ()
    text: str = ""
    """The reference as it was written."""
    others: tuple[Binding, ...] = ()
    """What is taken instead when the node was bypassed, the first that was not."""

    @property
    def is_literal(self) -> bool:
        """Whether the value stands in the definition itself."""
        return self.input is None and self.node is None

    def each(self) -> tuple[Binding, ...]:
        """This and what may be taken instead."""
        return (self, *self.others)


def parse_binding(
    value: object, *, place: Place | None = None, nodes: Container[str] | None = None
) -> Binding:
    """Read a node input or output; only a whole ``${…}`` string is a reference.

    ``${a.output} ?? ${b.output}`` lists several, of which the first that was not bypassed counts.
    ``${env:NAME}`` stays a literal, and so does ``${name.key}`` where ``nodes`` are given and have
    no such name: it is a value of a connection, which ``with_values`` fills in.
    """
    if isinstance(value, str) and "??" in value and _SEVERAL.match(value.strip()):
        return _alternatives(value.strip(), place)
    match = _WHOLE.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        return Binding(literal=value)
    body, text = match[1].strip(), f"${{{match[1]}}}"
    for prefix in ("inputs.", "flow."):
        if body.startswith(prefix):
            return Binding(input=body.removeprefix(prefix), text=text)
    if body.startswith("env:"):
        return Binding(literal=text)
    name, dot, key = body.partition(".")
    if nodes is not None and dot and name not in nodes and not re.match(r"output\b", key):
        return Binding(literal=text)
    return _node_binding(body, text, place)


def bind_reference(text: str, place: Place | None) -> Binding:
    """Read a reference in a condition, ``${…}``."""
    return parse_binding(text, place=place)


def _alternatives(text: str, place: Place | None) -> Binding:
    first, *others = (parse_binding(part, place=place) for part in text.split("??"))
    for binding in (first, *others[:-1]):
        if binding.input is not None:
            raise FlowDefinitionError(
                f"In {text} nothing after {binding.text} is ever taken.",
                hint="A flow input is always there, so it can only be the last.",
                place=place,
            )
    return replace(first, text=text, others=tuple(others))


def parse_path(text: str) -> tuple[str | int, ...]:
    """Read ``.items[0]['a-b']`` as the steps of a path."""
    return tuple(
        int(found[3]) if found[3] is not None else (found[1] or found[2] or "")
        for found in _TOKEN.finditer(text)
    )


def walk(value: Any, path: tuple[str | int, ...], text: str) -> Any:
    """Follow ``path`` into ``value``: keys of mappings, attributes otherwise, list positions."""
    for step in path:
        try:
            if isinstance(step, int) or isinstance(value, Mapping):
                value = value[step]
            else:
                value = getattr(value, step)
        except (KeyError, IndexError, AttributeError, TypeError) as error:
            raise InvalidPropertyError(text, step, value) from error
    return value


class InvalidPropertyError(NodeError):
    """A reference names a part that the value does not have."""

    def __init__(self, text: str, step: str | int, value: object) -> None:
        have = ", ".join(map(str, value)) if isinstance(value, Mapping) else type(value).__name__
        cause = KeyError(f"{text} has no part '{step}' (there is: {have or 'nothing'})")
        super().__init__(text, cause)
        self.message = f"The reference {text} cannot be followed: no '{step}' in {have}."
        self.hint = "Correct the reference, or let the node return that part."


def _node_binding(body: str, text: str, place: Place | None) -> Binding:
    name, _, rest = body.partition(".")
    bracket = name.find("[")
    if bracket > 0:
        name, rest = name[:bracket], name[bracket:] + (f".{rest}" if rest else "")
    if not name.strip():
        raise FlowDefinitionError(
            f"The reference {text} names nothing.",
            hint="Refer to a flow input or a node: ${inputs.question}, ${answer.output}.",
            place=place,
        )
    section, path = _section(rest)
    if section != "output":
        raise FlowDefinitionError(
            f"The reference {text} asks for '{section}' of the node '{name}'.",
            hint=f"Only a node's output can be referred to: ${{{name}.output}}.",
            place=place,
        )
    return Binding(node=name, path=path, text=text)


def _section(rest: str) -> tuple[str, tuple[str | int, ...]]:
    if not rest:
        return "output", ()
    match = re.match(r"\w*", rest)
    section = (match[0] if match else "") or "output"
    tail = rest[len(match[0]) if match else 0 :]
    return section, parse_path(tail)
