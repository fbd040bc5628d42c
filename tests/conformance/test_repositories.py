"""What rooms keep in the store comes back, on every database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from flowgrade.errors import InputError, NotFoundError
from flowgrade.records import Failure, Ref, Span, SpanKind, Usage, dumps
from flowgrade.runs import (
    RUN_ROWS,
    RUNS,
    Run,
    RunDefinition,
    RunStatus,
    ask_to_cancel,
    delete_run,
    get_run,
    list_runs,
    run_rows,
)
from flowgrade.runs import repository as runs
from flowgrade.store import Store, Table, connect_store
from flowgrade.tracing import (
    SPANS,
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

# --- the schema


@pytest.mark.parametrize("table", [RUNS, RUN_ROWS, SPANS], ids=lambda table: table.name)
def test_the_migrated_schema_has_the_tables_as_the_rooms_declare_them(
    store: Store, table: Table
) -> None:
    columns, key = _schema(store, table.name)
    assert columns == table.columns
    assert key == table.key


def test_every_table_is_declared_by_a_room(store: Store) -> None:
    catalogue = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if store.dialect == "sqlite"
        else "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    )
    with store.read() as transaction:
        names = {name for (name,) in transaction.all(catalogue)}
    assert names == {"runs", "run_rows", "spans", "flowgrade_migrations"}


def _schema(store: Store, table: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns in order and those of the primary key in order."""
    with store.read() as transaction:
        if store.dialect == "sqlite":
            sql = "SELECT name, pk FROM pragma_table_info(?) ORDER BY cid"
            found = transaction.all(sql, (table,))
            places = sorted((place, name) for name, place in found if place)
            return tuple(name for name, _ in found), tuple(name for _, name in places)
        columns = transaction.all(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position",
            (table,),
        )
        key = transaction.all(
            "SELECT a.attname FROM pg_index i "
            "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) "
            "WHERE i.indrelid = CAST(CAST(? AS text) AS regclass) AND i.indisprimary "
            "ORDER BY array_position(CAST(i.indkey AS int2[]), a.attnum)",
            (table,),
        )
        return tuple(name for (name,) in columns), tuple(name for (name,) in key)


# --- tracing


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


# --- runs


DEFINITION = RunDefinition(
    flow="/a path/flow.dag.yaml",
    data="/data.jsonl",
    mapping={"question": "${data.q}"},
    variant="${ask.variant_0}",
    init={"k": [1, None]},
    environment={"A": "1"},
    limit=5,
    concurrency=3,
    timeout=1.5,
    stop_on_error=True,
    earlier_flows=("flow/a@sha256:0",),
)


def a_run(name: str = "r", **more: Any) -> Run:
    given: dict[str, Any] = {
        "flow": "flow/a@sha256:1",
        "dataset": "dataset/d@sha256:2",
        "status": RunStatus.COMPLETED,
        "definition": DEFINITION,
        "created_ns": time.time_ns(),
        **more,
    }
    return Run(name=name, **given)


def add_rows(store: Store, *rows: tuple[Any, ...], run: str = "r") -> None:
    with store.write() as transaction:
        transaction.insert(RUN_ROWS, [(run, *row) for row in rows], conflict="replace")


def a_row(number: int, status: str = "completed", **more: Any) -> tuple[Any, ...]:
    values: dict[str, Any] = {
        "row_number": number,
        "status": status,
        "inputs": dumps({"n": number}),
        "outputs": dumps({"m": number}) if status == "completed" else None,
        "error": None,
        "kept": None,
        "trace_id": f"{number:032x}",
        "start_ns": 10,
        "end_ns": 20,
        "input_tokens": None,
        "output_tokens": None,
        "cost": None,
        **more,
    }
    return tuple(values[column] for column in RUN_ROWS.columns[1:])


def test_every_field_of_a_run_comes_back(store: Store) -> None:
    run = a_run(status=RunStatus.FAILED)
    runs.add_run(store, run)
    assert get_run(store, "r") == run
    ended = replace(
        run,
        flow="flow/a@sha256:3",
        status=RunStatus.CANCELLED,
        definition=replace(DEFINITION, concurrency=9),
        ended_ns=run.created_ns + 5,
        seconds=2.5,
        rows=7,
        metrics={"accuracy": 0.5, "none": None},
        aggregation={"report": ["a", "\0 \U0001f600"]},
        error=Failure(type="ValueError", message="it's bad", hint="Mend it."),
    )
    runs.update_run(store, ended)
    assert get_run(store, "r") == ended


