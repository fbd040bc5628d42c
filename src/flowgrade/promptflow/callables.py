"""``Flow``, ``AsyncFlow`` and ``load_flow``: a flow as something to call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowgrade.flows import Flow as OwnFlow
from flowgrade.promptflow.host import blocking, host
from flowgrade.promptflow.streaming import pieces


@dataclass
class FlowContext:
    """How a flow is called: another variant, other connections, other values, streaming."""

    connections: dict[str, dict[str, Any]] | None = None
    variant: str | None = None
    overrides: dict[str, Any] | None = None
    streaming: bool = False
    environment_variables: dict[str, str] = field(default_factory=dict)


@dataclass
class LineResult:
    """One call of a flow."""

    output: Any
    inputs: dict[str, Any] = field(default_factory=dict)


class Flow:
    """A flow to call with its inputs; ``context`` changes how it is called."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.context = FlowContext()
        self._made: tuple[Any, OwnFlow] | None = None

    @classmethod
    def load(cls, source: str | Path, **options: Any) -> Flow:
        """Load the flow at ``source``, a folder or a file."""
        made = cls(Path(source))
        made._flow()  # what is wrong shows here
        return made

    @property
    def name(self) -> str:
        """The flow's name."""
        return self._flow().name

    def __call__(self, *args: Any, **inputs: Any) -> Any:
        """Run the flow: its outputs, or the value of a flow that has just one unnamed output."""
        return self.invoke(inputs).output

    def invoke(self, inputs: Mapping[str, Any], **options: Any) -> LineResult:
        """Run the flow; the outputs with the inputs they came from."""
        flow, given = self._flow(), dict(inputs)
        if self.context.streaming and flow.body.streamed:
            return LineResult({flow.body.streamed: pieces(flow, given)}, given)
        outputs = blocking(flow.acall(**given))
        return LineResult(unwrapped(flow, outputs), given)

    def _flow(self) -> OwnFlow:
        key = repr(self.context)
        if self._made is None or self._made[0] != key:
            overrides = {
                **(self.context.overrides or {}),
                **connection_overrides(self.context.connections),
            }
            made = host().load_flow(self.path, variant=self.context.variant, overrides=overrides)
            self._made = key, made
        return self._made[1]


class AsyncFlow(Flow):
    """A flow whose call is awaited."""

    async def __call__(self, *args: Any, **inputs: Any) -> Any:
        """Run the flow; see ``Flow``."""
        flow = self._flow()
        return unwrapped(flow, await flow.acall(**inputs))


def load_flow(source: str | Path, **options: Any) -> Flow:
    """Load the flow at ``source``, a folder or a file."""
    return Flow.load(source, **options)


def connection_overrides(
    connections: Mapping[str, Mapping[str, Any]] | None,
) -> dict[str, Any]:
    """``{node: {connection: …, deployment_name: …}}`` as overrides of a flow."""
    return {
        f"nodes.{node}.{'connection' if name == 'connection' else f'inputs.{name}'}": value
        for node, values in (connections or {}).items()
        for name, value in values.items()
    }


def unwrapped(flow: OwnFlow, outputs: Mapping[str, Any]) -> Any:
    """The outputs; of code that returns one unnamed value that value."""
    single = flow.kind in {"flex", "prompty", "function"} and set(outputs) == {"output"}
    return outputs["output"] if single else dict(outputs)
