"""Traces come back from the store as they were recorded, on every database."""

from __future__ import annotations

import time
from typing import Any

import pytest

from flowgrade.errors import InputError, NotFoundError
from flowgrade.records import Failure, Ref, Span, SpanKind, Usage, dumps
from flowgrade.store import Store
from flowgrade.tracing import (
    RecordedSpan,
    delete_spans_of_run,
    export_spans,
    get_trace,
    list_traces,
    save_spans,
    span,
    start_trace,
    store_sink,
)


def record(
    trace: str, span_id: int = 1, *, root: int = 1, start: int = 1_000, **more: Any
) -> RecordedSpan:
    given: dict[str, Any] = {
        "parent_id": None,
        "name": "a span",
        "kind": "flow",
        "end_ns": start + 500,
        "status": "ok",
        "data": "{}",
        **more,
    }
    span_name = f"{span_id:016x}"
    return RecordedSpan(trace_id=trace, span_id=span_name, start_ns=start, root=root, **given)


def trace_id(prefix: str) -> str:
    return prefix.ljust(32, "0")


def save(
    store: Store, *spans: RecordedSpan, run: str | None = None, row: int | None = None
) -> None:
    with store.write() as transaction:
        save_spans(transaction, spans, run=run, row=row)


def test_every_field_of_a_span_comes_back(store: Store) -> None:
    failure = Failure(
        type="ValueError",
        message="no 'such' thing: ünï \U0001f600",
        node="ask",
        place="flow.dag.yaml:3:1",
        hint="Mend it.",
        retryable=True,
        trace="Traceback\n  …\n",
    )
    ref = Ref(kind="flow", name="support", digest="sha256:" + "0" * 64)
    usage = Usage(input_tokens=3, output_tokens=0, cached_tokens=None, reasoning_tokens=1)
    data = {
        "inputs": {"question": "why?\0", "n": 2**53, "list": [1.5, None, True]},
        "outputs": "because",
        "usage": usage,
        "cost": 0.25,
        "error": failure,
        "ref": str(ref),
        "attributes": {"gen_ai.request.model": "m"},
    }
    now = time.time_ns()
    trace = trace_id("a")
    save(
        store,
        record(
            trace,
            2**64 - 1,
            parent_id="0" * 15 + "5",
            name="50% of 'names' ?",
            kind="model",
            start=now,
            status="error",
            data=dumps(data),
        ),
    )
    assert get_trace(store, trace) == [
        Span(
            trace_id=trace,
            span_id="f" * 16,
            parent_id="0" * 15 + "5",
            name="50% of 'names' ?",
            kind=SpanKind.MODEL,
            start_ns=now,
            end_ns=now + 500,
            inputs=data["inputs"],
            outputs="because",
            usage=usage,
            cost=0.25,
            error=failure,
            ref=ref,
            attributes={"gen_ai.request.model": "m"},
        )
    ]


def test_a_span_that_says_nothing_comes_back(store: Store) -> None:
    save(store, record(trace_id("a")))
    (found,) = get_trace(store, trace_id("a"))
    assert (found.inputs, found.outputs, found.usage, found.cost) == (None, None, None, None)
    assert (found.error, found.ref, found.attributes) == (None, None, {})


def test_what_the_recorder_records_comes_back_however_odd_it_is(store: Store) -> None:
    with start_trace("odd", sink=store_sink(store)) as root:
        root.inputs({"huge": 10**40, "surrogate": "\udc80", "nul": "\0", "object": object()})
        root.attributes["\udc80"] = [10**40]
        with span("ask \0 \udc80", kind=SpanKind.MODEL) as call:
            call.usage = Usage(input_tokens=1)
            call.error = ValueError("\0 \udc80")
    assert root.trace is not None
    first, second = get_trace(store, root.trace.trace_id)
    assert first.inputs["huge"] == str(10**40)
    assert first.inputs["nul"] == "\0"
    assert first.attributes == {"\\udc80": [str(10**40)]}
    assert second.parent_id == first.span_id
    assert second.name.startswith("ask ")
    assert second.error is not None
    assert second.error.type == "ValueError"
    (listed,) = list_traces(store)
    assert (listed.spans, listed.tokens, listed.status) == (2, 1, "ok")


def test_a_span_that_is_stored_already_stays_as_it_is(store: Store) -> None:
    save(store, record(trace_id("a"), name="first"))
    save(store, record(trace_id("a"), name="second"), record(trace_id("a"), 2, root=0))
    assert [s.name for s in get_trace(store, trace_id("a"))] == ["first", "a span"]


def test_the_spans_of_a_trace_are_in_order_of_start(store: Store) -> None:
    trace = trace_id("a")
    save(
        store,
        record(trace, 3, root=0, start=3_000),
        record(trace, 9, root=0, start=2_000),
        record(trace, 8, root=1, start=1_000),
        record(trace, 4, root=0, start=1_000),
        record(trace_id("b")),
    )
    assert [int(s.span_id, 16) for s in get_trace(store, trace)] == [8, 4, 9, 3]


