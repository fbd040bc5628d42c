"""The recorder: what spans hold, where they go, and that nothing ends what they record."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.errors import NodeError
from flowgrade.records import Ref, SpanKind, Usage, loads
from flowgrade.tracing import (
    ActiveSpan,
    RecordedSpan,
    current_span,
    current_traceparent,
    parse_traceparent,
    span,
    start_trace,
)

Spans = list[RecordedSpan]


@pytest.fixture
def spans() -> Spans:
    return []


def named(spans: Spans, name: str) -> RecordedSpan:
    (found,) = (s for s in spans if s.name == name)
    return found


def data(recorded: RecordedSpan) -> Any:
    return loads(recorded.data)


def test_spans_nest(spans: Spans) -> None:
    with start_trace("root", sink=spans.extend), span("outer"):
        with span("first"):
            pass
        with span("second", kind=SpanKind.MODEL):
            pass
    root, outer = named(spans, "root"), named(spans, "outer")
    assert [s.name for s in spans] == ["first", "second", "outer", "root"]
    assert {s.trace_id for s in spans} == {root.trace_id}
    assert root.parent_id is None
    assert outer.parent_id == root.span_id
    assert named(spans, "first").parent_id == named(spans, "second").parent_id == outer.span_id
    assert [s.root for s in spans] == [0, 0, 0, 1]
    assert (root.kind, named(spans, "second").kind) == ("flow", "model")
    assert all(s.start_ns <= s.end_ns for s in spans)
    assert root.start_ns <= outer.start_ns
    assert outer.end_ns <= root.end_ns


def test_a_trace_inside_a_trace_goes_to_its_own_sink(spans: Spans) -> None:
    inner: Spans = []
    with start_trace("root", sink=spans.extend), span("step"):
        with start_trace("other", sink=inner.extend):
            pass
        after = current_span()
    assert [s.name for s in inner] == ["other"]
    assert inner[0].trace_id != spans[0].trace_id
    assert inner[0].parent_id is None
    assert after is not None
    assert after.name == "step"


def test_what_the_step_says_is_kept(spans: Spans) -> None:
    ref = Ref(kind="flow", name="a", digest="sha256:1")
    with start_trace("root", sink=spans.extend) as root:
        root.inputs({"question": "why?"})
        root.outputs(["because"])
        root.usage = Usage(input_tokens=3)
        root.cost = 0.5
        root.ref = ref
        root.attributes["gen_ai.request.model"] = "m"
    found = data(spans[0])
    assert found["inputs"] == {"question": "why?"}
    assert found["outputs"] == ["because"]
    assert found["usage"]["input_tokens"] == 3
    assert found["usage"]["output_tokens"] is None
    assert (found["cost"], found["ref"]) == (0.5, str(ref))
    assert found["attributes"] == {"gen_ai.request.model": "m"}
    assert spans[0].status == "ok"


def test_a_step_that_says_nothing_keeps_nothing(spans: Spans) -> None:
    with start_trace("root", sink=spans.extend):
        pass
    assert data(spans[0]) == {}


def test_values_are_kept_as_they_were_when_given(spans: Spans) -> None:
    messages = [{"role": "user", "content": "Hi"}]
    with start_trace("root", sink=spans.extend) as root:
        root.inputs(messages)
        messages[0]["content"] = "changed"
        messages.append({"role": "tool", "content": "later"})
    assert data(spans[0])["inputs"] == [{"role": "user", "content": "Hi"}]


def test_an_error_is_recorded_and_passed_on(spans: Spans) -> None:
    def fail() -> None:
        with start_trace("root", sink=spans.extend), span("step"):
            raise NodeError("ask", KeyError("context"))

    with pytest.raises(NodeError):
        fail()
    for recorded in spans:
        assert recorded.status == "error"
        error = data(recorded)["error"]
        assert (error["node"], error["type"]) == ("ask", "KeyError")
        assert "in fail" in error["trace"] or error["trace"].startswith("KeyError")
    assert current_span() is None


def test_an_error_that_is_dealt_with_leaves_the_step_as_it_is(spans: Spans) -> None:
    with start_trace("root", sink=spans.extend), span("step") as step:
        try:
            raise ValueError("handled")
        except ValueError as error:
            step.error = error
    assert named(spans, "step").status == "error"
    assert named(spans, "root").status == "ok"


def test_a_long_value_is_cut_and_says_so(spans: Spans) -> None:
    with start_trace("root", sink=spans.extend) as root:
        root.inputs("x" * 1_000_000)
        root.outputs({"short": "y" * 1_000})
    found = data(spans[0])
    assert found["inputs"]["truncated"] is True
    assert found["inputs"]["characters"] == 1_000_002
    assert found["inputs"]["start"].startswith('"xxx')
    assert found["outputs"] == {"short": "y" * 1_000}
    assert len(spans[0].data) < 10_000


class Odd:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def circle() -> list[Any]:
    found: list[Any] = [1]
    found.append(found)
    return found


@pytest.mark.parametrize(
    "value", [object(), Odd(), 10**30, [10**6000], "a\udc80", circle(), {(1, 2): {3}}, b"\0", float]
)
def test_no_value_ends_the_step_it_belongs_to(spans: Spans, value: Any) -> None:
    with start_trace("root", sink=spans.extend) as root:
        root.inputs({"odd": value, "even": 2})
        root.outputs(value)
        root.attributes["odd"] = value
        root.usage = Usage(input_tokens=1)
    found = data(spans[0])
    assert found["inputs"]["even"] == 2
    assert found["usage"]["input_tokens"] == 1
    assert "odd" in found["attributes"]
    assert "outputs" in found


def test_a_message_that_cannot_be_written_leaves_the_rest_of_the_span(spans: Spans) -> None:
    with start_trace("root", sink=spans.extend) as root:
        root.inputs({"a": 1})
        root.error = ValueError("bad \udc80")
    found = data(spans[0])
    assert found["inputs"] == {"a": 1}
    assert found["error"]["type"] == "ValueError"
    assert found["error"]["message"].startswith("bad ")


@given(st.recursive(st.text() | st.integers() | st.binary(), lambda i: st.lists(i), max_leaves=5))
def test_what_is_kept_is_json(value: Any) -> None:
    spans: Spans = []
    with start_trace("root", sink=spans.extend) as root:
        root.inputs(value)
    assert "inputs" in data(spans[0])


def test_usage_of_a_trace_comes_from_what_spends_it(spans: Spans) -> None:
    with start_trace("root", sink=spans.extend) as root:
        with span("node", kind=SpanKind.NODE) as node:
            for tokens, cost in ((3, 0.1), (4, None)):
                with span("call", kind=SpanKind.MODEL) as call:
                    call.usage = Usage(input_tokens=tokens, output_tokens=1)
                    call.cost = cost
            with span("embed", kind=SpanKind.EMBEDDING) as embed:
                embed.usage = Usage(input_tokens=5)
            node.usage = Usage(input_tokens=1_000)
            node.cost = 9.0
        trace = root.trace
    assert trace is not None
    assert trace.usage == Usage(input_tokens=12, output_tokens=2)
    assert trace.cost == pytest.approx(0.1)


def test_usage_that_nobody_told_stays_unknown(spans: Spans) -> None:
    with start_trace("root", sink=spans.extend) as root, span("call", kind=SpanKind.MODEL):
        pass
    assert root.trace is not None
    assert (root.trace.usage, root.trace.cost) == (None, None)


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_threads")
def test_threads_that_spend_at_once_lose_nothing(spans: Spans) -> None:
    calls, threads = 300, 8

    def spend() -> None:
        for _ in range(calls):
            with span("call", kind=SpanKind.MODEL) as call:
                call.usage = Usage(input_tokens=1)
                call.cost = 1.0

    with start_trace("root", sink=spans.extend) as root, ThreadPoolExecutor(threads) as pool:
        done = [pool.submit(contextvars.copy_context().run, spend) for _ in range(threads)]
        for future in done:
            future.result()
    assert root.trace is not None
    assert root.trace.usage == Usage(input_tokens=calls * threads)
    assert root.trace.cost == calls * threads
    assert len(spans) == calls * threads + 1


def test_a_span_that_outlives_its_trace_reaches_the_sink() -> None:
    batches: list[Spans] = []
    with start_trace("root", sink=batches.append) as root:
        late = span("late").begin()
    assert [[s.name for s in batch] for batch in batches] == [["root"]]
    late.outputs("done")
    late.end()
    assert [[s.name for s in batch] for batch in batches] == [["root"], ["late"]]
    assert batches[1][0].parent_id == root.span_id
    assert batches[1][0].trace_id == batches[0][0].trace_id


def test_without_a_trace_a_span_keeps_nothing_and_does_no_harm() -> None:
    with span("alone") as alone, span("inside"):
        alone.inputs({"a": 1})
        alone.usage = Usage(input_tokens=1)
        assert current_traceparent() is None
        assert current_span() is not None
    assert current_span() is None


def test_the_traceparent_of_a_call_is_that_of_the_step_it_leaves_from(spans: Spans) -> None:
    with start_trace("root", sink=spans.extend), span("step") as step:
        found = parse_traceparent(current_traceparent())
    assert found is not None
    assert (found.trace_id, found.span_id) == (spans[0].trace_id, step.span_id)


def test_a_thread_with_a_copied_context_is_part_of_the_trace(spans: Spans) -> None:
    def work() -> None:
        with span("in thread"):
            pass

    with start_trace("root", sink=spans.extend), span("step"):
        copied = threading.Thread(target=contextvars.copy_context().run, args=(work,))
        bare = threading.Thread(target=work)
        for thread in (copied, bare):
            thread.start()
            thread.join()
    assert len(spans) == 3
    assert named(spans, "in thread").parent_id == named(spans, "step").span_id


def test_tasks_nest_each_for_itself(spans: Spans) -> None:
    async def work(name: str) -> None:
        with span(name):
            await asyncio.sleep(0)
            with span(f"{name} inside"):
                await asyncio.sleep(0)

    async def main() -> None:
        with start_trace("root", sink=spans.extend):
            await asyncio.gather(*(work(name) for name in "abc"))

    asyncio.run(main())
    for name in "abc":
        assert named(spans, name).parent_id == named(spans, "root").span_id
        assert named(spans, f"{name} inside").parent_id == named(spans, name).span_id


def test_a_generator_that_is_closed_elsewhere_ends_its_span(spans: Spans) -> None:
    async def stream() -> AsyncIterator[int]:
        with span("stream"):
            yield 1
            yield 2

    async def main() -> None:
        with start_trace("root", sink=spans.extend):
            generator = stream()
            assert await anext(generator) == 1
            # In a task of its own, as an event loop closes what was left open.
            await asyncio.create_task(generator.aclose())  # type: ignore[attr-defined]

    asyncio.run(main())
    assert named(spans, "stream").parent_id == named(spans, "root").span_id


def test_a_step_may_become_the_current_one_for_a_while(spans: Spans) -> None:
    def inner() -> ActiveSpan:
        return span("inner").begin()

    with start_trace("root", sink=spans.extend) as root:
        step = span("step").begin()
        assert current_span() is root
        token = step.attach()
        inner().end()
        step.detach(token)
        assert current_span() is root
        step.end(ValueError("cut"))
    assert named(spans, "inner").parent_id == named(spans, "step").span_id
    assert named(spans, "step").status == "error"


def test_a_sink_that_fails_breaks_no_call_and_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class DiskIsGoneError(Exception):
        pass

    def failing(spans: list[RecordedSpan]) -> None:
        raise DiskIsGoneError("the disk is gone")

    done = []
    for number in range(3):
        with start_trace("root", sink=failing), span("step"):
            done.append(number)
    assert done == [0, 1, 2]
    assert [record.name for record in caplog.records] == ["flowgrade.tracing"]
    assert "DiskIsGoneError: the disk is gone" in caplog.text
