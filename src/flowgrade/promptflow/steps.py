"""What an exported flow calls: prompts, models, functions, as the nodes of a flow call them.

``flowgrade export python`` writes code that uses these, so that it stays short and does what the
flow did, message by message.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, get_type_hints

from flowgrade.flows import (
    NOT_MINE,
    Binding,
    NodeSpec,
    Step,
    converted,
    do,
    join,
    open_workshop,
    walk,
)
from flowgrade.flows import in_thread as run_in_thread
from flowgrade.models import Models
from flowgrade.promptflow.host import host


def render(
    template: str | Path,
    /,
    *,
    inputs: Mapping[str, Any] | None = None,
    from_caller: Collection[str] = (),
) -> Callable[..., str]:
    """A function that renders the file ``template`` with the values it is called with.

    ``inputs`` are values that are always the same. ``from_caller`` names those that come straight
    from the flow's caller: what looks like a chat role in them begins no message.
    """
    made = _Made("prompt", template, inputs, from_caller)

    def rendered(**values: Any) -> str:
        step = made.step(values)
        assert step.call is not None
        text: str = step.call({**step.literals, **values})
        return text

    return rendered


def ask(
    template: str | Path,
    /,
    *,
    inputs: Mapping[str, Any] | None = None,
    from_caller: Collection[str] = (),
    connection: str | None = None,
    api: str = "chat",
) -> Callable[..., Any]:
    """A coroutine function that renders ``template`` and gives a model's answer to it.

    ``inputs`` has the model and the parameters of the call, and values for the template that are
    always the same. ``api`` is ``chat`` or ``completion``. For ``from_caller`` see ``render``.
    """
    made = _Made("llm", template, inputs, from_caller, connection=connection, api=api)

    async def asked(**values: Any) -> Any:
        step = made.step(values)
        return await do(step, {**step.literals, **values})

    return asked


def bind(function: Callable[..., Any], /, **inputs: Any) -> Callable[..., Any]:
    """``function`` with ``inputs`` that are always the same.

    Names of connections become connections where the parameter's type is one, and names of an
    enumeration's values become these.
    """

    def bound(**values: Any) -> Any:
        return function(**_converted(function, inputs), **values)

    return bound


async def in_thread(function: Callable[..., Any], /, **inputs: Any) -> Any:
    """Call ``function`` in a thread, so that others go on; what it generates is joined."""
    return await run_in_thread(lambda: join(function(**inputs)))


async def nothing() -> None:
    """Stands where a step does not run."""


def if_ran(ran: bool, /, **inputs: Any) -> dict[str, Any]:
    """``inputs`` of a step that reads another which may not have run: then the defaults hold."""
    return inputs if ran else {}


def part(value: Any, *path: str | int) -> Any:
    """The part of ``value`` at ``path``: keys of mappings, attributes, positions in lists."""
    return walk(value, path, "".join(f"[{step!r}]" for step in path))


class _Made:
    """A node without a flow around it, made ready when it is first called."""

    def __init__(
        self,
        type_name: str,
        template: str | Path,
        inputs: Mapping[str, Any] | None,
        from_caller: Collection[str],
        **more: Any,
    ) -> None:
        self._type = type_name
        self._file = Path(template)
        self._inputs = dict(inputs or {})
        self._from_caller = frozenset(from_caller)
        self._more = more
        self._made: tuple[Models, frozenset[str], Step] | None = None

    def step(self, values: Mapping[str, Any]) -> Step:
        models, names = host().models, frozenset(values)
        made = self._made
        if made is None or made[0] is not models or made[1] != names:
            made = models, names, self._compile(models, names)
            self._made = made
        return made[2]

    def _compile(self, models: Models, names: frozenset[str]) -> Step:
        given = {name: self._reference(name) for name in sorted(names)}
        fixed = {name: Binding(literal=value) for name, value in self._inputs.items()}
        node = NodeSpec(
            name=self._file.stem,
            type=self._type,
            path=self._file.name,
            inputs={**fixed, **given},
            **self._more,
        )
        return open_workshop(self._file.parent, models).compile(node)

    def _reference(self, name: str) -> Binding:
        if name in self._from_caller:
            return Binding(input=name, text=f"${{inputs.{name}}}")
        return Binding(node=name, text=f"${{{name}.output}}")


def _converted(function: Callable[..., Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    try:
        hints = get_type_hints(function)
    except (NameError, TypeError, AttributeError):
        hints = inspect.get_annotations(inspect.unwrap(function))
    models = host().models
    return {name: _value(hints.get(name), value, models) for name, value in inputs.items()}


def _value(annotation: Any, value: Any, models: Models) -> Any:
    made = converted(annotation, value, models)
    if made is not NOT_MINE:
        return made
    if inspect.isclass(annotation) and issubclass(annotation, enum.Enum):
        return annotation(value)
    return value
