"""Flows inside flows."""

from __future__ import annotations

import asyncio

import pytest

from flowgrade.errors import UsageError
from flowgrade.flows import function_flow, run_blocking
from flowgrade.models import Models
from flowgrade.tracing import RecordedSpan


def test_a_flow_called_by_a_flow_is_a_step_of_its_trace(models: Models) -> None:
    def inner(x: int) -> int:
        return x + 1

    step = function_flow(inner, models=models)

    def outer(x: int) -> int:
        return int(step(x=x)["output"]) * 2

    spans: list[RecordedSpan] = []
    execution = function_flow(outer, models=models).execute({"x": 1}, sink=spans.extend)
    assert execution.outputs == {"output": 4}
    child, root = spans
    assert (child.name, root.name) == ("inner", "outer")
    assert child.parent_id == root.span_id
    assert child.trace_id == root.trace_id
    assert not child.root


def test_waiting_for_oneself_is_refused_instead_of_hanging(models: Models) -> None:
    async def inner(x: int) -> int:
        return x

    step = function_flow(inner, models=models)

    async def outer(x: int) -> object:
        return step(x=x)  # should be: await step.acall(x=x)

    flow = function_flow(outer, models=models)
    with pytest.raises(UsageError, match="without await"):
        run_blocking(flow.acall(x=1))

    async def right(x: int) -> object:
        return (await step.acall(x=x))["output"]

    assert asyncio.run(function_flow(right, models=models).acall(x=1)) == {"output": 1}
