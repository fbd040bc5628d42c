"""Run a flow of nodes: scheduling, bypass, outputs and aggregation."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from flowgrade.errors import FlowInputError, NodeError
from flowgrade.flows.body import Aggregate, RowResult, Values, Yield
from flowgrade.flows.bypass import BYPASSED, bypass_rules, is_gone, value_of
from flowgrade.flows.definition import FlowSpec, OutputSpec
from flowgrade.flows.graph import is_chain
from flowgrade.flows.metrics import collect_metrics
from flowgrade.flows.references import Binding, walk
from flowgrade.flows.step import Arguments, Step
from flowgrade.flows.streams import Emit, Pieces, Replay, ajoin, collect, is_stream, join
from flowgrade.flows.threads import in_thread
from flowgrade.flows.types import coerce
from flowgrade.records import Failure, SpanKind
from flowgrade.tracing import ActiveSpan, span


class NodesBody:
    """A flow of nodes, compiled to steps."""

    takes_more = True

    def __init__(self, spec: FlowSpec, steps: Sequence[Step]) -> None:
        self.inputs = spec.inputs
        late = {step.node.name for step in steps if step.node.aggregation}
        self._outputs = tuple(o for o in spec.outputs if o.binding.node not in late)
        self.outputs = tuple(output.name for output in self._outputs)
        self.chat_output = next((o.name for o in self._outputs if o.is_chat_output), None)
        self._steps = tuple(step for step in steps if step.node.name not in late)
        self._late = tuple(step for step in steps if step.node.name in late)
        self.aggregates = bool(self._late)
        self.model_nodes: tuple[str, ...] | None = tuple(
            step.node.name for step in self._steps if step.node.type in ("agent", "llm")
        )
        self._kept = _kept(self._late, late)
        self._upstream = {step.node.name: step.node.upstream() for step in self._steps}
        self._chain = is_chain(list(self._upstream), self._upstream)
        self.threaded = self._chain and all(step.call for step in self._steps)
        self._read = {name for names in self._upstream.values() for name in names}
        self.streamed = _streamed(self._outputs, self._steps, self._read)
        self._sources = _sources(self._outputs, self.streamed)
        self._rules = bypass_rules(step.node for step in self._steps)
        self._late_rules = bypass_rules(step.node for step in self._late)

    def prepare(self) -> None:
        """Let each step check what would fail every row."""
        for step in (*self._steps, *self._late):
            if step.prepare is not None:
                try:
                    step.prepare()
                except Exception as error:
                    _add_node(error, step)
                    raise

    def call(self, inputs: Values) -> Yield:
        """Run the chain of steps in this thread."""
        values: Values = {}
        for step in self._steps:
            rule = self._rules.get(step.node.name)
            if rule is not None and rule(inputs, values):
                values[step.node.name] = BYPASSED
                continue
            with span(step.node.name, kind=SpanKind.NODE) as active:
                arguments = _begin(step, inputs, values, active)
                values[step.node.name] = self._run(step, arguments, active)
        return self._finish(inputs, values)

    async def acall(self, inputs: Values, emit: Emit | None = None) -> Yield:
        """Run the steps, those that do not wait for each other side by side."""
        values: Values = {}
        pieces = Pieces(emit) if emit is not None and self._sources else None
        if self._chain:
            for step in self._steps:
                await self._arun(step, inputs, values, pieces)
        else:
            await self._schedule(inputs, values, pieces)
        found = self._finish(inputs, values)
        if pieces is not None and self.streamed is not None:
            pieces.rest(found.outputs[self.streamed])
        return found

    async def acall_node(self, name: str, given: Values) -> Yield:
        """Run one node. ``given`` has its inputs by name, or what they refer to:
        ``inputs.question``, ``other.output``. Raises FlowInputError for one that is missing.
        """
        step = _find(name, (*self._steps, *self._late))
        if step.prepare is not None:
            step.prepare()
        arguments = {**step.literals, **_given(step, given)}
        with span(step.node.name, kind=SpanKind.NODE) as active:
            active.inputs(arguments)
            try:
                found = await self._work(step, arguments, None)
                found = await ajoin(join(found))
            except Exception as error:
                raise NodeError(name, error) from error
            active.outputs(found)
        return Yield(found if isinstance(found, dict) else {"output": found}, {})

    async def aggregate(self, rows: Iterable[RowResult]) -> Aggregate:
        """Run the aggregation steps over the values of all completed rows."""
        lists: dict[str, list[Any]] = {binding.text: [] for binding in self._kept}
        for row in rows:
            for text, column in lists.items():
                column.append(row.kept.get(text))
        inputs = {b.input: lists[b.text] for b in self._kept if b.input is not None}
        values: Values = {}
        failures: list[Failure] = []
        with collect_metrics() as metrics:
            for step in self._late:
                rule = self._late_rules.get(step.node.name)
                if rule is not None and rule(inputs, values):
                    values[step.node.name] = BYPASSED
                    continue
                try:
                    values[step.node.name] = await self._aggregate(step, lists, values)
                except NodeError as error:
                    failures.append(Failure.of(error))
                    break
        outputs = {n: v for n, v in values.items() if v is not BYPASSED}
        return Aggregate(metrics=metrics, outputs=outputs, failures=tuple(failures))

    def _run(self, step: Step, arguments: Arguments, active: ActiveSpan) -> Any:
        assert step.call is not None
        try:
            found = step.call(arguments)
            if is_stream(found):
                found = self._settle(step, found)
        except Exception as error:
            raise NodeError(step.node.name, error) from error
        active.outputs(found)
        return found

    async def _arun(
        self, step: Step, inputs: Values, values: Values, pieces: Pieces | None
    ) -> None:
        rule = self._rules.get(step.node.name)
        if rule is not None and rule(inputs, values):
            values[step.node.name] = BYPASSED
            return
        with span(step.node.name, kind=SpanKind.NODE) as active:
            arguments = _begin(step, inputs, values, active)
            own = pieces if pieces and self._may_stream(step.node.name, values) else None
            try:
                found = await self._work(step, arguments, own)
            except Exception as error:
                raise NodeError(step.node.name, error) from error
            active.outputs(found)
        values[step.node.name] = found

    def _may_stream(self, name: str, values: Values) -> bool:
        """Whether the output is this node's: each that goes before it was bypassed."""
        if name not in self._sources:
            return False
        before = self._sources[: self._sources.index(name)]
        return all(values.get(other) is BYPASSED for other in before)

    async def _work(self, step: Step, arguments: Arguments, emit: Emit | None) -> Any:
        if emit is not None and step.stream is not None:
            return await collect(step.stream(arguments), emit)
        if emit is not None and step.relay is not None:
            return await step.relay(arguments, emit)
        if step.acall is not None:
            found = await step.acall(arguments)
        else:
            assert step.call is not None
            call = step.call
            if step.brief:
                return call(arguments)
            # A generator does its work while it is read, so it is read in the thread as well.
            return await in_thread(lambda: self._settle(step, call(arguments), emit))
        return found if step.node.name in self._read else await ajoin(found, emit)

    def _settle(self, step: Step, found: Any, emit: Emit | None = None) -> Any:
        """Read a generator, unless a later node will: that one gets it as a generator."""
        if step.node.name in self._read:
            return Replay(found) if is_stream(found) else found
        return join(found, emit)

    async def _schedule(self, inputs: Values, values: Values, pieces: Pieces | None) -> None:
        waiting = list(self._steps)
        tasks: set[asyncio.Task[None]] = set()
        try:
            while waiting or tasks:
                ready = [
                    s for s in waiting if all(u in values for u in self._upstream[s.node.name])
                ]
                waiting = [s for s in waiting if s not in ready]
                tasks |= {
                    asyncio.create_task(self._arun(step, inputs, values, pieces)) for step in ready
                }
                done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.gather(*tasks, return_exceptions=True)

    def _finish(self, inputs: Values, values: Values) -> Yield:
        outputs = {
            output.name: join(value_of(output.binding, inputs, values)) for output in self._outputs
        }
        kept = {b.text: join(value_of(b, inputs, values)) for b in self._kept}
        return Yield(outputs, kept)

    async def _aggregate(self, step: Step, lists: Mapping[str, list[Any]], values: Values) -> Any:
        arguments = dict(step.literals)
        for name, binding in step.references:
            if binding.text in lists:
                arguments[name] = lists[binding.text]
            elif name not in step.optional or not is_gone(binding, values):
                arguments[name] = value_of(binding, {}, values)
        with span(step.node.name, kind=SpanKind.NODE) as active:
            active.attributes["flowgrade.aggregation"] = True
            try:
                found = await self._work(step, arguments, None)
            except Exception as error:
                raise NodeError(step.node.name, error) from error
            active.outputs(found)
        return found


