"""Refs, usage and failures."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.errors import FlowgradeError, InputError, ModelServerError, NodeError, Place
from flowgrade.records import Failure, Ref, Span, SpanKind, Usage, digest_json

KINDS = st.text(string.ascii_lowercase + "_", min_size=1)
NAMES = st.text(min_size=1)
DIGESTS = st.text(string.hexdigits, min_size=64, max_size=64).map("sha256:{}".format)
COUNTS = st.none() | st.integers(0, 10**9)
USAGES = st.builds(
    Usage,
    input_tokens=COUNTS,
    output_tokens=COUNTS,
    cached_tokens=COUNTS,
    reasoning_tokens=COUNTS,
)


@given(KINDS, NAMES, DIGESTS)
def test_a_ref_is_read_as_it_was_written(kind: str, name: str, digest: str) -> None:
    ref = Ref(kind=kind, name=name, digest=digest)
    assert Ref.parse(str(ref)) == ref


@given(st.text())
def test_any_other_text_is_refused_as_a_ref(text: str) -> None:
    try:
        found = str(Ref.parse(text))
    except InputError as error:
        found = error.message.removeprefix("'").partition("' is not a ref")[0]
    assert found == text


@pytest.mark.parametrize("text", ["", "flow", "flow/a", "/a@b", "flow/@b", "flow/a@", "a@b"])
def test_a_ref_has_a_kind_a_name_and_a_digest(text: str) -> None:
    with pytest.raises(InputError, match="is not a ref"):
        Ref.parse(text)


def test_a_ref_is_shown_short() -> None:
    assert Ref(kind="flow", name="a", digest="sha256:" + "0123456789abcdef").short == (
        "flow/a@0123456789ab"
    )


@given(USAGES, USAGES, USAGES)
def test_usage_adds_up_in_any_order(a: Usage, b: Usage, c: Usage) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert a + Usage() == a


def test_an_unknown_count_stays_unknown_and_is_no_zero() -> None:
    both = Usage(input_tokens=3) + Usage(output_tokens=0)
    assert (both.input_tokens, both.output_tokens, both.cached_tokens) == (3, 0, None)
    assert both.total_tokens == 3
    assert Usage().total_tokens is None
    assert Usage(output_tokens=2).total_tokens == 2


def test_the_digest_of_json_does_not_depend_on_the_order_of_keys() -> None:
    assert digest_json({"a": 1, "b": [2]}) == digest_json({"b": [2], "a": 1})
    assert digest_json({"a": 1}) != digest_json({"a": "1"})


def test_the_duration_of_a_span_is_in_seconds() -> None:
    span = Span(
        trace_id="0" * 31 + "1",
        span_id="0" * 15 + "1",
        name="a",
        kind=SpanKind.FLOW,
        start_ns=5,
        end_ns=1_500_000_005,
    )
    assert span.seconds == 1.5


def test_a_failure_keeps_what_an_error_of_ours_says() -> None:
    error = FlowgradeError("It broke.", hint="Mend it.", place=Place("flow.dag.yaml", 3, 7))
    failure = Failure.of(error)
    assert (failure.type, failure.message) == ("FlowgradeError", "It broke.")
    assert (failure.hint, failure.place) == ("Mend it.", "flow.dag.yaml:3:7")
    assert not failure.retryable
    assert failure.node is None


def test_the_failure_of_a_node_is_that_of_its_cause() -> None:
    def inner() -> None:
        raise ValueError("no such thing")

    try:
        inner()
    except ValueError as cause:
        failure = Failure.of(NodeError("search", cause))
    assert (failure.node, failure.type) == ("search", "ValueError")
    assert failure.message == "no such thing"
    assert failure.trace is not None
    assert "in inner" in failure.trace


def test_a_node_that_can_be_tried_again_says_so() -> None:
    failure = Failure.of(NodeError("ask", ModelServerError("Overloaded.", hint="Wait.")))
    assert failure.retryable
    assert (failure.type, failure.hint) == ("ModelServerError", "Wait.")


def test_the_trace_of_endless_recursion_stays_short() -> None:
    def again() -> None:
        again()

    with pytest.raises(RecursionError) as caught:
        again()
    trace = Failure.of(caught.value).trace
    assert trace is not None
    assert len(trace.splitlines()) < 200


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even that")


def test_an_error_that_cannot_be_shown_is_a_failure_all_the_same() -> None:
    assert Failure.of(Mute()).message == "<Mute without a message>"
