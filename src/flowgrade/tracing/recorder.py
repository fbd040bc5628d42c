"""Record spans: a light recorder for the hot path.

``start_trace`` opens a trace and says where its finished spans go; ``span`` records a step in
the trace that is active here. Without an active trace ``span`` still works and keeps nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar, Token
from types import TracebackType
from typing import NamedTuple

import orjson

from flowgrade.records import Failure, Json, Ref, SpanKind, Usage, dumps_any, encode_any
from flowgrade.tracing.context import TraceContext, format_traceparent, opentelemetry_context
from flowgrade.tracing.ids import new_span_id, new_trace_id

_VALUE_LIMIT = 262_144  # characters of JSON kept of one value
_PREVIEW = 4_096  # characters kept of a longer one

# The steps of one trace may be in several threads. One lock for all traces: it is held for a
# microsecond, and a lock for each would cost every trace more than that.
_sums = threading.Lock()
_log = logging.getLogger("flowgrade.tracing")
_reported: set[type[Exception]] = set()
"""Errors of sinks that were logged: one line says it, a line for each call would bury it."""


class RecordedSpan(NamedTuple):
    """A finished span as it is stored; ``data`` is the JSON of what has no column of its own."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: str
    start_ns: int
    end_ns: int
    status: str
    """``ok`` or ``error``."""
    root: int
    """1 for the first span of its trace in this process, else 0."""
    data: str


Sink = Callable[[list[RecordedSpan]], None]


class ActiveTrace:
    """The spans of one trace that finished so far; ``sink`` gets them when the root ends."""

    __slots__ = ("cost", "ended", "parent_id", "sink", "spans", "trace_id", "unpriced", "usage")

    def __init__(self, sink: Sink, parent: TraceContext | None) -> None:
        self.sink = sink
        self.trace_id = parent.trace_id if parent else new_trace_id()
        self.parent_id = parent.span_id if parent else None
        self.spans: list[RecordedSpan] = []
        self.usage: Usage | None = None
        self.cost: float | None = None
        self.unpriced = 0
        """Model calls that were made and whose cost is not known: it is not in ``cost``."""
        self.ended = False

    def add(self, recorded: RecordedSpan) -> None:
        """Keep a finished span; one that outlives its root goes to the sink alone."""
        if self.ended:
            _hand_over(self.sink, [recorded])
        else:
            self.spans.append(recorded)

    def spend(self, usage: Usage | None, cost: float | None, *, failed: bool) -> None:
        """Add what one model call consumed; what is unknown stays out of the sums.

        A call that failed without telling any usage is taken to cost nothing.
        """
        with _sums:
            if cost is None and not (failed and usage is None):
                self.unpriced += 1
            if usage is not None:
                self.usage = usage if self.usage is None else self.usage + usage
            if cost is not None:
                self.cost = cost if self.cost is None else self.cost + cost

    def end(self) -> None:
        """Hand the spans over."""
        self.ended = True
        _hand_over(self.sink, self.spans)


def _hand_over(sink: Sink, spans: list[RecordedSpan]) -> None:
    """Give ``spans`` to ``sink``; what goes wrong there is logged and breaks no call."""
    try:
        sink(spans)
    except Exception as error:  # noqa: BLE001  the work that is recorded was done all the same
        with _sums:
            known = type(error) in _reported
            _reported.add(type(error))
        if not known:
            _log.warning(
                "A trace could not be kept: %s: %s. The call itself goes on; further traces that "
                "fail so are not mentioned.",
                type(error).__name__,
                error,
            )


class TracePart(ActiveTrace):
    """A part of a trace that knows what it spent itself; its spans are the whole trace's."""

    __slots__ = ("_whole",)

    def __init__(self, whole: ActiveTrace) -> None:
        super().__init__(whole.sink, None)
        self.trace_id = whole.trace_id
        self._whole = whole

    def add(self, recorded: RecordedSpan) -> None:
        """Hand a finished span to the whole trace."""
        self._whole.add(recorded)

    def spend(self, usage: Usage | None, cost: float | None, *, failed: bool) -> None:
        """Add what one model call consumed, here and to the whole."""
        super().spend(usage, cost, failed=failed)
        self._whole.spend(usage, cost, failed=failed)