def test_a_name_is_given_once(store: Store) -> None:
    runs.add_run(store, a_run())
    with pytest.raises(InputError, match="There is a run 'r' already") as caught:
        runs.add_run(store, a_run(flow="flow/other@sha256:9"))
    assert "runs resume r" in str(caught.value)
    assert get_run(store, "r").flow == "flow/a@sha256:1"


@pytest.mark.parametrize("name", ["support-20", "%", "_", "'", "support-2024-01-01'--", "\0"])
def test_an_unknown_run_is_not_found(store: Store, name: str) -> None:
    runs.add_run(store, a_run("support-2024-01-01"))
    for look in (get_run, delete_run):
        with pytest.raises(NotFoundError, match="There is no run"):
            look(store, name)
    assert len(list_runs(store)) == 1


def test_an_unknown_run_is_answered_with_the_nearest(store: Store) -> None:
    for name in ("support-1", "billing-1"):
        runs.add_run(store, a_run(name))
    with pytest.raises(NotFoundError) as caught:
        get_run(store, "suport-1")
    assert caught.value.hint == "Did you mean 'support-1'?"
    with pytest.raises(NotFoundError, match="no run") as caught:
        get_run(store, "zzz")
    assert "flowgrade runs list" in str(caught.value.hint)


def test_the_newest_runs_are_listed_first(store: Store) -> None:
    for name, created in (("a", 10), ("b", 30), ("c", 20), ("d", 30)):
        runs.add_run(store, a_run(name, created_ns=created))
    assert [run.name for run in list_runs(store)] == ["d", "b", "c", "a"]
    assert [run.name for run in list_runs(store, limit=1)] == ["d"]


def test_a_run_counts_its_rows_and_adds_up_what_they_took(store: Store) -> None:
    runs.add_run(store, a_run())
    runs.add_run(store, a_run("other"))
    add_rows(
        store,
        a_row(0, input_tokens=2**40, output_tokens=1, cost=0.5),
        a_row(1, input_tokens=3),
        a_row(2, "failed", cost=0.25),
    )
    add_rows(store, a_row(0, input_tokens=1), run="other")
    found = get_run(store, "r")
    assert (found.completed, found.failed) == (2, 1)
    assert (found.input_tokens, found.output_tokens, found.cost) == (2**40 + 3, 1, 0.75)
    assert found.tokens == 2**40 + 4
    assert isinstance(found.input_tokens, int)
    assert isinstance(found.cost, float)


def test_what_no_row_told_is_unknown(store: Store) -> None:
    runs.add_run(store, a_run())
    add_rows(store, a_row(0))
    found = get_run(store, "r")
    assert (found.input_tokens, found.output_tokens, found.cost) == (None, None, None)
    assert found.tokens is None


def test_rows_come_in_the_order_of_the_data(store: Store) -> None:
    error = Failure(type="ValueError", message="no", node="ask", trace="…")
    add_rows(
        store,
        a_row(11, input_tokens=1, output_tokens=2, cost=0.5),
        a_row(2, "failed", error=dumps(error)),
        a_row(1),
    )
    add_rows(store, a_row(5), run="other")
    found = list(run_rows(store, "r"))
    assert [row.row for row in found] == [1, 2, 11]
    assert [row.inputs for row in found] == [{"n": 1}, {"n": 2}, {"n": 11}]
    assert [row.outputs for row in found] == [{"m": 1}, None, {"m": 11}]
    assert [row.error for row in found] == [None, error, None]
    assert found[0].trace_id == f"{1:032x}"
    assert (found[2].input_tokens, found[2].output_tokens, found[2].cost) == (1, 2, 0.5)
    assert (found[2].start_ns, found[2].end_ns) == (10, 20)
    assert [row.row for row in run_rows(store, "r", status="failed")] == [2]
    assert list(run_rows(store, "unknown")) == []


