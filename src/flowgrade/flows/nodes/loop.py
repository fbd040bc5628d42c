"""The loop node: repeats a flow, or a node of any type, until a condition holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from flowgrade.errors import (
    ConditionError,
    FlowDefinitionError,
    FlowOutputError,
    LoopBoundError,
    NodeError,
    Place,
)
from flowgrade.flows.conditions import Condition, parse_condition
from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.options import check_options, choice, refuse, whole_number
from flowgrade.flows.references import Binding, parse_path, walk
from flowgrade.flows.step import Arguments, Step, Workshop, do, literals_of, references_of
from flowgrade.records import SpanKind, replace
from flowgrade.tracing import span

_OWN = ("each", "until", "max_iterations", "feed", "at_bound")
_MOST = 1000
_REFERENCE = re.compile(r"\$\{\s*(output|inputs|iteration)\b(.*?)\s*\}\Z", re.DOTALL)
_EXAMPLE = 'For example until: "${output.score} >= 0.8".'


class LoopNode:
    """Makes steps that do the same work again and again, each time with what came of the last."""

    def compile(self, node: NodeSpec, workshop: Workshop) -> Step:
        """Make the step that is repeated; a loop without a bound is refused."""
        _check(node)
        each = str(node.options.get("each", "flow"))
        options = {n: v for n, v in node.options.items() if n not in _OWN}
        inner = workshop.compile(replace(node, type=each, options=options))
        until = parse_condition(node.options["until"], bind=_bind, place=node.place_of("until"))
        _check_names(node, until, inner)
        step = _Loop(
            inner=inner,
            name=node.name,
            until=until,
            bound=whole_number(node, "max_iterations", 0, most=_MOST),
            feed=_feed(node, inner),
            fails=choice(node, "at_bound", ("fail", "stop"), "fail") == "fail",
        )
        return Step(
            node=node,
            acall=step.run,
            prepare=inner.prepare,
            literals={**literals_of(node), **inner.literals},
            references=references_of(node),
            optional=inner.optional,
            flows=inner.flows,
        )


NODE_TYPE = LoopNode()


class _Loop(NamedTuple):
    inner: Step
    name: str
    until: Condition
    bound: int
    feed: Mapping[str, str]
    fails: bool

    async def run(self, arguments: Arguments) -> Any:
        for number in range(1, self.bound + 1):
            outputs = await self._once(number, arguments)
            if self._is_done(number, arguments, outputs):
                return {**outputs, "loop": {"iterations": number, "stopped": "condition"}}
            arguments = {**arguments, **self._fed(outputs)}
        if self.fails:
            raise LoopBoundError(
                f"After {self.bound} iterations the condition {self.until.text} does not hold.",
                hint="Raise max_iterations, or take the last result as it is: at_bound: stop.",
            )
        return {**outputs, "loop": {"iterations": self.bound, "stopped": "bound"}}

    async def _once(self, number: int, arguments: Arguments) -> dict[str, Any]:
        with span(f"{self.name}[{number}]", kind=SpanKind.NODE) as active:
            active.inputs(arguments)
            try:
                found = await do(self.inner, arguments)
            except Exception as error:
                raise NodeError(f"[{number}]", error) from error
            active.outputs(found)
        return dict(found) if isinstance(found, Mapping) else {"output": found}

    def _is_done(self, number: int, arguments: Arguments, outputs: dict[str, Any]) -> bool:
        values = {"output": outputs, "inputs": arguments, "iteration": number}
        try:
            return self.until.holds(lambda b: walk(values[str(b.node)], b.path, b.text))
        except ConditionError as error:
            raise NodeError(f"[{number}]", error) from error

    def _fed(self, outputs: dict[str, Any]) -> Arguments:
        for output in self.feed.values():
            if output not in outputs:
                raise FlowOutputError(
                    f"The loop '{self.name}' feeds back '{output}', which an iteration did not "
                    f"give (it gave: {', '.join(outputs) or 'nothing'}).",
                    hint="Correct feed: {INPUT: OUTPUT}.",
                )
        return {name: outputs[output] for name, output in self.feed.items()}


def _check(node: NodeSpec) -> None:
    foreign = node.options.get("each", "flow") != "flow"
    check_options(node, (*_OWN, "variant", "init", *(node.options if foreign else ())))
    if "max_iterations" not in node.options:
        refuse(
            node,
            None,
            "has no bound, so it might never end",
            f"Give it max_iterations: N, at most {_MOST:,}.",
        )
    if "until" not in node.options:
        refuse(node, None, "does not say until when it repeats", _EXAMPLE)


def _feed(node: NodeSpec, inner: Step) -> dict[str, str]:
    """Which input of an iteration is which output of the one before it."""
    made = inner.flows[0].body.outputs if inner.flows else ()
    found = node.options.get("feed")
    if found is None:
        same = {name: name for name in made if name in node.inputs}
        if not same:
            refuse(
                node,
                None,
                "does not say what goes from one iteration into the next",
                "Give it feed: {INPUT: OUTPUT}; feed: {} if each is to be like the first.",
            )
        return same
    if not isinstance(found, Mapping):
        refuse(node, "feed", "has a 'feed' that is no mapping", "Write {INPUT: OUTPUT}.")
    for name, output in found.items():
        _known(node, "feed", str(name), list(node.inputs), "input")
        if made:
            _known(node, "feed", str(output), made, "output of the flow")
    return {str(name): str(output) for name, output in found.items()}


def _check_names(node: NodeSpec, until: Condition, inner: Step) -> None:
    made = inner.flows[0].body.outputs if inner.flows else ()
    if "loop" in made:
        refuse(
            node,
            "source",
            "repeats a flow with an output 'loop'",
            "Rename that output: the loop itself writes its count there.",
        )
    for binding in until.bindings:
        part = str(binding.path[0]) if binding.path else ""
        if binding.node == "inputs":
            _known(node, "until", part, list(node.inputs), "input")
        if binding.node == "output" and part and made:
            _known(node, "until", part, made, "output of the flow")


def _known(node: NodeSpec, field: str, name: str, known: Any, what: str) -> None:
    if name not in known:
        near = get_close_matches(name, known, n=1)
        there = f"There are: {', '.join(known) or 'none'}."
        hint = f"Did you mean '{near[0]}'?" if near else there
        refuse(node, field, f"names in '{field}' the {what} '{name}', which is not there", hint)


def _bind(text: str, place: Place | None) -> Binding:
    match = _REFERENCE.match(text)
    if match is None:
        raise FlowDefinitionError(
            f"The condition of a loop cannot refer to {text}.",
            hint="It has ${output.NAME} of the iteration, its ${inputs.NAME}, and ${iteration}.",
            place=place,
        )
    return Binding(node=match[1], path=parse_path(match[2]), text=text)
