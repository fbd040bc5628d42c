"""Record, keep and query spans: what happened, step by step.

The recorder is light enough for every node of every row. Spans follow W3C Trace Context and
OpenTelemetry's GenAI conventions.
"""

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
from flowgrade.tracing.tables import SPANS

__all__ = [
    "SPANS",
    "ActiveSpan",
    "RecordedSpan",
    "Sink",
    "TraceContext",
    "TraceSummary",
    "current_span",
    "current_traceparent",
    "delete_spans_of_run",
    "export_spans",
    "format_traceparent",
    "get_trace",
    "list_traces",
    "new_span_id",
    "new_trace_id",
    "parse_traceparent",
    "save_spans",
    "span",
    "span_of_part",
    "start_trace",
    "store_sink",
]
