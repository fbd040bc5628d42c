"""The text of the exported module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flowgrade.flows import ABSENT, FlowSpec, InputSpec, OutputSpec
from flowgrade.promptflow.exporting.naming import identifier
from flowgrade.promptflow.exporting.steps import Writer, Written, argument, returned
from flowgrade.promptflow.exporting.writing import (
    WIDTH,
    bracketed,
    call,
    docstring,
    is_plain,
    literal,
)

_TYPES = {"int": "int", "double": "float", "bool": "bool", "string": "str", "list": "list"}


def module_text(
    spec: FlowSpec, rows: Sequence[Written], late: Sequence[Written]
) -> tuple[str, tuple[str, ...]]:
    """The module, and the outputs that it has beyond the flow's."""
    names = {step.node.name for step in late}
    outputs = [output for output in spec.outputs if output.binding.node not in names]
    kept = _kept(late, outputs)
    asynchronous = not _is_chain(rows) or any(step.callee.awaited for step in rows)
    writer = Writer(rows, asynchronous=asynchronous)
    given = {output.name: writer.value(output.binding) for output in outputs}
    added = {name: value for name, value in _values(kept, late, writer) if name not in given}
    body = _Body(spec, writer, {**given, **added}, asynchronous=asynchronous)
    function = body.class_(late, kept) if late else body.function()
    lines = [
        *_docstring(spec),
        "",
        "from __future__ import annotations",
        "",
        *_imports(spec, rows, late, function),
        *_setup(spec, [*rows, *late]),
        "",
        "",
        *function,
    ]
    return "\n".join(lines) + "\n", tuple(added)


def _docstring(spec: FlowSpec) -> list[str]:
    said = str(spec.extra.get("description") or "").strip()
    first = f"The flow '{spec.name}', exported from {spec.file.name} by Flowgrade."
    return docstring([first, "", *said.splitlines(), ""][: None if said else 1])


def _imports(
    spec: FlowSpec, rows: Sequence[Written], late: Sequence[Written], function: Sequence[str]
) -> Iterator[str]:
    text = "\n".join(function)
    setup = any(step.callee.setup for step in (*rows, *late))
    standard = {
        "import asyncio": "asyncio." in text,
        "import os": bool(spec.environment),
        "from pathlib import Path": any(
            "HERE" in line for s in (*rows, *late) for line in s.callee.setup
        ),
        "from typing import Any": "Any" in text,
    }
    found = [line for line, needed in standard.items() if needed]
    yield from (*found, "") if found else ()
    own = {step.callee.imports for step in (*rows, *late) if step.callee.imports}
    if setup or "pf." in text:
        yield "from flowgrade import promptflow as pf"
        yield from ("",) if own else ()
    for module in sorted({module for module, _, _ in own}, key=str.lower):
        parts = sorted((name, alias) for found, name, alias in own if found == module)
        written = [name if name == alias else f"{name} as {alias}" for name, alias in parts]
        line = f"from {module} import {', '.join(written)}"
        short = len(line) <= WIDTH
        yield from (line,) if short else bracketed(f"from {module} import (", written, ")")


def _setup(spec: FlowSpec, steps: Sequence[Written]) -> Iterator[str]:
    lines = list(dict.fromkeys(tuple(step.callee.setup) for step in steps if step.callee.setup))
    if spec.environment:
        yield ""
        yield "# What the flow sets in its environment."
        for name, value in spec.environment.items():
            yield f"os.environ[{literal(name)}] = {literal(value)}"
    if any("HERE" in line for setup in lines for line in setup):
        yield from ("", "HERE = Path(__file__).resolve().parent")
    if lines:
        yield ""
        for setup in lines:
            yield from setup


