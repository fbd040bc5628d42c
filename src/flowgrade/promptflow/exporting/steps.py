"""The steps of the exported function, and the expressions in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flowgrade.flows import Binding, NodeSpec
from flowgrade.promptflow.exporting.callee import Callee
from flowgrade.promptflow.exporting.naming import is_name
from flowgrade.promptflow.exporting.writing import WIDTH, bracketed, call, comment, literal
from flowgrade.records import Record


class Written(Record):
    """A node with what it is called in the exported code."""

    node: NodeSpec
    callee: Callee
    variable: str
    """Holds its output."""
    runs: str | None = None
    """Holds whether it runs; None when it always does."""
    condition: str = ""
    """Whether it runs, as an expression."""
    why: str = ""
    """The same for people."""
    level: int = 0
    """How many steps come before it at least."""


class Writer:
    """Writes what a flow's nodes do for one row."""

    def __init__(self, steps: Iterable[Written], *, asynchronous: bool) -> None:
        self._steps = tuple(steps)
        self._by_name = {step.node.name: step for step in self._steps}
        self._async = asynchronous

    def lines(self, *, indent: int) -> list[str]:
        """The statements: level by level, those of one level side by side."""
        lines: list[str] = []
        for level in sorted({step.level for step in self._steps}):
            group = [step for step in self._steps if step.level == level]
            for step in group:
                lines += self._condition(step, indent)
            together = [step for step in group if self._async and not step.callee.brief]
            for step in group:
                if step not in together:
                    lines += self._alone(step, indent)
            lines += self._together(together, indent)
        return lines

    def value(self, binding: Binding) -> str:
        """What a reference or literal stands for, as an expression."""
        return value_of(binding, {n: s.variable for n, s in self._by_name.items()}, self._runs())

    def _runs(self) -> dict[str, str]:
        return {name: step.runs for name, step in self._by_name.items() if step.runs}

    def _condition(self, step: Written, indent: int) -> list[str]:
        if step.runs is None:
            return []
        pad = "    " * indent
        mark = "  # noqa: E712" if step.condition.endswith(("== True", "== False")) else ""
        return [
            *comment(step.why, indent=indent),
            f"{pad}{step.runs} = {step.condition}{mark}",
        ]

    def _alone(self, step: Written, indent: int) -> list[str]:
        """A statement that nothing runs beside."""
        awaits = "await " if step.callee.awaited and self._async else ""
        return self._statement(step, awaits + step.callee.name, self._arguments(step), indent)

    def _statement(self, step: Written, head: str, arguments: list[str], indent: int) -> list[str]:
        if step.runs is None:
            return call(f"{step.variable} = {head}", arguments, indent=indent)
        pad = "    " * indent
        return [
            f"{pad}{step.variable} = None",
            f"{pad}if {step.runs}:",
            *call(f"{step.variable} = {head}", arguments, indent=indent + 1),
        ]

    def _together(self, steps: list[Written], indent: int) -> list[str]:
        if not steps:
            return []
        if len(steps) == 1:
            head, arguments = self._awaitable(steps[0])
            return self._statement(steps[0], f"await {head}", arguments, indent)
        pad = "    " * indent
        targets = ", ".join(step.variable for step in steps)
        calls = [line for step in steps for line in self._beside(step, indent + 1)]
        return [f"{pad}{targets} = await asyncio.gather(", *calls, f"{pad})"]

    def _beside(self, step: Written, indent: int) -> list[str]:
        """One of the calls that run side by side."""
        head, arguments = self._awaitable(step)
        written = call(head, arguments, indent=indent)
        pad = "    " * indent
        if step.runs is None:
            return [*written[:-1], f"{written[-1]},"]
        line = f"{written[0]} if {step.runs} else pf.nothing(),"
        if len(written) == 1 and len(line) <= WIDTH:
            return [line]
        return [*written, f"{pad}if {step.runs}", f"{pad}else pf.nothing(),"]

    def _awaitable(self, step: Written) -> tuple[str, list[str]]:
        arguments = self._arguments(step)
        if step.callee.awaited:
            return step.callee.name, arguments
        return "pf.in_thread", [step.callee.name, *arguments]

    def _arguments(self, step: Written) -> list[str]:
        given = [argument(n, literal(v)) for n, v in step.callee.literals.items()]
        for name, binding in step.node.inputs.items():
            if binding.is_literal:
                continue
            written = argument(name, self.value(binding))
            runs = self._runs().get(binding.node or "")
            if runs and name in step.callee.optional:
                written = f"**pf.if_ran({runs}, {written})"
            given.append(written)
        return given


def value_of(binding: Binding, variables: Mapping[str, str], runs: Mapping[str, str]) -> str:
    """A reference as an expression; a part of what may not have run is None then."""
    if binding.input is not None:
        return binding.input
    if binding.node is None:
        return literal(binding.literal)
    variable = variables[binding.node]
    if not binding.path:
        return variable
    steps = ", ".join(literal(step) for step in binding.path)
    found = f"pf.part({variable}, {steps})"
    return f"({found} if {runs[binding.node]} else None)" if binding.node in runs else found


def argument(name: str, value: str) -> str:
    """``name=value``, also where the name is none of Python's."""
    return f"{name}={value}" if is_name(name) else f"**{{{literal(name)}: {value}}}"


def returned(outputs: Mapping[str, str], *, indent: int) -> list[str]:
    """The statement that gives the outputs."""
    parts = [f"{literal(name)}: {value}" for name, value in outputs.items()]
    return bracketed("return {", parts, "}", indent=indent)