def test_rows_are_read_while_others_are_written(store: Store) -> None:
    add_rows(store, *(a_row(number) for number in range(10)))
    seen = []
    for row in run_rows(store, "r"):
        seen.append(row.row)
        if row.row < 3:
            add_rows(store, a_row(100 + row.row))
    assert seen == list(range(10))
    assert len(list(run_rows(store, "r"))) == 13


def test_completed_rows_need_not_be_done_again(store: Store) -> None:
    add_rows(store, a_row(0), a_row(1, "failed"), a_row(2))
    add_rows(store, a_row(7), run="other")
    assert runs.completed_rows(store, "r") == {0, 2}
    add_rows(store, a_row(1))
    assert runs.completed_rows(store, "r") == {0, 1, 2}
    assert runs.completed_rows(store, "unknown") == set()


def test_what_aggregation_needs_is_kept(store: Store) -> None:
    add_rows(store, a_row(3, kept=dumps({"node": [1]})), a_row(1), a_row(2, "failed"))
    assert list(runs.kept_rows(store, "r")) == [
        ({"n": 1}, {"m": 1}, {}),
        ({"n": 3}, {"m": 3}, {"node": [1]}),
    ]


def test_a_wish_to_cancel_is_kept_until_it_is_taken_back(store: Store) -> None:
    def asked() -> bool:
        with store.read() as transaction:
            return runs.is_cancel_asked(transaction, "r")

    run = a_run()
    runs.add_run(store, run)
    assert not asked()
    ask_to_cancel(store, "r")
    runs.update_run(store, replace(run, seconds=1.0))
    assert asked()
    ask_to_cancel(store, "r", wish=False)
    assert not asked()


def test_a_run_that_is_gone_counts_as_cancelled(store: Store) -> None:
    with store.read() as transaction:
        assert runs.is_cancel_asked(transaction, "unknown")


@contextmanager
def executing(store_url: str, name: str) -> Iterator[None]:
    """As if another process executed the run."""
    other = connect_store(store_url)
    with other.lock(runs.lock_name(name)) as held:
        assert held
        yield
    other.close()


def test_a_run_whose_process_is_gone_is_interrupted(store: Store, store_url: str) -> None:
    runs.add_run(store, a_run(status=RunStatus.RUNNING))
    with executing(store_url, "r"):
        assert get_run(store, "r").status is RunStatus.RUNNING
        assert list_runs(store)[0].status is RunStatus.RUNNING
    assert get_run(store, "r").status is RunStatus.INTERRUPTED
    assert list_runs(store)[0].status is RunStatus.INTERRUPTED


def test_a_run_that_ends_while_it_is_looked_at_is_not_interrupted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run(status=RunStatus.RUNNING)
    runs.add_run(store, run)
    lock = type(store).lock

    @contextmanager
    def late_lock(self: Any, name: str) -> Iterator[bool]:
        runs.update_run(store, replace(run, status=RunStatus.COMPLETED, seconds=3.0))
        with lock(self, name) as held:
            yield held

    monkeypatch.setattr(type(store), "lock", late_lock)
    found = get_run(store, "r")
    assert (found.status, found.seconds) == (RunStatus.COMPLETED, 3.0)


def test_a_run_is_deleted_with_its_rows_and_traces(store: Store) -> None:
    for name, trace in (("r", "a"), ("other", "b")):
        runs.add_run(store, a_run(name))
        add_rows(store, a_row(0), run=name)
        save(store, record(trace_id(trace)), record(trace_id(trace), 2, root=0), run=name, row=0)
    delete_run(store, "r")
    assert [run.name for run in list_runs(store)] == ["other"]
    assert list(run_rows(store, "r")) == []
    assert len(list(run_rows(store, "other"))) == 1
    assert {s.trace_id for s in export_spans(store)} == {trace_id("b")}


@pytest.mark.parametrize("status", [RunStatus.RUNNING, RunStatus.CANCELLED])
def test_a_run_that_somebody_executes_is_not_deleted(
    store: Store, store_url: str, status: RunStatus
) -> None:
    runs.add_run(store, a_run(status=status))
    with executing(store_url, "r"), pytest.raises(InputError, match="is running") as caught:
        delete_run(store, "r")
    assert "runs cancel r" in str(caught.value)
    delete_run(store, "r")
    assert list_runs(store) == []
