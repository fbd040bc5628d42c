"""``Prompty`` and ``AsyncPrompty``: a Prompty file as something to call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from flowgrade.flows import Chunk, Flow, flow_code, load_flow
from flowgrade.promptflow.configurations import ModelConfiguration
from flowgrade.promptflow.host import blocking, host
from flowgrade.promptflow.streaming import pieces
from flowgrade.prompts import load_prompty, render_chat, render_text

_CHARACTERS_PER_TOKEN = 4


class Prompty:
    """A prompt with its model: call it with the prompt's inputs."""

    def __init__(self, path: str | Path, model: Mapping[str, Any] | None = None) -> None:
        self.path = Path(path)
        self._init = {"model": _plain(model)} if model else {}
        self._prompty = load_prompty(self.path, environment=host().models.settings.environment)
        self._parameters = {
            **self._prompty.parameters,
            **((self._init.get("model") or {}).get("parameters") or {}),
        }
        self._loaded: Flow | None = None

    @classmethod
    def load(cls, source: str | Path, **overrides: Any) -> Prompty:
        """Read the file ``source``; ``model`` replaces parts of its configuration."""
        return cls(source, model=overrides.get("model"))

    def __call__(self, *args: Any, **inputs: Any) -> Any:
        """Ask the model: text, JSON, the message of a tool call, or a generator when it streams."""
        flow, given = self._flow(), self._inputs(inputs)
        if self._streams(flow):
            return pieces(flow, given)
        return self._result(flow, blocking(flow.acall(**given)))

    def render(self, *args: Any, **inputs: Any) -> str:
        """The messages that a call would send, as text."""
        return str(self._messages(self._inputs(inputs)))

    def estimate_token_count(self, *args: Any, **inputs: Any) -> int:
        """About how many tokens the prompt takes: a token for each four characters."""
        return len(self.render(**inputs)) // _CHARACTERS_PER_TOKEN

    def _messages(self, inputs: Mapping[str, Any]) -> Any:
        prompty = self._prompty
        if prompty.api == "completion":
            return render_text(prompty.template, inputs, name=str(self.path))
        return render_chat(prompty.template, inputs, dialect="prompty", name=str(self.path))

    def _flow(self) -> Flow:
        if self._loaded is None:
            with flow_code():
                self._loaded = load_flow(self.path, models=host().models, init=self._init)
        return self._loaded

    def _inputs(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        given = dict(inputs) or dict(self._prompty.sample)
        given.pop("timeout", None)
        return given

    def _streams(self, flow: Flow) -> bool:
        return bool(self._parameters.get("stream")) and flow.body.streamed is not None

    def _result(self, flow: Flow, outputs: Mapping[str, Any]) -> Any:
        if self._prompty.response == "all":
            return Attributes.of(outputs)
        wanted = self._parameters.get("response_format")
        kind = wanted.get("type") if isinstance(wanted, Mapping) else None
        if kind in {"json_object", "json_schema"} and not isinstance(outputs.get("output"), list):
            return dict(outputs)
        return outputs["output"] if set(outputs) == {"output"} else dict(outputs)


class AsyncPrompty(Prompty):
    """A prompt whose call is awaited."""

    async def __call__(self, *args: Any, **inputs: Any) -> Any:
        """Ask the model; a streamed answer is an async generator."""
        flow, given = self._flow(), self._inputs(inputs)
        if self._streams(flow):
            return _atexts(flow, given)
        return self._result(flow, await flow.acall(**given))


class Attributes(dict[str, Any]):
    """JSON whose keys are attributes too, as in an SDK's response object."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    @classmethod
    def of(cls, value: Any) -> Any:
        """``value`` with every mapping in it as one of these."""
        if isinstance(value, Mapping):
            return cls({key: cls.of(item) for key, item in value.items()})
        if isinstance(value, list):
            return [cls.of(item) for item in value]
        return value


async def _atexts(flow: Flow, inputs: Mapping[str, Any]) -> AsyncIterator[str]:
    async for part in flow.astream(**inputs):
        if isinstance(part, Chunk):
            yield part.text


def _plain(model: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(model)
    configuration = found.get("configuration")
    if isinstance(configuration, ModelConfiguration):
        found["configuration"] = configuration.as_configuration()  # type: ignore[attr-defined]
    return found
