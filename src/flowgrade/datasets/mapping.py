"""ColumnMapping: from the columns of data and of an earlier run to the inputs of a flow."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from flowgrade.errors import MappingError
from flowgrade.records import JsonObject, Record

_BINDING = re.compile(r"\$\{([^{}]+)\}")
_SOURCES = ("data", "run.inputs", "run.outputs")
_RESERVED = "line_number"
_MISSING = object()


class Binding(Record):
    """One input that is taken from a column."""

    input: str
    source: int
    """0 for the data, 1 for a run's inputs, 2 for a run's outputs."""
    column: str

    def __str__(self) -> str:
        return f"${{{_SOURCES[self.source]}.{self.column}}}"


class ColumnMapping:
    """What each input of a flow is taken from; made by ``parse``."""

    __slots__ = ("_fast", "_frame", "_mutable", "bindings")

    def __init__(self, constants: Mapping[str, Any], bindings: tuple[Binding, ...]) -> None:
        self.bindings = bindings
        self._frame = dict(constants)
        self._mutable = [
            (name, value) for name, value in constants.items() if isinstance(value, dict | list)
        ]
        self._fast = [(one.input, one.source, one.column, one) for one in bindings]

    @classmethod
    def parse(cls, mapping: Mapping[str, Any]) -> ColumnMapping:
        """The mapping that prompt flow's ``column_mapping`` writes down.

        A value that is ``${data.x}``, ``${run.inputs.x}`` or ``${run.outputs.x}`` as a whole is
        a binding, every other value a constant. Raises MappingError for another source and when
        nothing is bound.
        """
        found = {name: value for name, value in mapping.items() if name != _RESERVED}
        bindings = tuple(
            _binding(name, match[1])
            for name, value in found.items()
            if isinstance(value, str) and (match := _BINDING.fullmatch(value))
        )
        if not bindings:
            raise MappingError(
                "The column mapping takes nothing from the data.",
                hint="Write at least one input as '${data.column}'.",
            )
        bound = {one.input for one in bindings}
        frame = {name: None if name in bound else value for name, value in found.items()}
        return cls(frame, bindings)

    def apply(
        self,
        data: JsonObject | None = None,
        run_inputs: JsonObject | None = None,
        run_outputs: JsonObject | None = None,
        *,
        strict: bool = True,
    ) -> JsonObject:
        """The inputs for one row.

        A column is looked up under its whole name, then as a path (``a.b`` in ``{"a": {"b":
        1}}``). Raises MappingError for a column that is not there; without ``strict`` its input
        is left out, so that the flow's default applies.
        """
        sources = (data, run_inputs, run_outputs)
        made = self._frame.copy()
        for name, value in self._mutable:
            made[name] = copy.deepcopy(value)
        for name, source, column, binding in self._fast:
            try:
                made[name] = sources[source][column]  # type: ignore[index]
            except (KeyError, TypeError):
                value = _nested(sources[source], column)
                if value is not _MISSING:
                    made[name] = value
                elif strict:
                    raise _missing(binding, sources[source]) from None
                else:
                    del made[name]
        return made

    def check(
        self,
        columns: Iterable[str],
        run_inputs: Iterable[str] | None = None,
        run_outputs: Iterable[str] | None = None,
    ) -> None:
        """Raise MappingError for a binding to a column that is in none of these."""
        known = [dict.fromkeys(names or ()) for names in (columns, run_inputs, run_outputs)]
        for binding in self.bindings:
            names = known[binding.source]
            if binding.column not in names and binding.column.partition(".")[0] not in names:
                raise _missing(binding, names)


def default_mapping(inputs_without_default: Iterable[str]) -> ColumnMapping:
    """The mapping without a ``column_mapping``: each input from the column of its name."""
    names = tuple(inputs_without_default)
    bindings = tuple(Binding(input=name, source=0, column=name) for name in names)
    return ColumnMapping(dict.fromkeys(names), bindings)


def _binding(name: str, text: str) -> Binding:
    for number, source in enumerate(_SOURCES):
        if text.startswith(f"{source}.") and len(text) > len(source) + 1:
            return Binding(input=name, source=number, column=text[len(source) + 1 :])
    raise MappingError(
        f"The input '{name}' is bound to '${{{text}}}', which is no column.",
        hint="Write ${data.x}, ${run.inputs.x} or ${run.outputs.x}.",
    )


def _nested(row: object, column: str) -> Any:
    if not isinstance(row, dict):
        return _MISSING
    value: Any = row
    for part in column.split("."):
        if not isinstance(value, dict) or part not in value:
            return _MISSING
        value = value[part]
    return value


def _missing(binding: Binding, row: JsonObject | None) -> MappingError:
    where = ("data", "run's inputs", "run's outputs")[binding.source]
    if row is None:
        return MappingError(
            f"The input '{binding.input}' is bound to {binding}, but there are no {where}.",
            hint="Name the data file or the run to take them from.",
        )
    names = [str(name) for name in row]
    close = difflib.get_close_matches(binding.column, names, n=1)
    meant = f"Did you mean '{close[0]}'? " if close else ""
    return MappingError(
        f"The {where} have no column '{binding.column}' for the input '{binding.input}'.",
        hint=f"{meant}The columns are: {', '.join(names) or 'none'}.",
    )
