"""The tables of spans and of sessions."""

from __future__ import annotations

from flowgrade.store import Table

SPANS = Table(
    name="spans",
    columns=(
        "trace_id",
        "span_id",
        "parent_id",
        "name",
        "kind",
        "start_ns",
        "end_ns",
        "status",
        "root",
        "data",
        "run",
        "row_number",
    ),
    key=("trace_id", "span_id"),
)

SESSIONS = Table(
    name="sessions",
    columns=(
        "id",
        "title",
        "kind",
        "partner",
        "system_prompt",
        "given",
        "created_ns",
        "updated_ns",
    ),
    key=("id",),
)

SESSION_TURNS = Table(
    name="session_turns",
    columns=(
        "session",
        "turn_number",
        "partner",
        "status",
        "withdrawn",
        "question",
        "attachments",
        "system_prompt",
        "given",
        "shape",
        "answer",
        "outputs",
        "error",
        "trace_id",
        "start_ns",
        "end_ns",
        "input_tokens",
        "output_tokens",
        "cost",
    ),
    key=("session", "turn_number"),
)