def _find(name: str, steps: Sequence[Step]) -> Step:
    names = [step.node.name for step in steps]
    if name not in names:
        near = get_close_matches(name, names, n=1)
        raise FlowInputError(
            f"The flow has no node '{name}'.",
            hint=f"Did you mean '{near[0]}'?" if near else f"Nodes: {', '.join(names)}.",
        )
    return steps[names.index(name)]


def _given(step: Step, given: Values) -> Arguments:
    arguments: Arguments = {
        n: _as_declared(v, step.types.get(n), n) for n, v in given.items() if n in step.node.inputs
    }
    for name, binding in step.references:
        if name in arguments:
            continue
        found = next((one for one in binding.each() if _is_given(one, given)), None)
        if found is not None:
            arguments[name] = _from(found, given)
        elif name not in step.optional:
            raise FlowInputError(
                f"The node '{step.node.name}' needs its input '{name}'.",
                hint=f"Give it: -i {name}=VALUE",
            )
    return arguments


def _as_declared(value: Any, type_name: str | None, name: str) -> Any:
    """A text that a person gave, as the type that the code wants; other values as they are."""
    if isinstance(value, str) and type_name is not None:
        return coerce(value, type_name, name=name)
    return value


def _is_given(binding: Binding, given: Values) -> bool:
    return binding.text[2:-1] in given or f"{binding.node}.output" in given


