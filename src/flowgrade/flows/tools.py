"""Tools: the Python functions behind nodes."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar, get_type_hints, overload

from flowgrade.errors import FlowDefinitionError, Place
from flowgrade.records import Record

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__flowgrade_tool__"
# The mark that prompt flow's own decorator leaves, where that package is installed.
_FOREIGN_MARK = "__original_function"


class ToolMark(Record):
    """What ``@tool`` says of a function, for the models that may call it."""

    name: str | None = None
    """Its name for a model; the function's if None."""
    description: str | None = None
    """Its description for a model; that of the docstring if None."""
    confirm: bool = False
    """Whether a person has to agree to each call of a model."""
    timeout: float | None = None
    """Seconds that a call of a model may take; the agent's limit if None."""


@overload
def tool(function: F) -> F: ...
@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    confirm: bool = False,
    timeout: float | None = None,
) -> Callable[[F], F]: ...
def tool(function: F | None = None, **said: Any) -> F | Callable[[F], F]:
    """Mark a function as a tool: one that a Python node calls, or that an agent may call.

    ``@tool``, or with what only agents heed: ``@tool(name=…, description=…, confirm=True,
    timeout=5)``. With ``confirm`` a person has to agree to each call.
    """
    mark = ToolMark(**said)

    def marked(function: F) -> F:
        setattr(function, _MARK, mark)
        return function

    return marked if function is None else marked(function)


class Parameter(Record):
    """A parameter of a tool."""

    name: str
    annotation: Any
    has_default: bool


class Tool(Record):
    """A function that can be a node."""

    name: str
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    takes_any: bool
    """Whether it has ``**kwargs``."""
    owner: type | None = None
    """The class whose method it is; its constructor takes a part of the node's inputs."""
    owner_parameters: tuple[Parameter, ...] = ()

    @property
    def is_async(self) -> bool:
        """Whether calling it gives something to await or to iterate with ``async for``."""
        function = self.function
        return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name, of the function or of its class's constructor."""
        known = (*self.parameters, *self.owner_parameters)
        return next((p for p in known if p.name == name), None)


def find_tool(module: ModuleType, file: str) -> Tool:
    """The one tool that ``module`` defines: its ``@tool`` function, else its only public one."""
    found = tools_of(module)
    if methods := _methods(module):
        marked = [function for function in found if is_tool(function)]
        return _only([as_tool(method, owner=owner) for owner, method in methods], marked, file)
    if len(found) != 1:
        names = ", ".join(f.__name__ for f in found)
        raise FlowDefinitionError(
            f"It defines {len(found)} tools ({names})." if found else "It defines no tool.",
            hint="Put @tool (from flowgrade import tool) on exactly one function.",
            place=Place(file),
        )
    return as_tool(found[0])


def tools_of(module: ModuleType) -> list[Callable[..., Any]]:
    """The functions that ``module`` defines as tools: those with ``@tool``, else the public."""
    marked = [f for f in vars(module).values() if is_tool(f) and _home(f) == module.__name__]
    return marked or [
        f
        for name, f in vars(module).items()
        if inspect.isfunction(f) and f.__module__ == module.__name__ and not name.startswith("_")
    ]


def _methods(module: ModuleType) -> list[tuple[type, Callable[..., Any]]]:
    return [
        (kind, method)
        for kind in vars(module).values()
        if inspect.isclass(kind) and kind.__module__ == module.__name__
        for method in vars(kind).values()
        if is_tool(method)
    ]


def _only(methods: list[Tool], functions: list[Any], file: str) -> Tool:
    if len(methods) + len(functions) != 1:
        names = [tool.name for tool in methods] + [f.__name__ for f in functions]
        raise FlowDefinitionError(
            f"It defines {len(names)} tools ({', '.join(names)}).",
            hint="Put @tool on exactly one function or method.",
            place=Place(file),
        )
    return methods[0]


def is_tool(value: object) -> bool:
    """Whether a function carries a tool decorator's mark."""
    return callable(value) and (
        isinstance(getattr(value, _MARK, None), ToolMark) or hasattr(value, _FOREIGN_MARK)
    )


def mark_of(function: object) -> ToolMark:
    """What the decorator said of a function; the defaults when it has none."""
    found = getattr(function, _MARK, None)
    return found if isinstance(found, ToolMark) else ToolMark()


def as_tool(function: Callable[..., Any], *, owner: type | None = None) -> Tool:
    """Read a function's signature; with ``owner`` it is a method of that class."""
    own = getattr(function, _FOREIGN_MARK, function)
    parameters = _parameters_of(own)
    signature = inspect.signature(own)
    return Tool(
        name=getattr(own, "__name__", type(own).__name__),
        function=own,
        parameters=parameters[1:] if owner else parameters,
        takes_any=any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values()),
        owner=owner,
        owner_parameters=_parameters_of(owner.__init__)[1:] if owner else (),  # type: ignore[misc]
    )


def _parameters_of(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    hints = _hints(function)
    return tuple(
        Parameter(
            name=p.name,
            annotation=hints.get(p.name, type(p.default) if p.default is not p.empty else None),
            has_default=p.default is not p.empty,
        )
        for p in inspect.signature(function).parameters.values()
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    )


def type_name(annotation: Any) -> str:
    """The flow type that an annotation stands for; ``object`` when there is none."""
    if inspect.isclass(annotation) and issubclass(annotation, enum.Enum):
        return "string"
    return _TYPE_NAMES.get(annotation, "object") if _hashable(annotation) else "object"


_TYPE_NAMES: dict[Any, str] = {
    int: "int",
    float: "double",
    bool: "bool",
    str: "string",
    list: "list",
}


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    except (NameError, TypeError, AttributeError):
        return dict(getattr(function, "__annotations__", {}))


def _home(function: object) -> str:
    return str(getattr(getattr(function, _FOREIGN_MARK, function), "__module__", ""))


def _hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