def test_a_trace_is_found_by_a_prefix_that_it_alone_has(store: Store) -> None:
    save(store, record(trace_id("abc1")), record(trace_id("abd")), record(trace_id("abf")))
    save(store, record(trace_id("abc1"), 2, root=0))
    assert get_trace(store, "abc")[0].trace_id == trace_id("abc1")
    assert get_trace(store, " ABF")[0].trace_id == trace_id("abf")
    assert get_trace(store, trace_id("abd"))[0].trace_id == trace_id("abd")
    with pytest.raises(InputError, match="Several traces begin with 'ab'"):
        get_trace(store, "ab")


@pytest.mark.parametrize(
    "prefix",
    ["abe", "%", "_", "a%", "a_c", "'", "'; DROP TABLE spans; --", "", "?", "g", "\0", "*"],
)
def test_an_unknown_trace_is_not_found_whatever_its_name(store: Store, prefix: str) -> None:
    save(store, record(trace_id("abc")))
    with pytest.raises(NotFoundError, match="There is no trace"):
        get_trace(store, prefix)
    assert len(list_traces(store)) == 1


def test_the_newest_traces_are_listed_first(store: Store) -> None:
    for number, start in ((1, 10), (2, 30), (3, 20), (4, 30)):
        save(store, record(trace_id(str(number)), start=start, name=f"trace {number}"))
    assert [t.name for t in list_traces(store)] == ["trace 4", "trace 2", "trace 3", "trace 1"]
    assert [t.name for t in list_traces(store, limit=2)] == ["trace 4", "trace 2"]


def test_a_listed_trace_says_what_it_took(store: Store) -> None:
    trace = trace_id("a")
    usage = dumps({"usage": Usage(input_tokens=2, output_tokens=3)})
    save(
        store,
        record(trace, 1, name="root", start=1_000, end_ns=2_000_001_000, data=usage),
        record(trace, 2, root=0, kind="model", data=usage),
        record(trace, 3, root=0, kind="embedding", data=dumps({"usage": Usage(input_tokens=4)})),
        record(trace, 4, root=0, kind="model"),
        run="r",
        row=7,
    )
    (found,) = list_traces(store)
    assert (found.trace_id, found.name, found.run, found.row) == (trace, "root", "r", 7)
    assert (found.spans, found.tokens, found.seconds, found.status) == (4, 9, 2.0, "ok")


def test_a_trace_without_model_calls_has_an_unknown_number_of_tokens(store: Store) -> None:
    save(store, record(trace_id("a"), data=dumps({"usage": Usage(input_tokens=2)})))
    assert list_traces(store)[0].tokens is None


def test_traces_are_filtered_by_run_and_by_failure(store: Store) -> None:
    save(store, record(trace_id("1"), start=1), run="one", row=0)
    save(store, record(trace_id("2"), start=2, status="error"), run="one", row=1)
    save(store, record(trace_id("3"), start=3, status="error"), run="two", row=0)
    save(store, record(trace_id("4"), start=4))

    def ids(**filters: Any) -> list[str]:
        return [t.trace_id[0] for t in list_traces(store, **filters)]

    assert ids(run="one") == ["2", "1"]
    assert ids(failed=True) == ["3", "2"]
    assert ids(run="one", failed=True) == ["2"]
    assert ids(run="on%") == ids(run="") == []


def test_an_export_goes_trace_by_trace(store: Store) -> None:
    save(store, record(trace_id("2"), 1, start=1), record(trace_id("2"), 2, root=0, start=2))
    save(store, record(trace_id("1"), 3, start=5), record(trace_id("1"), 4, root=0, start=3))
    assert [int(s.span_id, 16) for s in export_spans(store)] == [4, 3, 1, 2]
    assert list(export_spans(store, run="r")) == []


def test_an_export_may_be_left_early_and_written_beside(store: Store) -> None:
    save(store, *(record(trace_id(f"{number:x}"), start=number) for number in range(1, 10)))
    exported = export_spans(store)
    first = next(exported)
    save(store, record(trace_id("f")))
    assert first.trace_id == trace_id("1")
    assert [s.trace_id[0] for s in exported] == list("23456789")
    left = export_spans(store)
    next(left)
    del left
    save(store, record(trace_id("e")))
    assert len(list(export_spans(store))) == 11


def test_what_belongs_to_a_run_goes_with_it_and_nothing_else(store: Store) -> None:
    save(store, record(trace_id("a"), 1), record(trace_id("a"), 2, root=0), run="one", row=0)
    save(store, record(trace_id("b"), 1), run="two", row=0)
    save(store, record(trace_id("c"), 1))
    # A row that joined a caller's trace, which holds another run's row and the caller's own span.
    save(store, record(trace_id("d"), 1), run="one", row=1)
    save(store, record(trace_id("d"), 2), run="two", row=1)
    save(store, record(trace_id("d"), 3))
    exported = [(s.trace_id[0], int(s.span_id, 16)) for s in export_spans(store, run="one")]
    assert exported == [("a", 1), ("a", 2), ("d", 1)]
    with store.write() as transaction:
        delete_spans_of_run(transaction, "one")
    left = [(s.trace_id[0], int(s.span_id, 16)) for s in export_spans(store)]
    assert left == [("b", 1), ("c", 1), ("d", 2), ("d", 3)]
