"""Package tools: functions that installed packages offer to flows."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from flowgrade.errors import FlowDefinitionError, PluginError
from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.tools import Tool, as_tool
from flowgrade.plugins import entry_points

GROUP = "package_tools"
"""Entry-point group, the one that prompt flow's tool packages use: a callable that returns
``{tool id: description}``, where the description names module, function and maybe class."""

OWN_GROUP = "flowgrade.package_tools"
"""The same for stand-ins that come with Flowgrade; a package that is installed goes first."""


def find_package_tool(node: NodeSpec) -> Tool:
    """The installed tool that ``node`` names; raises FlowDefinitionError when there is none."""
    known = package_tools()
    description = known.get(node.tool or "")
    if description is None:
        near = get_close_matches(node.tool or "", list(known), n=1)
        raise FlowDefinitionError(
            f"No installed package offers the tool '{node.tool}' of the node '{node.name}'.",
            hint=f"Did you mean '{near[0]}'?" if near else "Install the package that has it.",
            place=node.place,
        )
    return _tool(str(node.tool), description)


@cache
def package_tools() -> dict[str, Mapping[str, Any]]:
    """Every tool that installed packages offer, by id."""
    found: dict[str, Mapping[str, Any]] = {}
    for point in [*entry_points(OWN_GROUP), *entry_points(GROUP)]:
        try:
            offered = point.load()()
        except Exception as error:  # a stranger's package may fail in any way
            raise PluginError(
                f"The tool package '{point.name}' ({point.value}) cannot be read: {error}",
                hint="Reinstall the package it comes from, or uninstall it.",
            ) from error
        for name, description in offered.items():
            found[name] = description
            for old in description.get("deprecated_tools") or ():
                found.setdefault(old, description)
    return found


def _tool(name: str, description: Mapping[str, Any]) -> Tool:
    try:
        module: Any = importlib.import_module(description["module"])
        kind = description.get("class_name") or description.get("class")
        owner = getattr(module, kind) if kind else None
        return as_tool(getattr(owner or module, description["function"]), owner=owner)
    except (ImportError, AttributeError, KeyError, TypeError) as error:
        raise PluginError(
            f"The tool '{name}' cannot be loaded: {error}",
            hint="Reinstall the package it comes from.",
        ) from error
