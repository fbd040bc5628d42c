"""Variants: alternatives of a node."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from flowgrade.errors import FlowDefinitionError, InputError
from flowgrade.flows.yamlfile import YamlFile

_CHOICE = re.compile(r"\$\{([^.}]+)\.([^}]+)\}")

RawNode = Mapping[str, Any]
YamlPath = tuple[str | int, ...]


def parse_choice(text: str) -> tuple[str, str]:
    """Read ``${node.variant}``; raises InputError when it has another form."""
    match = _CHOICE.fullmatch(text.strip())
    if match is None:
        raise InputError(
            f"'{text}' does not choose a variant.",
            hint="Write it as '${node.variant}', in single quotes in a shell.",
        )
    return match[1], match[2]


def variant_names(file: YamlFile) -> dict[str, tuple[str, ...]]:
    """The variants of each node that has some."""
    return {
        node: tuple(map(str, raw.get("variants") or ()))
        for node, raw in file.mapping(("node_variants",)).items()
        if isinstance(raw, Mapping)
    }


def choose_variant(file: YamlFile, choice: str | None) -> tuple[list[RawNode], list[YamlPath]]:
    """The nodes with each variant put in its place, and where each stands in the file.

    One node takes ``choice``, the others their ``default_variant_id``.
    """
    chosen = dict([parse_choice(choice)]) if choice else {}
    names = variant_names(file)
    for node in chosen:
        if node not in names:
            raise _unknown("node with variants", node, list(names), file, ("node_variants",))
    nodes: list[RawNode] = []
    paths: list[YamlPath] = []
    for index, raw in enumerate(file.sequence(("nodes",))):
        path: YamlPath = ("nodes", index)
        if not isinstance(raw, Mapping) or not raw.get("name"):
            raise FlowDefinitionError("This node has no name.", place=file.place(path))
        if raw.get("use_variants"):
            raw, path = _variant(file, raw, chosen, names)
        nodes.append(raw)
        paths.append(path)
    return nodes, paths


def _variant(
    file: YamlFile, raw: RawNode, chosen: Mapping[str, str], names: Mapping[str, tuple[str, ...]]
) -> tuple[RawNode, YamlPath]:
    name = str(raw["name"])
    path: YamlPath = ("node_variants", name)
    if name not in names:
        raise _unknown("entry of node_variants", name, list(names), file, ("node_variants",))
    variant = chosen.get(name) or file.mapping(path).get("default_variant_id")
    if variant is None:
        raise FlowDefinitionError(
            f"The node '{name}' has variants and no default_variant_id.",
            hint=f"Name one of: {', '.join(names[name])}.",
            place=file.place(path),
        )
    if str(variant) not in names[name]:
        raise _unknown(f"variant of '{name}'", str(variant), list(names[name]), file, path)
    path = (*path, "variants", str(variant), "node")
    # A condition on the node holds for each of its variants that has none of its own.
    when = {"when": raw["when"]} if "when" in raw else {}
    return {**when, **file.mapping(path), "name": name}, path


def _unknown(
    what: str, name: str, known: list[str], file: YamlFile, path: YamlPath
) -> FlowDefinitionError:
    near = get_close_matches(name, known, n=1)
    return FlowDefinitionError(
        f"There is no {what} '{name}'.",
        hint=f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(known) or 'none'}.",
        place=file.place(path),
    )
