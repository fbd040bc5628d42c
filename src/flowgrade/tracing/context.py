"""W3C Trace Context in and out, and an active OpenTelemetry context."""

from __future__ import annotations

import re
import sys

from flowgrade.records import Record

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


class TraceContext(Record, kw_only=False):
    """Where in a trace a caller stands."""

    trace_id: str
    span_id: str


def parse_traceparent(header: str | None) -> TraceContext | None:
    """The context in a ``traceparent`` header; None when it is absent or malformed.

    Source: W3C Trace Context, section 3.2. Version ff and all-zero identifiers are invalid.
    """
    match = _TRACEPARENT.fullmatch((header or "").strip())
    if match is None or match[1] == "ff" or (match[1] == "00" and match[5]):
        return None
    if match[2] == "0" * 32 or match[3] == "0" * 16:
        return None
    return TraceContext(match[2], match[3])


def format_traceparent(context: TraceContext) -> str:
    """The ``traceparent`` header of a sampled span."""
    return f"00-{context.trace_id}-{context.span_id}-01"


def opentelemetry_context() -> TraceContext | None:
    """The OpenTelemetry span that is active here, if the application uses OpenTelemetry."""
    # Looked up instead of imported: an application that never loaded it has no active span.
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return None
    found = api.get_current_span().get_span_context()
    if not found.is_valid:
        return None
    return TraceContext(f"{found.trace_id:032x}", f"{found.span_id:016x}")
