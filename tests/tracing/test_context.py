"""W3C Trace Context, OpenTelemetry's active span, and identifiers."""

from __future__ import annotations

import multiprocessing
import os
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider

from flowgrade.tracing import (
    RecordedSpan,
    TraceContext,
    current_traceparent,
    format_traceparent,
    new_span_id,
    new_trace_id,
    parse_traceparent,
    start_trace,
)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "header",
    [
        f"00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-00",
        f" 00-{TRACE}-{SPAN}-01\t",
        f"01-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like",
        f"fe-{TRACE}-{SPAN}-ff-",
    ],
)
def test_a_traceparent_is_read(header: str) -> None:
    assert parse_traceparent(header) == TraceContext(TRACE, SPAN)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}",
        f"0-{TRACE}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN[:-1]}-01",
        f"00-{TRACE}0-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN.upper()}-01",
        f"cc-{TRACE}-{SPAN}-01.what",
        f"00_{TRACE}_{SPAN}_01",
        f"00-{TRACE[:-1]}g-{SPAN}-01",
        f"٠٠-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
    ],
)
def test_a_malformed_traceparent_is_none(header: str | None) -> None:
    assert parse_traceparent(header) is None


@given(st.text() | st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}.*"))
def test_no_header_is_too_odd_to_look_at(header: str) -> None:
    found = parse_traceparent(header)
    assert found is None or parse_traceparent(format_traceparent(found)) == found


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1))
def test_a_context_is_read_as_it_was_written(trace: int, span: int) -> None:
    context = TraceContext(f"{trace:032x}", f"{span:016x}")
    assert parse_traceparent(format_traceparent(context)) == context


def test_a_trace_joins_the_opentelemetry_span_that_is_active() -> None:
    spans: list[RecordedSpan] = []
    with TracerProvider(shutdown_on_exit=False).get_tracer("t").start_as_current_span("outer") as s:
        outer = s.get_span_context()
        with start_trace("root", sink=spans.extend):
            inside = parse_traceparent(current_traceparent())
    assert inside is not None
    assert inside.trace_id == f"{outer.trace_id:032x}"
    assert (spans[0].trace_id, spans[0].parent_id) == (inside.trace_id, f"{outer.span_id:016x}")
    assert spans[0].root == 1


def test_a_caller_named_outright_goes_before_an_active_opentelemetry_span() -> None:
    spans: list[RecordedSpan] = []
    parent = TraceContext(TRACE, SPAN)
    with (
        TracerProvider(shutdown_on_exit=False).get_tracer("t").start_as_current_span("outer"),
        start_trace("root", sink=spans.extend, parent=parent),
    ):
        pass
    assert (spans[0].trace_id, spans[0].parent_id) == (TRACE, SPAN)


def test_without_an_active_opentelemetry_span_a_trace_is_new() -> None:
    spans: list[RecordedSpan] = []
    with start_trace("root", sink=spans.extend):
        pass
    assert spans[0].parent_id is None


def test_identifiers_have_their_form_and_are_unique() -> None:
    traces = [new_trace_id() for _ in range(100_000)]
    spans = [new_span_id() for _ in range(100_000)]
    assert len(set(traces)) == len(set(spans)) == 100_000
    assert all(re.fullmatch("[0-9a-f]{32}", trace) for trace in traces)
    assert all(re.fullmatch("[0-9a-f]{16}", span) for span in spans)
    assert "0" * 16 not in spans


def test_trace_identifiers_grow_with_time() -> None:
    found = []
    for _ in range(5):
        found.append(new_trace_id())
        time.sleep(0.002)
    assert found == sorted(found)


def test_a_user_who_seeds_random_numbers_does_not_repeat_identifiers() -> None:
    import random

    state = random.getstate()
    try:
        random.seed(0)
        first = new_span_id()
        random.seed(0)
        assert new_span_id() != first
    finally:
        random.setstate(state)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_processes_make_identifiers_of_their_own() -> None:
    context = multiprocessing.get_context("fork")
    with context.Pool(3) as pool:
        found = pool.map(_identifiers, range(3), chunksize=1)
    ours = [new_span_id() for _ in range(5)]
    every = [span for spans in found for span in spans] + ours
    by_process = {tuple(spans) for spans in found}
    assert len(by_process) == 3
    assert len(set(every)) == len(every)


def _identifiers(_: int) -> list[str]:
    time.sleep(0.05)  # so that each process gets one piece of work
    return [new_span_id() for _ in range(5)]
