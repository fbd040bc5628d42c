"""A row that was done, in the form in which it is stored."""

from __future__ import annotations

from typing import Any, NamedTuple

from flowgrade.flows import Execution
from flowgrade.records import Failure, dumps_any
from flowgrade.tracing import RecordedSpan


class FinishedRow(NamedTuple):
    """One row, completed or failed; texts beside ``status`` and ``trace_id`` are JSON.

    The fields up to ``unpriced`` are the columns of the table of rows, after its ``run``.
    """

    number: int
    status: str
    """``completed`` or ``failed``."""
    inputs: str
    outputs: str | None
    error: str | None
    kept: str | None
    trace_id: str
    start_ns: int
    end_ns: int
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None
    unpriced: int
    spans: list[RecordedSpan]

    @property
    def failed(self) -> bool:
        """Whether it ended with an error."""
        return self.error is not None

    @classmethod
    def of(cls, number: int, execution: Execution) -> FinishedRow:
        """The row ``number``, which ended so."""
        usage = execution.usage
        error = Failure.of(execution.error) if execution.error is not None else None
        return cls(
            number,
            "completed" if error is None else "failed",
            dumps_any(execution.inputs),
            execution.outputs_json if error is None else None,
            dumps_any(error) if error else None,
            dumps_any(execution.kept) if execution.kept else None,
            execution.trace_id,
            execution.start_ns,
            execution.end_ns,
            usage.input_tokens if usage else None,
            usage.output_tokens if usage else None,
            execution.cost,
            execution.unpriced,
            execution.spans,
        )

    def as_json(self) -> list[Any]:
        """The row as it goes from one process to another."""
        return [*self[:-1], [tuple(span) for span in self.spans]]

    @classmethod
    def from_json(cls, values: list[Any]) -> FinishedRow:
        """The row that ``as_json`` gave."""
        return cls._make([*values[:-1], [RecordedSpan(*span) for span in values[-1]]])
