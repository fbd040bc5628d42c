"""Tools from a Python file of the flow: its functions with ``@tool``, else its public ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from flowgrade.errors import FlowDefinitionError, Place
from flowgrade.flows.agents.function_tool import caller, function_tool
from flowgrade.flows.agents.spec import SourceSpec
from flowgrade.flows.agents.tool import AgentTool, ToolContext, ToolSet, chosen
from flowgrade.flows.step import Workshop
from flowgrade.flows.tools import as_tool, mark_of, tools_of
from flowgrade.models import Connection, Models
from flowgrade.records import Json, Record, field, replace


class FunctionTools(Record, dict=True):
    """Functions as tools, some of their parameters bound to inputs of the agent's node."""

    functions: Sequence[Callable[..., Any]]
    allow: Sequence[str] | None = None
    confirm: Sequence[str] | bool = False
    timeout: float | None = None
    bind: Mapping[str, str] = field(default_factory=dict)
    """Parameters that the model does not choose, each with the node's input that has its value."""
    origin: str = "The list of functions"

    def check(self, models: Models) -> None:
        """Nothing beyond what was found when the functions were read."""

    async def tools(self, context: ToolContext) -> Sequence[AgentTool]:
        """The tools, with the bound values of this call."""
        if not self.bind:
            return self.unbound
        return [
            replace(tool, call=caller(self._named[tool.name], self._values(tool.name, context)))
            for tool in self.unbound
        ]

    @cached_property
    def unbound(self) -> list[AgentTool]:
        """The tools, without values for the parameters that are bound."""
        wanted = self._named
        if self.allow is not None and set(self.allow) <= set(wanted):
            # A function that is not allowed need not be one that a model could call.
            wanted = {name: wanted[name] for name in wanted if name in self.allow}
        return chosen(
            [
                function_tool(f, bound=dict.fromkeys(self.bind.keys() & _names(f)))
                for f in wanted.values()
            ],
            allow=self.allow,
            confirm=self.confirm,
            timeout=self.timeout,
            origin=self.origin,
        )

    @cached_property
    def _named(self) -> dict[str, Callable[..., Any]]:
        return {mark_of(f).name or as_tool(f).name: f for f in self.functions}

    def _values(self, name: str, context: ToolContext) -> dict[str, Any]:
        values = {}
        for parameter in as_tool(self._named[name]).parameters:
            if parameter.name in self.bind:
                value = context.inputs.get(self.bind[parameter.name])
                if parameter.annotation is Connection and isinstance(value, str):
                    value = context.models.connection(value)
                values[parameter.name] = value
        return values


class PythonSource:
    """Opens ``{python: FILE}`` or ``{python: {path: FILE, …}}``."""

    def open(self, definition: Json, workshop: Workshop, place: Place | None) -> ToolSet:
        """Import the file and read the signatures of its functions."""
        given = {"path": definition} if isinstance(definition, str) else definition
        spec = SourceSpec.read("python", given, place, known=("path", "bind"))
        path = spec.text("path")
        file = workshop.folder / path if path else None
        if file is None or not file.is_file():
            raise FlowDefinitionError(
                f"The file of tools is not there: {file}." if file else "The tools name no file.",
                hint="Paths count from the flow's folder.",
                place=place,
            )
        tools = FunctionTools(
            functions=tools_of(workshop.space.load_file(file)),
            allow=spec.texts("allow"),
            confirm=spec.confirm,
            timeout=spec.timeout,
            bind=spec.mapping("bind"),
            origin=str(path),
        )
        _check(tools, place)
        return tools


SOURCE = PythonSource()


def _check(tools: FunctionTools, place: Place | None) -> None:
    if not tools.functions:
        raise FlowDefinitionError(
            f"{tools.origin} defines no function.", hint="Define one, with @tool.", place=place
        )
    taken = {p.name for function in tools.functions for p in as_tool(function).parameters}
    for name in tools.bind:
        if name not in taken:
            raise FlowDefinitionError(
                f"No function of {tools.origin} has the parameter '{name}' of bind.", place=place
            )
    _ = tools.unbound  # raises for a function that a model could not call


def _names(function: Callable[..., Any]) -> set[str]:
    return {parameter.name for parameter in as_tool(function).parameters}
