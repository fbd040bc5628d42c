"""Score: how good it was."""

from __future__ import annotations

from flowgrade.records.record import Record
from flowgrade.records.ref import Ref


class Score(Record):
    """One named value with its reason, its judge and what was judged.

    Either ``run`` and ``row`` or ``trace_id`` (and ``span_id``) say what was judged.
    """

    name: str
    value: float | bool | str | None
    """None when the judge could not decide: not known is not zero."""
    passed: bool | None = None
    reason: str | None = None
    judge: Ref | None = None
    run: str | None = None
    row: int | None = None
    trace_id: str | None = None
    span_id: str | None = None
