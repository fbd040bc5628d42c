"""Python functions as tools of an agent."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, get_type_hints

from flowgrade.errors import FlowDefinitionError, Place
from flowgrade.flows.agents.building import build
from flowgrade.flows.agents.docstring import describe
from flowgrade.flows.agents.schema import Schemas, with_default
from flowgrade.flows.agents.tool import AgentTool
from flowgrade.flows.threads import in_thread
from flowgrade.flows.tools import Tool, as_tool, mark_of
from flowgrade.models import Connection
from flowgrade.records import JsonObject

Hints = dict[str, Any]
Call = Callable[[JsonObject], Awaitable[Any]]


def function_tool(
    function: Callable[..., Any], *, bound: Mapping[str, Any] | None = None
) -> AgentTool:
    """A tool from a typed function; ``bound`` are arguments that the model does not choose.

    The schema comes from the annotations, the descriptions from the docstring. Raises
    FlowDefinitionError, with function, parameter and line, for a parameter without a type or with
    one that JSON has no form for.
    """
    own, fixed = _taken_apart(function)
    fixed.update(bound or {})
    tool = as_tool(own)
    mark, said = mark_of(own), describe(tool.function)
    parameters = _parameters(tool.function, tool.name)
    for name in fixed:
        if name not in parameters and not tool.takes_any:
            raise _wrong(tool.function, f"The function '{tool.name}' has no parameter '{name}'.")
    open_ = {name: p for name, p in parameters.items() if name not in fixed}
    hints = _hints(tool.function, open_)
    return AgentTool(
        name=mark.name or tool.name,
        description=mark.description or said.text,
        parameters=_schema(tool.function, tool.name, open_, hints, said.parameters),
        call=_caller(tool, fixed, hints),
        confirm=mark.confirm,
        timeout=mark.timeout,
    )


def caller(function: Callable[..., Any], bound: Mapping[str, Any]) -> Call:
    """What calls ``function`` with a model's arguments and those that are bound."""
    own, fixed = _taken_apart(function)
    tool = as_tool(own)
    return _caller(tool, {**fixed, **bound}, _hints(tool.function, _parameters(own, tool.name)))


def _taken_apart(function: Callable[..., Any]) -> tuple[Callable[..., Any], dict[str, Any]]:
    if isinstance(function, partial):
        return function.func, dict(function.keywords)
    return function, {}


def _parameters(function: Callable[..., Any], name: str) -> dict[str, inspect.Parameter]:
    found = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise _wrong(
                function,
                f"The parameter '{parameter.name}' of the tool '{name}' cannot be given by name.",
                hint="Take the '/' out of its signature.",
            )
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            found[parameter.name] = parameter
    return found


def _hints(function: Callable[..., Any], parameters: Mapping[str, inspect.Parameter]) -> Hints:
    target = function if inspect.isroutine(function) else type(function).__call__
    try:
        known = get_type_hints(target, include_extras=True)
    except (NameError, TypeError, AttributeError):  # a name that only type checkers see
        known = dict(getattr(target, "__annotations__", {}))
    return {name: known[name] for name in parameters if name in known}


def _schema(
    function: Callable[..., Any],
    name: str,
    parameters: Mapping[str, inspect.Parameter],
    hints: Hints,
    descriptions: Mapping[str, str],
) -> JsonObject:
    schemas = Schemas()
    properties: dict[str, JsonObject] = {}
    for parameter in parameters.values():
        what = f"The parameter '{parameter.name}' of the tool '{name}'"
        if parameter.name not in hints:
            raise _wrong(
                function,
                f"{what} has no type.",
                hint=f"Annotate it, for example {parameter.name}: str. A model is told what a "
                "tool takes by its annotations.",
            )
        if hints[parameter.name] is Connection:
            raise _wrong(
                function,
                f"{what} is a connection, which a model cannot give.",
                hint="Bind it: bind: {" + parameter.name + ": INPUT OF THE NODE}, or "
                "functools.partial in Python.",
            )
        try:
            schema = schemas.of(hints[parameter.name])
        except TypeError as error:
            raise _wrong(
                function,
                f"{what} has a type that no model can give: {error}.",
                hint="Take text, numbers, lists, dictionaries, dataclasses or TypedDicts.",
            ) from error
        said = descriptions.get(parameter.name)
        if said and "description" not in schema:
            schema = {**schema, "description": said}
        properties[parameter.name] = with_default(schema, parameter.default)
    required = [p.name for p in parameters.values() if p.default is p.empty]
    whole = schemas.object_of(properties, required)
    return {**whole, "$defs": schemas.definitions} if schemas.definitions else whole


def _caller(tool: Tool, fixed: Mapping[str, Any], hints: Hints) -> Call:
    function, is_async = tool.function, tool.is_async

    async def call(arguments: JsonObject) -> Any:
        given = {name: build(value, hints[name]) for name, value in arguments.items()}
        given.update(fixed)
        if is_async:
            found = function(**given)
            if inspect.isasyncgen(found):
                return "".join([str(piece) async for piece in found])
            return await found
        return await in_thread(lambda: _settled(function(**given)))

    return call


def _settled(found: Any) -> Any:
    """The text of a generator, which does its work while it is read."""
    return "".join(map(str, found)) if inspect.isgenerator(found) else found


def _wrong(
    function: Callable[..., Any], message: str, *, hint: str | None = None
) -> FlowDefinitionError:
    return FlowDefinitionError(message, hint=hint, place=_place(function))


def _place(function: Callable[..., Any]) -> Place | None:
    own = inspect.unwrap(function)
    code = getattr(own, "__code__", None)
    return Place(code.co_filename, code.co_firstlineno) if code else None