class ActiveSpan:
    """A step that is under way. Use it as a context manager; set what it should say."""

    __slots__ = (
        "_inputs",
        "_outputs",
        "_root",
        "_start",
        "_token",
        "attributes",
        "cost",
        "error",
        "kind",
        "name",
        "parent_id",
        "ref",
        "span_id",
        "trace",
        "usage",
    )

    def __init__(self, name: str, kind: SpanKind, trace: ActiveTrace | None, root: bool) -> None:
        self.name = name
        self.kind = kind
        self.trace = trace
        self.span_id = new_span_id() if trace else "0" * 16
        self.parent_id: str | None = None
        self.usage: Usage | None = None
        self.cost: float | None = None
        self.error: BaseException | None = None
        self.ref: Ref | None = None
        self.attributes: dict[str, Json] = {}
        self._inputs: orjson.Fragment | None = None
        self._outputs: orjson.Fragment | None = None
        self._root = root
        self._token: Token[ActiveSpan | None] | None = None
        self._start = 0

    def inputs(self, value: object) -> None:
        """Keep what the step was given, as it is now."""
        if self.trace is not None:
            self._inputs = _encode(value)

    def outputs(self, value: object) -> None:
        """Keep what the step gave back, as it is now."""
        if self.trace is not None:
            self._outputs = _encode(value)

    def begin(self) -> ActiveSpan:
        """Start the clock without becoming the current span; ``end`` must follow.

        For a step that outlives the block it starts in, such as a stream: an async generator may
        resume in another context, where what ``with`` has set cannot be reset.
        """
        parent = _current.get()
        trace = self.trace
        if self._root and trace is not None:
            self.parent_id = trace.parent_id
        elif parent is not None:
            self.parent_id = parent.span_id
        self._start = time.time_ns()
        return self

    def end(self, error: BaseException | None = None) -> None:
        """Stop the clock and keep the span; ``error`` is what ended it."""
        if error is not None:
            self.error = error
        if self.trace is not None:
            self._finish(self.trace)

    def attach(self) -> Token[ActiveSpan | None]:
        """Become the current span until ``detach``, in the same context, is given the token."""
        return _current.set(self)

    def detach(self, token: Token[ActiveSpan | None]) -> None:
        """Give the place back to the span that was current before ``attach``."""
        try:
            _current.reset(token)
        except ValueError:
            # A generator that is collected rather than closed ends in a foreign context.
            return

    def __enter__(self) -> ActiveSpan:
        self.begin()
        self._token = _current.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._token is not None:
            self.detach(self._token)
        self.end(error)

    def _finish(self, trace: ActiveTrace) -> None:
        if self.kind in _SPENDING:
            trace.spend(self.usage, self.cost, failed=self.error is not None)
        trace.add(
            RecordedSpan(
                trace.trace_id,
                self.span_id,
                self.parent_id,
                self.name,
                self.kind,
                self._start,
                time.time_ns(),
                "ok" if self.error is None else "error",
                int(self._root),
                self._data(),
            )
        )
        if self._root:
            trace.end()

    def _data(self) -> str:
        data: dict[str, object] = {}
        if self._inputs is not None:
            data["inputs"] = self._inputs
        if self._outputs is not None:
            data["outputs"] = self._outputs
        if self.usage is not None:
            data["usage"] = self.usage
        if self.cost is not None:
            data["cost"] = self.cost
        if self.error is not None:
            data["error"] = Failure.of(self.error)
        if self.ref is not None:
            data["ref"] = str(self.ref)
        if self.attributes:
            data["attributes"] = self.attributes
        return dumps_any(data)


# Only these spend tokens themselves; the spans above them repeat what they hold.
_SPENDING = frozenset({SpanKind.MODEL, SpanKind.EMBEDDING})

_current: ContextVar[ActiveSpan | None] = ContextVar("flowgrade_span", default=None)


def start_trace(
    name: str,
    *,
    sink: Sink,
    kind: SpanKind = SpanKind.FLOW,
    parent: TraceContext | None = None,
) -> ActiveSpan:
    """The root span of a trace of its own, whose spans go to ``sink`` when it ends.

    The trace joins ``parent``, else an active OpenTelemetry span, else it is a new one.
    """
    return ActiveSpan(name, kind, ActiveTrace(sink, parent or opentelemetry_context()), True)


def span(name: str, *, kind: SpanKind = SpanKind.FUNCTION) -> ActiveSpan:
    """A step of the trace that is active here; without one the span is not kept."""
    active = _current.get()
    return ActiveSpan(name, kind, active.trace if active else None, False)


def span_of_part(name: str, *, kind: SpanKind = SpanKind.FUNCTION) -> ActiveSpan:
    """Like ``span``, with a ``trace`` that sums up only what is spent below this step."""
    active = _current.get()
    whole = active.trace if active else None
    return ActiveSpan(name, kind, TracePart(whole) if whole else None, False)


def current_span() -> ActiveSpan | None:
    """The innermost span that is under way here."""
    return _current.get()


def current_traceparent() -> str | None:
    """The ``traceparent`` header for a call that leaves from here; None without a trace."""
    active = _current.get()
    if active is None or active.trace is None:
        return None
    return format_traceparent(TraceContext(active.trace.trace_id, active.span_id))


def _encode(value: object) -> orjson.Fragment:
    found = encode_any(value)
    if len(found) > _VALUE_LIMIT:
        text = found.decode()
        cut = {"truncated": True, "characters": len(text), "start": text[:_PREVIEW]}
        found = encode_any(cut) if len(text) > _VALUE_LIMIT else found
    return orjson.Fragment(found)
