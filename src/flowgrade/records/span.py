"""Span: what happened."""

from __future__ import annotations

from enum import StrEnum

from flowgrade.records.failure import Failure
from flowgrade.records.json import Json, JsonObject
from flowgrade.records.record import Record, field
from flowgrade.records.ref import Ref
from flowgrade.records.usage import Usage


class SpanKind(StrEnum):
    """What kind of step a span is."""

    FLOW = "flow"
    NODE = "node"
    MODEL = "model"
    EMBEDDING = "embedding"
    AGENT = "agent"
    TOOL = "tool"
    PROMPT = "prompt"
    RETRIEVAL = "retrieval"
    FUNCTION = "function"


class Span(Record):
    """One timed step of a trace. Times are nanoseconds since the Unix epoch."""

    trace_id: str
    """32 hexadecimal digits."""
    span_id: str
    """16 hexadecimal digits."""
    parent_id: str | None = None
    name: str
    kind: SpanKind
    start_ns: int
    end_ns: int
    inputs: Json = None
    outputs: Json = None
    usage: Usage | None = None
    cost: float | None = None
    """US dollars; None when no price is known."""
    error: Failure | None = None
    ref: Ref | None = None
    attributes: JsonObject = field(default_factory=dict)
    """OpenTelemetry attributes, GenAI conventions where they have a name for it."""

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return (self.end_ns - self.start_ns) / 1e9
