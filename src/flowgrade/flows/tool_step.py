"""Make the step that calls a Python function."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import partial
from types import MethodType
from typing import TYPE_CHECKING, Any

from flowgrade.errors import FlowDefinitionError, FlowgradeError
from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.guests import NOT_MINE, converted
from flowgrade.flows.step import Arguments, Step, literals_of, references_of
from flowgrade.flows.tools import Parameter, Tool, type_name
from flowgrade.flows.types import coerce

if TYPE_CHECKING:
    from flowgrade.models import Models


def tool_step(
    node: NodeSpec, tool: Tool, models: Models, *, given: Mapping[str, Any] | None = None
) -> Step:
    """The step of ``node`` that calls ``tool``, its inputs checked against the signature.

    ``given`` are arguments that come with the type of node, not from its inputs.
    """
    added = dict(given or {})
    _check_inputs(node, tool, added)
    literals = _literals(node, tool, models)
    function = _bound(node, tool, literals)
    if added:
        function = partial(function, **added)

    def call(arguments: Arguments) -> Any:
        return function(**arguments)

    async def acall(arguments: Arguments) -> Any:
        found = function(**arguments)
        return await found if inspect.isawaitable(found) else found

    return Step(
        node=node,
        call=None if tool.is_async else call,
        acall=acall if tool.is_async else None,
        literals=literals,
        references=references_of(node),
        optional=frozenset(p.name for p in tool.parameters if p.has_default),
        types={p.name: type_name(p.annotation) for p in tool.parameters},
    )


def _bound(node: NodeSpec, tool: Tool, literals: Arguments) -> Callable[..., Any]:
    """The function; a method of an instance that is made once, from literals it takes out."""
    if tool.owner is None:
        return tool.function
    names = [p.name for p in tool.owner_parameters]
    for name in names:
        if name in node.inputs and not node.inputs[name].is_literal:
            raise FlowDefinitionError(
                f"The input '{name}' of the node '{node.name}' goes to the constructor of "
                f"'{tool.owner.__name__}', which is called before any row.",
                hint="Give it a literal value, not a reference.",
                place=node.place_of(f"inputs.{name}"),
            )
    given = {name: literals.pop(name) for name in names if name in literals}
    try:
        return MethodType(tool.function, tool.owner(**given))
    except Exception as error:  # users' code may fail in any way
        raise FlowDefinitionError(
            f"The class '{tool.owner.__name__}' of the node '{node.name}' cannot be "
            f"instantiated: {type(error).__name__}: {error}",
            place=node.place,
        ) from error


def _check_inputs(node: NodeSpec, tool: Tool, added: Arguments) -> None:
    parameters = [p for p in (*tool.owner_parameters, *tool.parameters) if p.name not in added]
    names = [p.name for p in parameters]
    for name in node.inputs:
        if name not in names and not tool.takes_any:
            near = get_close_matches(name, names, n=1)
            raise FlowDefinitionError(
                f"The function '{tool.name}' of the node '{node.name}' has no parameter '{name}'.",
                hint=f"Did you mean '{near[0]}'?" if near else f"It has: {', '.join(names)}.",
                place=node.place_of(f"inputs.{name}"),
            )
    for parameter in parameters:
        if not parameter.has_default and parameter.name not in node.inputs:
            raise FlowDefinitionError(
                f"The node '{node.name}' gives its function '{tool.name}' no value for the "
                f"parameter '{parameter.name}'.",
                hint=f"Add it to the node's inputs, for example {parameter.name}: ${{inputs.…}}.",
                place=node.place,
            )


def _literals(node: NodeSpec, tool: Tool, models: Models) -> Arguments:
    return {
        name: _literal(node, tool.parameter(name), value, models)
        for name, value in literals_of(node).items()
    }


def _literal(node: NodeSpec, parameter: Parameter | None, value: Any, models: Models) -> Any:
    if parameter is None:
        return value
    annotation = parameter.annotation
    try:
        made = converted(annotation, value, models)
        if made is not NOT_MINE:
            return made
        if inspect.isclass(annotation) and issubclass(annotation, enum.Enum):
            return annotation(value)
        return coerce(value, type_name(annotation), name=parameter.name)
    except FlowgradeError as error:
        error.message = f"{_where(parameter, node)}: {error.message}"
        error.place = error.place or node.place_of(f"inputs.{parameter.name}")
        raise
    except ValueError as error:
        raise FlowDefinitionError(
            f"{_where(parameter, node)} cannot be used: {error}.",
            hint=_choices(annotation),
            place=node.place_of(f"inputs.{parameter.name}"),
        ) from error


def _where(parameter: Parameter, node: NodeSpec) -> str:
    return f"The input '{parameter.name}' of the node '{node.name}'"


def _choices(annotation: Any) -> str | None:
    if inspect.isclass(annotation) and issubclass(annotation, enum.Enum):
        return f"It is one of: {', '.join(str(member.value) for member in annotation)}."
    return None
