"""Find the function or class that ``module:name`` means, and make it callable."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast, get_type_hints

from flowgrade.errors import FlowDefinitionError, FlowgradeError, Place
from flowgrade.flows.function_body import signature_of
from flowgrade.flows.guests import NOT_MINE, converted
from flowgrade.flows.modules import ModuleSpace
from flowgrade.flows.types import coerce

if TYPE_CHECKING:
    from flowgrade.models import Models


def find_entry(entry: str, space: ModuleSpace, *, place: Place) -> Any:
    """The object that ``module.path:name`` names, in the flow's folder or an installed package."""
    module_name, _, name = entry.partition(":")
    if not name:
        raise FlowDefinitionError(
            f"The entry '{entry}' names no function.",
            hint="Write it as module:function or module:Class.",
            place=place,
        )
    module = _module(module_name, space, place)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            near = get_close_matches(part, [n for n in vars(found) if not n.startswith("_")], n=1)
            raise FlowDefinitionError(
                f"The module '{module_name}' has no '{part}'.",
                hint=f"Did you mean '{near[0]}'?" if near else f"Define {part} in it.",
                place=place,
            )
        found = getattr(found, part)
    return found


def instantiate(
    found: Any, init: Mapping[str, Any], models: Models, *, name: str, place: Place | None = None
) -> Callable[..., Any]:
    """A class becomes an instance, built from ``init``; a function stays as it is."""
    try:
        return _instance(found, init, models, name)
    except FlowgradeError as error:
        error.place = error.place or place
        raise


def init_names(found: Any) -> list[str]:
    """Names of the values that the constructor of a class takes; none for a function."""
    if not inspect.isclass(found):
        return []
    return [spec.name for spec in signature_of(found.__init__, bound=True)]


def _instance(found: Any, init: Mapping[str, Any], models: Models, name: str) -> Callable[..., Any]:
    if not inspect.isclass(found):
        if init:
            raise FlowDefinitionError(
                f"'{name}' is a function; it takes no init values ({', '.join(init)}).",
                hint="Give them as inputs, or make it a class.",
            )
        if not callable(found):
            raise FlowDefinitionError(f"'{name}' is a {type(found).__name__}, not a function.")
        return cast(Callable[..., Any], found)
    if not any("__call__" in vars(kind) for kind in found.__mro__):
        raise FlowDefinitionError(f"The class '{name}' has no __call__.")
    arguments = _init_arguments(found, init, models, name)
    try:
        instance = cast(Callable[..., Any], found(**arguments))
    except Exception as error:
        raise FlowDefinitionError(
            f"The class '{name}' cannot be instantiated: {type(error).__name__}: {error}",
            hint="Give its constructor's values with --init name=value.",
        ) from error
    return instance


def _init_arguments(
    found: type, init: Mapping[str, Any], models: Models, name: str
) -> dict[str, Any]:
    specs = {spec.name: spec for spec in signature_of(found.__init__, bound=True)}  # type: ignore[misc]
    annotations = _annotations(found.__init__)  # type: ignore[misc]
    arguments: dict[str, Any] = {}
    for key, value in init.items():
        if key not in specs:
            near = get_close_matches(key, list(specs), n=1)
            raise FlowDefinitionError(
                f"The class '{name}' takes no init value '{key}'.",
                hint=f"Did you mean '{near[0]}'?" if near else f"It takes: {', '.join(specs)}.",
            )
        made = converted(annotations.get(key), value, models)
        if made is NOT_MINE:
            made = coerce(value, specs[key].type, name=key)
        arguments[key] = made
    if missing := [n for n, spec in specs.items() if spec.required and n not in arguments]:
        raise FlowDefinitionError(
            f"The class '{name}' needs the init value '{missing[0]}'.",
            hint=f"Give it with --init {missing[0]}=VALUE.",
        )
    return arguments


def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    except (NameError, TypeError, AttributeError):
        return inspect.get_annotations(function)


def _module(name: str, space: ModuleSpace, place: Place) -> Any:
    source = space.folder.joinpath(*name.split("."))
    if source.with_suffix(".py").is_file() or (source / "__init__.py").is_file():
        path = source.with_suffix(".py")
        return space.load_file(path if path.is_file() else source / "__init__.py")
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise FlowDefinitionError(
            f"The module '{name}' of the entry cannot be imported: {error}",
            hint=f"Put {name.replace('.', '/')}.py into {space.folder}, or install its package.",
            place=place,
        ) from error
