"""How the exported code calls what a node does."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from flowgrade.flows import NodeSpec, Step, Tool, Workshop, find_package_tool, find_tool
from flowgrade.promptflow.exporting.naming import Names, identifier, is_name
from flowgrade.promptflow.exporting.refusing import refuse
from flowgrade.promptflow.exporting.writing import call, is_plain, literal
from flowgrade.records import Record, field


class Callee(Record):
    """What a node calls: its name in the module, and what makes that name."""

    name: str
    imports: tuple[str, str, str] | None = None
    """From which module which name is imported, and as what."""
    setup: tuple[str, ...] = ()
    """Lines of the module that define the name."""
    literals: Mapping[str, Any] = field(default_factory=dict)
    """Values that stand in each call."""
    optional: frozenset[str] = frozenset()
    """Parameters with a default, left out when what they refer to did not run."""
    awaited: bool = False
    """Whether calling it gives something to await."""
    brief: bool = False
    """Whether it only computes for a moment, so that it needs no thread."""


def callee_of(node: NodeSpec, workshop: Workshop, names: Names, *, read: bool) -> Callee:
    """How to call what ``node`` does; ``read`` says whether another node reads its output."""
    step = workshop.compile(node)
    if node.type == "python":
        return _function(node, workshop, step, names, read=read)
    return _template(node, step, names)


def _template(node: NodeSpec, step: Step, names: Names) -> Callee:
    asks = node.type == "llm"
    name = names.take(f"{'ask' if asks else 'render'}_{identifier(node.name)}")
    arguments = [f"HERE / {literal(PurePath(str(node.path)).as_posix())}"]
    if step.literals:
        arguments.append(f"inputs={literal(dict(step.literals))}")
    if escaped := [n for n, binding in node.inputs.items() if binding.input is not None]:
        arguments.append(f"from_caller={literal(escaped)}")
    if node.connection:
        arguments.append(f"connection={literal(node.connection)}")
    if asks and node.api and node.api != "chat":
        arguments.append(f"api={literal(node.api)}")
    setup = call(f"{name} = pf.{'ask' if asks else 'render'}", arguments)
    return Callee(name=name, setup=tuple(setup), awaited=asks, brief=not asks)


def _function(
    node: NodeSpec, workshop: Workshop, step: Step, names: Names, *, read: bool
) -> Callee:
    tool = _tool(node, workshop)
    function = tool.function
    if inspect.isasyncgenfunction(function):
        refuse(f"The node '{node.name}' generates its output asynchronously.", node.place)
    if inspect.isgeneratorfunction(function) and read:
        refuse(f"The node '{node.name}' hands a generator to another node.", node.place)
    module = _module(node, tool)
    made = _Maker(node, tool, step, module, names)
    return made.method() if tool.owner is not None else made.function()


class _Maker:
    """Writes the callee of one Python node."""

    def __init__(self, node: NodeSpec, tool: Tool, step: Step, module: str, names: Names) -> None:
        self._node, self._tool, self._step = node, tool, step
        self._module, self._names = module, names
        self._awaited = inspect.iscoroutinefunction(tool.function)
        self._optional = frozenset(p.name for p in tool.parameters if p.has_default)

    def function(self) -> Callee:
        """A function, imported; with what is bound once, where values cannot be written down."""
        imported = self._imported(self._tool.function.__name__)
        fixed = self._given(self._step.literals)
        if fixed is not None:
            return Callee(
                name=imported,
                imports=(self._module, self._tool.function.__name__, imported),
                literals=fixed,
                optional=self._optional,
                awaited=self._awaited,
            )
        name = self._names.take(f"run_{identifier(self._node.name)}")
        written = self._written(set(self._step.literals))
        return Callee(
            name=name,
            imports=(self._module, self._tool.function.__name__, imported),
            setup=tuple(call(f"{name} = pf.bind", [imported, *written])),
            optional=self._optional,
            awaited=self._awaited,
        )

    def method(self) -> Callee:
        """A method of an instance that is made once."""
        owner = self._tool.owner
        assert owner is not None
        imported = self._imported(owner.__name__)
        mine = {p.name for p in self._tool.owner_parameters}
        fixed = self._given(self._step.literals)
        if fixed is None or self._needs_more(mine):
            refuse(
                f"The class of the node '{self._node.name}' takes values that are not written "
                "down as they are, such as connections.",
                self._node.place,
            )
        name = self._names.take(identifier(self._node.name) + "_tool")
        setup = call(f"{name} = {imported}", self._written(mine & set(self._node.inputs)))
        return Callee(
            name=f"{name}.{self._tool.function.__name__}",
            imports=(self._module, owner.__name__, imported),
            setup=tuple(setup),
            literals=fixed,
            optional=self._optional,
            awaited=self._awaited,
        )

    def _imported(self, name: str) -> str:
        return self._names.imported(self._module, name)

    def _given(self, literals: Mapping[str, Any]) -> dict[str, Any] | None:
        return dict(literals) if all(map(is_plain, literals.values())) else None

    def _needs_more(self, mine: set[str]) -> bool:
        parameters = {p.name: p.annotation for p in self._tool.owner_parameters}
        plain = (str, int, float, bool, list, dict, None, inspect.Parameter.empty)
        return any(parameters[name] not in plain for name in mine if name in self._node.inputs)

    def _written(self, wanted: set[str]) -> list[str]:
        literals = {n: b.literal for n, b in self._node.inputs.items() if n in wanted}
        return [f"{name}={literal(value)}" for name, value in literals.items()]


def _tool(node: NodeSpec, workshop: Workshop) -> Tool:
    if node.source_type == "package":
        return find_package_tool(node)
    file = workshop.folder / str(node.path)
    return find_tool(workshop.space.load_file(file), str(file))


def _module(node: NodeSpec, tool: Tool) -> str:
    if node.source_type == "package":
        return str((tool.owner or tool.function).__module__)
    parts = PurePath(str(node.path)).with_suffix("").parts
    if not all(map(is_name, parts)):
        refuse(f"The file {node.path} cannot be imported by its name.", node.place)
    return ".".join(parts)