def _from(binding: Binding, given: Values) -> Any:
    whole = binding.text[2:-1]
    if whole in given:
        return given[whole]
    return walk(given[f"{binding.node}.output"], binding.path, binding.text)


def _begin(step: Step, inputs: Values, values: Values, active: ActiveSpan) -> Arguments:
    arguments = dict(step.literals)
    for name, binding in step.references:
        if name in step.optional and is_gone(binding, values):
            continue
        arguments[name] = value_of(binding, inputs, values)
    active.inputs(arguments)
    return arguments


def _kept(late: Sequence[Step], names: set[str]) -> tuple[Binding, ...]:
    found = {
        binding.text: binding
        for step in late
        for binding in (*(b for _, b in step.references), *_rule_of(step))
        if binding.node not in names
    }
    return tuple(found.values())


def _rule_of(step: Step) -> tuple[Binding, ...]:
    return () if step.node.activate is None else (step.node.activate.when,)


def _streamed(outputs: Sequence[OutputSpec], steps: Sequence[Step], read: set[str]) -> str | None:
    by_name = {step.node.name: step for step in steps}
    for output in outputs:
        if any(
            _can_stream(one, by_name.get(one.node or ""), read) for one in output.binding.each()
        ):
            return output.name
    return None


def _can_stream(binding: Binding, step: Step | None, read: set[str]) -> bool:
    if step is None or step.node.name in read:
        return False
    if step.relay is not None:
        return binding.path == (step.part,)
    return not binding.path and (step.stream is not None or step.node.type == "python")


def _sources(outputs: Sequence[OutputSpec], streamed: str | None) -> tuple[str, ...]:
    """The nodes that the streamed output is taken from, in the order in which they count."""
    return tuple(
        one.node
        for output in outputs
        for one in output.binding.each()
        if output.name == streamed and one.node is not None
    )


def _add_node(error: Exception, step: Step) -> None:
    message = getattr(error, "message", None)
    if isinstance(message, str):
        error.message = f"Node '{step.node.name}': {message}"  # type: ignore[attr-defined]
    if getattr(error, "place", ...) is None:
        error.place = step.node.place_of("connection")  # type: ignore[attr-defined]
