"""Run a flow that is one Python function or class."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, get_type_hints

from flowgrade.errors import FlowDefinitionError, FlowgradeError, FlowInputError, NodeError
from flowgrade.flows.body import Aggregate, RowResult, Values, Yield
from flowgrade.flows.definition import ABSENT, InputSpec
from flowgrade.flows.metrics import collect_metrics
from flowgrade.flows.streams import Emit, Pieces, ajoin, is_stream, join
from flowgrade.flows.threads import in_thread
from flowgrade.flows.tools import type_name
from flowgrade.records import Failure, is_record, replace, shallow


class FunctionBody:
    """A function, or an instance of a class with ``__call__``."""

    outputs: tuple[str, ...] = ()
    takes_more = False
    streamed: str | None = "output"
    model_nodes: tuple[str, ...] | None = None
    chat_output: str | None = None

    def __init__(
        self, entry: Callable[..., Any], *, name: str, declared: Sequence[InputSpec] = ()
    ) -> None:
        self._entry = entry
        self._name = name
        function = entry if inspect.isroutine(entry) else type(entry).__call__
        self._is_async = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(
            function
        )
        signature = signature_of(function, bound=not inspect.isroutine(entry))
        self.takes_more = _takes_more(function)
        self.inputs = _merge(signature, declared, name, self.takes_more)
        self.threaded = not self._is_async
        self._aggregate: Callable[..., Any] | None = getattr(entry, "__aggregate__", None)
        self.aggregates = self._aggregate is not None

    def prepare(self) -> None:
        """Nothing is known before the code runs."""

    def call(self, inputs: Values) -> Yield:
        """Call the function in this thread."""
        try:
            return Yield(as_outputs(join(self._entry(**inputs))), {})
        except FlowgradeError:
            raise
        except Exception as error:
            raise NodeError(self._name, error) from error

    async def acall(self, inputs: Values, emit: Emit | None = None) -> Yield:
        """Call the function; a sync one in a thread."""
        pieces = Pieces(emit) if emit is not None else None
        try:
            if not self._is_async:
                found = await in_thread(lambda: join(self._entry(**inputs), pieces))
            else:
                found = self._entry(**inputs)
                found = await found if inspect.isawaitable(found) else found
                found = await ajoin(found, pieces)
            outputs = as_outputs(found)
            if pieces is not None:
                pieces.rest(outputs.get("output"))
            return Yield(outputs, {})
        except FlowgradeError:
            raise
        except Exception as error:
            raise NodeError(self._name, error) from error

    async def acall_node(self, name: str, given: Values) -> Yield:
        """Raises FlowInputError: it has no nodes."""
        raise FlowInputError(
            "This flow has no nodes.", hint="Only a flow.dag.yaml has; call the flow itself."
        )

    async def aggregate(self, rows: Iterable[RowResult]) -> Aggregate:
        """Call ``__aggregate__`` with the outputs of all completed rows."""
        if self._aggregate is None:
            return Aggregate()
        function = self._aggregate
        results = [AttributeDict(row.outputs) for row in rows]
        with collect_metrics() as metrics:
            try:
                found = await in_thread(lambda: function(results))
                found = await found if inspect.isawaitable(found) else found
            except Exception as error:  # noqa: BLE001  users' code may fail in any way
                failure = Failure.of(NodeError("__aggregate__", error))
                return Aggregate(metrics=metrics, failures=(failure,))
        own = dict(found) if isinstance(found, Mapping) else {}
        return Aggregate(metrics={**metrics, **own})


class AttributeDict(dict[str, Any]):
    """A row's outputs, readable as ``row["answer"]`` and ``row.answer``."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(name) from error


def as_outputs(value: object) -> Values:
    """What a function returned as named outputs; a single value is called ``output``."""
    if isinstance(value, Mapping):
        return {str(name): _joined(part) for name, part in value.items()}
    if is_record(value):
        return shallow(value)
    return {"output": value}


def signature_of(function: Callable[..., Any], *, bound: bool) -> tuple[InputSpec, ...]:
    """The inputs that a function's parameters declare; ``bound`` leaves the first one out."""
    try:
        hints = get_type_hints(function)
    except (NameError, TypeError, AttributeError):
        hints = {}
    parameters = list(inspect.signature(function).parameters.values())[int(bound) :]
    return tuple(
        InputSpec(
            name=p.name,
            type=type_name(hints.get(p.name, p.annotation)),
            default=ABSENT if p.default is p.empty else p.default,
            is_chat_history=p.name == "chat_history",
        )
        for p in parameters
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    )


def _joined(value: object) -> object:
    return join(value) if is_stream(value) and not inspect.isasyncgen(value) else value


def _takes_more(function: Callable[..., Any]) -> bool:
    return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values())


def _merge(
    signature: Sequence[InputSpec], declared: Sequence[InputSpec], name: str, takes_more: bool
) -> tuple[InputSpec, ...]:
    """The code's parameters, with type and default as the definition declares them."""
    own = {spec.name: spec for spec in signature}
    said = {spec.name: spec for spec in declared}
    if unknown := [n for n in said if n not in own]:
        if not takes_more:
            raise FlowDefinitionError(
                f"The definition declares the input '{unknown[0]}', which '{name}' does not take.",
                hint=f"It takes: {', '.join(own) or 'nothing'}.",
            )
        own.update({n: said[n] for n in unknown})
    return tuple(_merged(spec, said.get(n)) for n, spec in own.items())


def _merged(own: InputSpec, said: InputSpec | None) -> InputSpec:
    if said is None or said is own:
        return own
    # An empty string as default in the file means that there is none.
    default = own.default if said.default in (ABSENT, "") else said.default
    return replace(said, default=default)
