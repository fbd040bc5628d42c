"""Flow: something callable with named inputs and outputs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from flowgrade.errors import FlowInputError, FlowOutputError, NodeError, RowTimeoutError
from flowgrade.flows.body import Aggregate, Body, RowResult, Values, Yield
from flowgrade.flows.definition import InputSpec
from flowgrade.flows.guests import flow_code
from flowgrade.flows.loop import run_blocking
from flowgrade.flows.streams import Emit
from flowgrade.flows.types import coerce
from flowgrade.records import JsonObject, Record, Ref, SpanKind, Usage, dumps, field
from flowgrade.tracing import (
    RecordedSpan,
    Sink,
    TraceContext,
    current_span,
    span,
    start_trace,
)


class Execution(NamedTuple):
    """One call of a flow, completed or failed."""

    inputs: Values
    outputs: Values | None
    outputs_json: str | None
    kept: Values
    error: Exception | None
    trace_id: str
    start_ns: int
    end_ns: int
    usage: Usage | None
    cost: float | None
    """US dollars of the model calls whose price is known."""
    unpriced: int
    """Model calls whose cost is not known."""
    spans: list[RecordedSpan]


class Chunk(NamedTuple):
    """A piece of a streamed output."""

    output: str
    text: str


def _keep_nothing(spans: list[RecordedSpan]) -> None:
    pass


class Flow(Record, hide=("body", "sink")):
    """A flow that is ready to run, whichever way it was written."""

    name: str
    ref: Ref
    kind: str
    """``dag``, ``flex``, ``prompty`` or ``function``."""
    body: Body
    folder: Path
    """Where its code runs: its own folder, or the copy that has its additional includes."""
    source: str
    """What to load to get it again: a path, or ``file.py:name``."""
    description: str = ""
    """What it is for, as its definition or docstring says."""
    variant: str | None = None
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    init: JsonObject = field(default_factory=dict)
    overrides: JsonObject = field(default_factory=dict)
    """What replaces parts of its nodes, by ``nodes.NAME.inputs.INPUT`` and the like."""
    sample: JsonObject = field(default_factory=dict)
    """Inputs that the definition gives as an example."""
    base: Path | None = None
    """Where relative paths of images in inputs count from; the flow's own folder if None."""
    sink: Sink = field(default=_keep_nothing)
    """Takes the spans of calls made outside a run."""

    @property
    def inputs(self) -> tuple[InputSpec, ...]:
        """The declared inputs."""
        return self.body.inputs

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the inputs that a caller must give."""
        return tuple(spec.name for spec in self.inputs if spec.required)

    def __call__(self, **inputs: Any) -> Values:
        """Run the flow and return its outputs; raises what its code or its inputs raise."""
        if self.body.threaded:
            return _outputs(self.execute(inputs, sink=self.sink, join=True))
        return run_blocking(self.acall(**inputs))

    async def acall(self, **inputs: Any) -> Values:
        """Run the flow and return its outputs; raises what its code or its inputs raise.

        Called from a step of another flow, its spans join that flow's trace.
        """
        return _outputs(await self.aexecute(inputs, sink=self.sink, join=True))

    async def astream(self, **inputs: Any) -> AsyncIterator[Chunk | Values]:
        """Run the flow; gives each ``Chunk`` of the streamed output, then all outputs."""
        queue: asyncio.Queue[Chunk | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        name = self.body.streamed or ""

        def emit(text: str) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, Chunk(name, text))

        async def work() -> Execution:
            try:
                return await self.aexecute(inputs, sink=self.sink, emit=emit, join=True)
            finally:
                loop.call_soon(queue.put_nowait, None)

        task = asyncio.create_task(work())
        try:
            while (chunk := await queue.get()) is not None:
                yield chunk
            yield _outputs(await task)
        finally:
            task.cancel()

    def execute(
        self,
        inputs: Values,
        *,
        sink: Sink,
        parent: TraceContext | None = None,
        join: bool = False,
    ) -> Execution:
        """Run it in this thread; for a ``body.threaded`` flow. Errors come in the result.

        It has a trace of its own, below ``parent`` if given; with ``join`` it is a step of the
        trace that is active here, if one is.
        """
        call = _Call(self, inputs, parent, join=join)
        with call.root, flow_code():
            try:
                call.gave(self.body.call(call.begin()))
            except Exception as error:  # noqa: BLE001  users' code may fail in any way
                call.failed(error)
            except SystemExit as error:  # users' code ends its row by it, not the whole run
                call.failed(NodeError(self.name, error))
        return call.end(sink)

    async def aexecute(
        self,
        inputs: Values,
        *,
        sink: Sink,
        parent: TraceContext | None = None,
        emit: Emit | None = None,
        join: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109  it becomes the row's own error
    ) -> Execution:
        """Run it; errors come in the result, only cancellation is raised. See ``execute``.

        After ``timeout`` seconds it is given up with RowTimeoutError; sync code that runs then
        goes on in its thread, unheard.
        """
        call = _Call(self, inputs, parent, join=join)
        with call.root, flow_code():
            try:
                call.gave(await _within(timeout, self.body.acall(call.begin(), emit)))
            except Exception as error:  # noqa: BLE001  users' code may fail in any way
                call.failed(error)
            except SystemExit as error:  # users' code ends its row by it, not the whole run
                call.failed(NodeError(self.name, error))
        return call.end(sink)

    async def aexecute_node(self, name: str, inputs: Values, *, sink: Sink) -> Execution:
        """Run one node alone, with a trace of its own."""
        call = _Call(self, inputs, None)
        with call.root, flow_code():
            try:
                call.root.inputs(inputs)
                call.gave(await self.body.acall_node(name, inputs))
            except Exception as error:  # noqa: BLE001  users' code may fail in any way
                call.failed(error)
            except SystemExit as error:  # users' code ends its row by it, not the whole run
                call.failed(NodeError(self.name, error))
        return call.end(sink)

    async def aggregate(self, rows: Iterable[RowResult]) -> Aggregate:
        """Do what comes once after all rows of a run."""
        with flow_code():
            return await self.body.aggregate(rows)

    def check_names(self, inputs: Mapping[str, Any]) -> None:
        """Raise FlowInputError for an input that the flow does not have."""
        declared = [spec.name for spec in self.inputs]
        for name in inputs:
            if name not in declared and not (self.body.takes_more and not declared):
                near = get_close_matches(name, declared, n=1)
                there = f"It has: {', '.join(declared) or 'none'}."
                raise FlowInputError(
                    f"The flow '{self.name}' has no input '{name}'.",
                    hint=f"Did you mean '{near[0]}'?" if near else there,
                )

    def resolve(self, inputs: Mapping[str, Any]) -> Values:
        """Defaults filled in and types coerced; raises FlowInputError for what does not fit."""
        known = {spec.name for spec in self.inputs}
        base = self.base or self.folder
        values = {n: v for n, v in inputs.items() if n not in known and self.body.takes_more}
        for spec in self.inputs:
            if spec.name in inputs:
                values[spec.name] = coerce(
                    inputs[spec.name], spec.type, name=spec.name, folder=base
                )
            elif spec.default is None:
                values[spec.name] = None  # a Python default; None has no type to be coerced to
            elif spec.required:
                raise FlowInputError(
                    f"The flow '{self.name}' needs the input '{spec.name}'.",
                    hint=f"Give it: -i {spec.name}=VALUE; in a run, as a column of the data.",
                )
            else:
                values[spec.name] = coerce(
                    spec.default, spec.type, name=spec.name, folder=self.folder
                )
        return values


class _Call:
    """The bookkeeping of one call, the same for both ways to run it."""

    __slots__ = (
        "_error",
        "_flow",
        "_given",
        "_json",
        "_spans",
        "_start",
        "_values",
        "_yield",
        "root",
    )

    def __init__(
        self, flow: Flow, inputs: Values, parent: TraceContext | None, *, join: bool = False
    ) -> None:
        self._flow = flow
        self._given = inputs
        self._values = inputs
        self._yield: Yield | None = None
        self._json: str | None = None
        self._error: Exception | None = None
        self._spans: list[RecordedSpan] = []
        self._start = time.time_ns()
        active = current_span() if join else None
        if active is not None and active.trace is not None:
            self.root = span(flow.name, kind=SpanKind.FLOW)
        else:
            self.root = start_trace(flow.name, sink=self._spans.extend, parent=parent)
        self.root.ref = flow.ref

    def begin(self) -> Values:
        self.root.inputs(self._given)
        self._values = self._flow.resolve(self._given)
        return self._values

    def gave(self, found: Yield) -> None:
        self._json = _as_json(found.outputs)
        self._yield = found
        self.root.outputs(orjson.Fragment(self._json))

    def failed(self, error: Exception) -> None:
        self._error = error
        self.root.error = error

    def end(self, sink: Sink) -> Execution:
        trace = self.root.trace
        assert trace is not None
        if self._spans:
            sink(self._spans)
        return Execution(
            self._values,
            self._yield.outputs if self._yield else None,
            self._json,
            self._yield.kept if self._yield else {},
            self._error,
            trace.trace_id,
            self._start,
            time.time_ns(),
            trace.usage,
            trace.cost,
            trace.unpriced,
            self._spans,
        )


async def _within(seconds: float | None, work: Awaitable[Yield]) -> Yield:
    if seconds is None:
        return await work
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await work
    except TimeoutError as error:
        if not limit.expired():
            raise  # the flow's own
        raise RowTimeoutError(
            f"The row took longer than {seconds:g} s.",
            hint="Give rows more time with --timeout, or see in its trace where it went.",
        ) from error


def _outputs(execution: Execution) -> Values:
    if execution.error is not None:
        raise execution.error
    return execution.outputs or {}


def _as_json(outputs: Values) -> str:
    try:
        return dumps(outputs, default=_own_json)
    except TypeError as error:
        for name, value in outputs.items():
            try:
                dumps(value, default=_own_json)
            except TypeError:
                raise FlowOutputError(
                    f"The output '{name}' is not JSON: it is or holds a value of a type that "
                    f"JSON lacks ({type(value).__name__}: {error}).",
                    hint="Return text, numbers, lists, dictionaries or dataclasses.",
                ) from error
        raise FlowOutputError(f"The outputs are not JSON: {error}") from error


def _own_json(value: Any) -> Any:
    as_json = getattr(value, "__flowgrade_json__", None)
    if as_json is None:
        raise TypeError(type(value).__name__)
    return as_json()
