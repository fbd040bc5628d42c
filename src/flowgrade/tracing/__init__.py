"""Record, keep and query what happened: spans, step by step, and sessions, turn by turn.

The recorder is light enough for every node of every row. Spans follow W3C Trace Context and
OpenTelemetry's GenAI conventions. What sessions need is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flowgrade.tracing.context import TraceContext, format_traceparent, parse_traceparent
from flowgrade.tracing.ids import new_span_id, new_trace_id
from flowgrade.tracing.recorder import (
    ActiveSpan,
    RecordedSpan,
    Sink,
    current_span,
    current_traceparent,
    span,
    span_of_part,
    start_trace,
)
from flowgrade.tracing.repository import (
    TraceSummary,
    delete_spans_of_run,
    export_spans,
    get_trace,
    list_traces,
    save_spans,
    store_sink,
)
from flowgrade.tracing.tables import SESSION_TURNS, SESSIONS, SPANS

if TYPE_CHECKING:
    from flowgrade.tracing.session import (
        Session,
        SessionKind,
        Shape,
        Turn,
        TurnStatus,
        new_session_name,
        sum_known,
        title_of,
    )
    from flowgrade.tracing.sessions import (
        add_turn,
        delete_session,
        finish_turn,
        get_session,
        latest_session,
        list_sessions,
        next_number,
        save_session,
        session_turns,
        withdraw_turn,
    )

_LAZY = {
    "Session": "session",
    "SessionKind": "session",
    "Shape": "session",
    "Turn": "session",
    "TurnStatus": "session",
    "add_turn": "sessions",
    "delete_session": "sessions",
    "finish_turn": "sessions",
    "get_session": "sessions",
    "latest_session": "sessions",
    "list_sessions": "sessions",
    "new_session_name": "session",
    "next_number": "sessions",
    "save_session": "sessions",
    "session_turns": "sessions",
    "sum_known": "session",
    "title_of": "session",
    "withdraw_turn": "sessions",
}

__all__ = [
    "SESSIONS",
    "SESSION_TURNS",
    "SPANS",
    "ActiveSpan",
    "RecordedSpan",
    "Session",
    "SessionKind",
    "Shape",
    "Sink",
    "TraceContext",
    "TraceSummary",
    "Turn",
    "TurnStatus",
    "add_turn",
    "current_span",
    "current_traceparent",
    "delete_session",
    "delete_spans_of_run",
    "export_spans",
    "finish_turn",
    "format_traceparent",
    "get_session",
    "get_trace",
    "latest_session",
    "list_sessions",
    "list_traces",
    "new_session_name",
    "new_span_id",
    "new_trace_id",
    "next_number",
    "parse_traceparent",
    "save_session",
    "save_spans",
    "session_turns",
    "span",
    "span_of_part",
    "start_trace",
    "store_sink",
    "sum_known",
    "title_of",
    "withdraw_turn",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