class _Body:
    """Writes the function, or the class where there is an aggregation."""

    def __init__(
        self, spec: FlowSpec, writer: Writer, outputs: Mapping[str, str], *, asynchronous: bool
    ) -> None:
        self._spec, self._writer, self._outputs = spec, writer, outputs
        self._def = "async def" if asynchronous else "def"

    def function(self) -> list[str]:
        """``flow``, the whole flow as one function."""
        return [
            *self._signature("flow", [], indent=0),
            *self._statements(indent=1),
        ]

    def class_(self, late: Sequence[Written], kept: Mapping[str, str]) -> list[str]:
        """``Flow``, whose ``__aggregate__`` runs once after all rows."""
        return [
            "class Flow:",
            *docstring(["Runs for each row, and once after all of them."], indent=1),
            "",
            *self._signature("__call__", ["self"], indent=1),
            *self._statements(indent=2),
            "",
            *_aggregate(late, kept),
            "",
            "",
            "flow = Flow()",
        ]

    def _signature(self, name: str, first: list[str], *, indent: int) -> list[str]:
        given = [_parameter(spec) for spec in self._spec.inputs]
        parameters = [*first, *(["*", *given] if given else [])]
        lines = bracketed(f"{self._def} {name}(", parameters, ") -> dict:", indent=indent)
        return [*lines, *docstring(["Run the flow for one row."], indent=indent + 1)]

    def _statements(self, *, indent: int) -> list[str]:
        return [*self._writer.lines(indent=indent), *returned(self._outputs, indent=indent)]


def _parameter(spec: InputSpec) -> str:
    kind = _TYPES.get(spec.type, "Any")
    if spec.default is ABSENT:
        return f"{spec.name}: {kind}"
    default: Any = spec.default
    return f"{spec.name}: {kind} = {literal(default) if is_plain(default) else repr(default)}"


def _aggregate(late: Sequence[Written], kept: Mapping[str, str]) -> list[str]:
    asynchronous = any(step.callee.awaited for step in late)
    variables = {step.node.name: step.variable for step in late}
    lines = [
        f"    {'async ' if asynchronous else ''}def __aggregate__(self, rows: list) -> None:",
        *docstring(["Run once, with the outputs of all completed rows."], indent=2),
    ]
    for step in late:
        arguments = [argument(n, literal(v)) for n, v in step.callee.literals.items()]
        for name, binding in step.node.inputs.items():
            if binding.text in kept:
                column = f"[row[{literal(kept[binding.text])}] for row in rows]"
                arguments.append(argument(name, column))
            elif not binding.is_literal:
                arguments.append(argument(name, _late(binding.node, binding.path, variables)))
        is_read = any(step.node.name in other.node.upstream() for other in late)
        target = f"{step.variable} = " if is_read else ""
        awaits = "await " if step.callee.awaited else ""
        lines += call(f"{target}{awaits}{step.callee.name}", arguments, indent=2)
    return lines


def _late(node: str | None, path: Sequence[str | int], variables: Mapping[str, str]) -> str:
    variable = variables[str(node)]
    if not path:
        return variable
    return f"pf.part({variable}, {', '.join(literal(step) for step in path)})"


def _kept(late: Sequence[Written], outputs: Sequence[OutputSpec]) -> dict[str, str]:
    """The output that has each value that the aggregation reads, by the text of the reference."""
    names = {step.node.name for step in late}
    found: dict[str, str] = {}
    taken = {output.name for output in outputs}
    for step in late:
        for binding in step.node.inputs.values():
            if binding.is_literal or binding.node in names or binding.text in found:
                continue
            same = next((o.name for o in outputs if o.binding.text == binding.text), None)
            found[binding.text] = same or _free(identifier(binding.text[2:-1]), taken)
            taken.add(found[binding.text])
    return found


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _values(
    kept: Mapping[str, str], late: Sequence[Written], writer: Writer
) -> Iterator[tuple[str, str]]:
    for step in late:
        for binding in step.node.inputs.values():
            if binding.text in kept:
                yield kept[binding.text], writer.value(binding)


def _is_chain(rows: Sequence[Written]) -> bool:
    """Whether no step can run beside another, apart from those that only take a moment."""
    levels = [step.level for step in rows if not step.callee.brief]
    return len(levels) == len(set(levels))
