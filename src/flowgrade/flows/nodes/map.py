"""The map node: runs a flow, or a node of any type, for each item of a list."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

from flowgrade.errors import FlowInputError, NodeError
from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.options import check_options, choice, names, refuse, whole_number
from flowgrade.flows.references import Binding
from flowgrade.flows.step import Arguments, Step, Workshop, do, literals_of, references_of
from flowgrade.records import Failure, SpanKind, replace
from flowgrade.tracing import current_span, span

_OWN = ("each", "over", "concurrency", "on_error")
_MOST = 256


class MapNode:
    """Makes steps that do the same work for each item, several at once, in the list's order."""

    def compile(self, node: NodeSpec, workshop: Workshop) -> Step:
        """Make the step that is done for each item."""
        each = str(node.options.get("each", "flow"))
        over = _over(node)
        inner = workshop.compile(_inner(node, each, over))
        step = _Map(
            inner=inner,
            name=node.name,
            over=over,
            concurrency=whole_number(node, "concurrency", 8, most=_MOST),
            on_error=choice(node, "on_error", ("fail", "skip", "collect"), "fail"),
        )
        literals = {n: v for n, v in literals_of(node).items() if n in over}
        return Step(
            node=node,
            acall=step.run,
            prepare=inner.prepare,
            literals={**inner.literals, **literals},
            references=references_of(node),
            optional=inner.optional - set(over),
            flows=inner.flows,
        )


NODE_TYPE = MapNode()


class _Map(NamedTuple):
    inner: Step
    name: str
    over: tuple[str, ...]
    concurrency: int
    on_error: str

    async def run(self, arguments: Arguments) -> Any:
        lists = [_items(self.name, name, arguments.get(name)) for name in self.over]
        if len({len(items) for items in lists}) > 1:
            raise FlowInputError(
                "The lists of a map must be equally long: "
                + ", ".join(f"'{n}' has {len(x)}" for n, x in zip(self.over, lists, strict=True))
                + ".",
                hint="Make one list of pairs, or drop what has no partner.",
            )
        rows = [dict(zip(self.over, items, strict=True)) for items in zip(*lists, strict=True)]
        results: list[Any] = [None] * len(rows)
        failed: dict[int, Exception] = {}
        waiting = iter(enumerate(rows))

        async def lane() -> None:
            for index, item in waiting:
                try:
                    results[index] = await self._one(index, {**arguments, **item})
                except Exception as error:
                    if self.on_error == "fail":
                        raise
                    failed[index] = error

        await _all(lane() for _ in range(min(self.concurrency, len(rows))))
        return self._gathered(results, failed)

    async def _one(self, index: int, arguments: Arguments) -> Any:
        with span(f"{self.name}[{index}]", kind=SpanKind.NODE) as active:
            active.inputs(arguments)
            try:
                found = await do(self.inner, arguments)
            except Exception as error:
                raise NodeError(f"[{index}]", error) from error
            active.outputs(found)
        return found

    def _gathered(self, results: list[Any], failed: dict[int, Exception]) -> Any:
        active = current_span()
        if active is not None:
            active.attributes["flowgrade.items"] = len(results)
            active.attributes["flowgrade.items_failed"] = len(failed)
        if self.on_error == "collect":
            errors = [_record(index, failed[index]) for index in sorted(failed)]
            return {"results": results, "errors": errors}
        return [found for index, found in enumerate(results) if index not in failed]


async def _all(work: Iterator[Any]) -> None:
    """Wait for all; the first error ends the others and is raised by itself."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _over(node: NodeSpec) -> tuple[str, ...]:
    known = (*_OWN, *(n for n in node.options if node.options.get("each", "flow") != "flow"))
    check_options(node, (*known, "variant", "init"))
    over = names(node, "over")
    if not over:
        refuse(
            node,
            None,
            "does not say over what it goes",
            "Give it over: NAME, the input whose list has the items.",
        )
    for name in over:
        if name not in node.inputs:
            near = get_close_matches(name, list(node.inputs), n=1)
            there = f"Its inputs are: {', '.join(node.inputs) or 'none'}."
            refuse(
                node,
                "over",
                f"goes over '{name}', which is none of its inputs",
                f"Did you mean '{near[0]}'?" if near else there,
            )
        binding = node.inputs[name]
        if binding.is_literal and not isinstance(binding.literal, list):
            refuse(node, "inputs", f"goes over '{name}', which is no list", "Give it a list.")
    return over


def _inner(node: NodeSpec, each: str, over: tuple[str, ...]) -> NodeSpec:
    """What is done for one item: a literal list is not the item, so it stands in for none."""
    inputs = {
        name: Binding(node=node.name, text=f"${{{name}}}")
        if name in over and binding.is_literal
        else binding
        for name, binding in node.inputs.items()
    }
    options = {n: v for n, v in node.options.items() if n not in _OWN}
    return replace(node, type=each, inputs=inputs, options=options)


def _items(node: str, name: str, value: object) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return list(value)
    kind = "null" if value is None else type(value).__name__
    raise FlowInputError(
        f"The map '{node}' goes over '{name}', which must be a list and is {kind}.",
        hint="Let the node before it return a list.",
    )


def _record(index: int, error: Exception) -> dict[str, Any]:
    failure = Failure.of(error)
    return {"index": index, "type": failure.type, "message": failure.message}
