"""Spans in the store: rows in, records out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from flowgrade.errors import InputError, NotFoundError
from flowgrade.records import Failure, JsonObject, Record, Ref, Span, SpanKind, Usage, loads
from flowgrade.store import Store, Transaction
from flowgrade.tracing.recorder import RecordedSpan, Sink
from flowgrade.tracing.tables import SPANS

_DIGITS = re.compile("[0-9a-f]{1,32}")


class TraceSummary(Record):
    """One trace in a list."""

    trace_id: str
    name: str
    start_ns: int
    end_ns: int
    status: str
    run: str | None
    row: int | None
    spans: int
    tokens: int | None

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return (self.end_ns - self.start_ns) / 1e9


def save_spans(
    transaction: Transaction,
    spans: Sequence[RecordedSpan],
    *,
    run: str | None = None,
    row: int | None = None,
) -> None:
    """Store finished spans; a span that is there already is left as it is."""
    transaction.insert(SPANS, [(*span, run, row) for span in spans], conflict="keep")


def store_sink(store: Store) -> Sink:
    """A sink that stores each trace as it ends."""

    def sink(spans: list[RecordedSpan]) -> None:
        with store.write() as transaction:
            save_spans(transaction, spans)

    return sink


def list_traces(
    store: Store, *, run: str | None = None, failed: bool = False, limit: int = 20
) -> list[TraceSummary]:
    """The newest traces first."""
    conditions, values = ["root = 1"], list[object]()
    if run is not None:
        conditions.append("run = ?")
        values.append(run)
    if failed:
        conditions.append("status = 'error'")
    where = " AND ".join(conditions)
    sql = f"{SPANS.select} WHERE {where} ORDER BY start_ns DESC, trace_id DESC LIMIT ?"
    with store.read() as transaction:
        roots = [_row(found) for found in transaction.all(sql, [*values, limit])]
        return [_summary(transaction, root) for root in roots]


def get_trace(store: Store, trace_id: str) -> list[Span]:
    """Every span of a trace in order of start. A prefix that only one trace has is enough.

    Raises NotFoundError when there is none, InputError when there are several.
    """
    with store.read() as transaction:
        whole = _complete(transaction, trace_id)
        sql = f"{SPANS.select} WHERE trace_id = ? ORDER BY start_ns, root DESC"
        return [as_span(_row(found)) for found in transaction.all(sql, (whole,))]


def export_spans(store: Store, *, run: str | None = None) -> Iterator[Span]:
    """Every span, or those of one run, trace by trace."""
    condition, values = "", list[object]()
    if run is not None:
        condition = f" WHERE {_OF_RUN}"
        values += [run, run]
    with store.read() as transaction:
        sql = f"{SPANS.select}{condition} ORDER BY trace_id, start_ns, root DESC"
        for found in transaction.each(sql, values):
            yield as_span(_row(found))


def delete_spans_of_run(transaction: Transaction, run: str) -> None:
    """Delete every span of a run."""
    transaction.execute(f"DELETE FROM spans WHERE {_OF_RUN}", (run, run))


def as_span(row: JsonObject) -> Span:
    """A span from a stored row."""
    data = loads(row["data"])
    error, usage, ref = data.get("error"), data.get("usage"), data.get("ref")
    return Span(
        trace_id=row["trace_id"],
        span_id=row["span_id"],
        parent_id=row["parent_id"],
        name=row["name"],
        kind=SpanKind(row["kind"]),
        start_ns=row["start_ns"],
        end_ns=row["end_ns"],
        inputs=data.get("inputs"),
        outputs=data.get("outputs"),
        usage=Usage(**usage) if usage else None,
        cost=data.get("cost"),
        error=Failure(**error) if error else None,
        ref=Ref.parse(ref) if ref else None,
        attributes=data.get("attributes") or {},
    )


# Found by way of the roots, which an index knows. A trace that joined a caller's may hold more than
# this run's spans.
_OF_RUN = "run = ? AND trace_id IN (SELECT trace_id FROM spans WHERE run = ? AND root = 1)"


def _row(found: Sequence[Any]) -> JsonObject:
    return dict(zip(SPANS.columns, found, strict=True))


def _summary(transaction: Transaction, root: JsonObject) -> TraceSummary:
    rows = transaction.all("SELECT kind, data FROM spans WHERE trace_id = ?", (root["trace_id"],))
    usages = [
        Usage(**usage)
        for kind, data in rows
        if kind in (SpanKind.MODEL, SpanKind.EMBEDDING) and (usage := loads(data).get("usage"))
    ]
    total = sum(usages, Usage()).total_tokens
    return TraceSummary(
        trace_id=root["trace_id"],
        name=root["name"],
        start_ns=root["start_ns"],
        end_ns=root["end_ns"],
        status=root["status"],
        run=root["run"],
        row=root["row_number"],
        spans=len(rows),
        tokens=total,
    )


def _complete(transaction: Transaction, prefix: str) -> str:
    digits = prefix.strip().lower()
    found: list[tuple[Any, ...]] = []
    if _DIGITS.fullmatch(digits):  # other characters do not sort alike in every database
        found = transaction.all(
            "SELECT DISTINCT trace_id FROM spans WHERE trace_id >= ? AND trace_id < ? LIMIT 2",
            (digits, digits + "g"),  # g follows the hexadecimal digits
        )
    if not found:
        raise NotFoundError(
            f"There is no trace '{prefix}'.", hint="See which there are: flowgrade traces list"
        )
    if len(found) > 1:
        raise InputError(f"Several traces begin with '{prefix}'.", hint="Give more digits of it.")
    return str(found[0][0])
