"""Package tools: functions that installed packages offer to flows."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from flowgrade.errors import FlowDefinitionError, InputError, NotFoundError, PluginError
from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.guests import flow_code
from flowgrade.flows.references import parse_binding
from flowgrade.flows.tools import Parameter, Tool, as_tool
from flowgrade.plugins import EntryPoint, entry_points
from flowgrade.records import Record, replace

GROUP = "package_tools"
"""Entry-point group, the one that prompt flow's tool packages use: a callable that returns
``{tool id: description}``, where the description names module, function and maybe class."""

OWN_GROUP = "flowgrade.package_tools"
"""The same for stand-ins that come with Flowgrade; a package that is installed goes first.

A description that has ``absent`` instead says what to do without the tool; its id may end in
``.*``."""


class PackageTool(Record):
    """A tool that an installed package offers."""

    name: str
    description: Mapping[str, Any]
    distribution: str
    """The package it comes from."""
    rivals: tuple[str, ...] = ()
    """Other packages that offer a tool of the same id."""


def find_package_tool(node: NodeSpec) -> Tool:
    """The installed tool that ``node`` names; raises FlowDefinitionError when there is none."""
    if not node.tool:
        raise FlowDefinitionError(
            f"The node '{node.name}' names no tool.",
            hint="Give it source: {type: package, tool: PACKAGE.MODULE.FUNCTION}.",
            place=node.place_of("source"),
        )
    try:
        return _tool(_found(str(node.tool)))
    except (NotFoundError, PluginError) as error:
        raise FlowDefinitionError(
            f"The node '{node.name}': {error.message}",
            hint=error.hint,
            place=node.place_of("source"),
        ) from error


def package_tools() -> Mapping[str, PackageTool]:
    """Every tool that installed packages offer, by id."""
    return _offered(tuple(sys.path))


def tool_values(tool: str, name: str, given: Mapping[str, Any] | None = None) -> Any:
    """What the package tool ``tool`` offers as values of its input ``name``: its dynamic list.

    ``given`` has the values of other inputs, which the list may depend on. Raises NotFoundError
    for an unknown tool or input, InputError for an input whose values are not listed.
    """
    found = _found(tool)
    inputs = found.description.get("inputs") or {}
    if name not in inputs:
        raise NotFoundError(
            f"The tool '{tool}' has no input '{name}'.",
            hint=f"It has: {', '.join(inputs) or 'none'}.",
        )
    listing = inputs[name].get("dynamic_list")
    if not listing:
        raise InputError(f"The tool '{tool}' lists no values of its input '{name}'.")
    arguments = {
        str(spec["name"]): value
        for spec in listing.get("func_kwargs") or ()
        if (value := _given(spec, given or {})) is not None
    }
    module, _, function = str(listing["func_path"]).rpartition(".")
    with flow_code():
        return getattr(importlib.import_module(module), function)(**arguments)


def _given(spec: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    binding = parse_binding(spec.get("reference"))
    found = given.get(binding.input) if binding.input else None
    return spec.get("default") if found is None else found


def _found(name: str) -> PackageTool:
    known = package_tools()
    found = known.get(name) or known.get(f"{name.partition('.')[0]}.*")
    if found is None:
        near = get_close_matches(name, [n for n in known if not n.endswith(".*")], n=1)
        raise NotFoundError(
            f"No installed package offers the tool '{name}'.",
            hint=f"Did you mean '{near[0]}'?" if near else "Install the package that has it.",
        )
    if "absent" in found.description:
        raise NotFoundError(
            f"The tool '{name}' is not there.", hint=str(found.description["absent"])
        )
    if found.rivals:
        both = " and ".join(sorted({found.distribution, *found.rivals}))
        raise PluginError(
            f"Several packages offer the tool '{name}': {both}.",
            hint="Uninstall all but one of them.",
        )
    return found


@cache
def _offered(path: tuple[str, ...]) -> Mapping[str, PackageTool]:
    """The tools of the packages on ``path``; a package's own goes before one of Flowgrade's."""
    own: dict[str, PackageTool] = {}
    installed: dict[str, PackageTool] = {}
    for group, found in ((OWN_GROUP, own), (GROUP, installed)):
        for point in entry_points(group):
            _add(found, point)
    tools = {**own, **installed}
    for tool in list(tools.values()):
        for old in tool.description.get("deprecated_tools") or ():
            tools.setdefault(old, tool)
    return tools


def _add(found: dict[str, PackageTool], point: EntryPoint) -> None:
    try:
        with flow_code():
            offered: Mapping[str, Any] = point.load()()
        if not isinstance(offered, Mapping):
            raise TypeError(f"{type(offered).__name__} is no mapping of tools")
    except Exception as error:  # a stranger's package may fail in any way
        raise PluginError(
            f"The tools of the package '{point.distribution}' ({point.value}) cannot be read: "
            f"{type(error).__name__}: {error}",
            hint=f"Install the package '{error.name}', which it needs."
            if isinstance(error, ModuleNotFoundError)
            else "Reinstall the package, or uninstall it.",
        ) from error
    for name, description in offered.items():
        tool = PackageTool(name=name, description=description, distribution=point.distribution)
        before = found.get(name)
        if before is not None and before.distribution != point.distribution:
            tool = replace(before, rivals=(*before.rivals, point.distribution))
        found[name] = tool


def _tool(found: PackageTool) -> Tool:
    description = found.description
    try:
        module: Any = importlib.import_module(description["module"])
        kind = description.get("class_name") or description.get("class")
        owner = getattr(module, kind) if kind else None
        tool = as_tool(getattr(owner or module, description["function"]), owner=owner)
    except Exception as error:  # a stranger's module may fail in any way
        raise PluginError(
            f"The tool '{found.name}' of the package '{found.distribution}' cannot be loaded: "
            f"{type(error).__name__}: {error}",
            hint=f"Install the package '{error.name}', which it needs."
            if isinstance(error, ModuleNotFoundError)
            else "Reinstall the package it comes from.",
        ) from error
    inputs = description.get("inputs") or {}
    return replace(
        tool,
        parameters=tuple(_typed(p, inputs) for p in tool.parameters),
        owner_parameters=tuple(_typed(p, inputs) for p in tool.owner_parameters),
    )


def _typed(parameter: Parameter, inputs: Mapping[str, Any]) -> Parameter:
    """The parameter with the type that the tool's description gives where its code has none."""
    raw = inputs.get(parameter.name)
    types = raw.get("type") if isinstance(raw, Mapping) else None
    if parameter.annotation not in (None, object, type(None), inspect.Parameter.empty) or not types:
        return parameter
    names = [types] if isinstance(types, str) else [str(name) for name in types]
    if all(name.endswith("Connection") for name in names):
        return replace(parameter, annotation=" | ".join(names))
    return replace(parameter, annotation=_PYTHON.get(names[0], parameter.annotation))


_PYTHON: Mapping[str, type] = {
    "int": int,
    "double": float,
    "bool": bool,
    "string": str,
    "list": list,
}
