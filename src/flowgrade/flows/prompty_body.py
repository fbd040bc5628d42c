"""Run a Prompty file as a flow."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from flowgrade.errors import FlowDefinitionError, FlowInputError, FlowOutputError, Place
from flowgrade.flows.body import Aggregate, RowResult, Values, Yield
from flowgrade.flows.definition import ABSENT, InputSpec
from flowgrade.flows.streams import Emit, collect
from flowgrade.flows.types import type_of
from flowgrade.models import (
    ChatRequest,
    CompletionRequest,
    Connection,
    Model,
    Models,
    ask_json,
    schema_of,
)
from flowgrade.prompts import Prompty, check_opening, messages_of, text_of
from flowgrade.records import Json, JsonObject, loads

_KINDS = {"openai": "openai", "azure_openai": "azure_openai"}


class PromptyBody:
    """One prompt, one model call."""

    outputs: tuple[str, ...] = ()
    takes_more = True
    threaded = False
    aggregates = False
    model_nodes: tuple[str, ...] | None = ("prompt",)
    chat_output: str | None = None

    def __init__(self, prompty: Prompty, models: Models) -> None:
        self._prompty = prompty
        self._models = models
        self._opened: Model | None = None
        self.inputs = tuple(_input(name, spec) for name, spec in prompty.inputs.items())
        self._parameters = {k: v for k, v in prompty.parameters.items() if k != "stream"}
        self._json = _wants_json(prompty.parameters)
        self._streams = bool(prompty.parameters.get("stream"))
        self._check()
        self.streamed = None if self._json or prompty.response == "all" else "output"

    def _check(self) -> None:
        prompty = self._prompty
        if prompty.api == "chat":
            check_opening(prompty.source)
        elif prompty.api != "completion":
            raise FlowDefinitionError(
                f"A flow cannot be a prompt whose api is '{prompty.api}'.",
                hint="There are: chat, completion.",
                place=Place(str(prompty.path), prompty.line_of("model")),
            )

    def prepare(self) -> None:
        """Open the model, to find out what would fail every row."""
        self._model()

    def call(self, inputs: Values) -> Yield:
        """Not used: a model call awaits."""
        raise AssertionError("a prompty is never threaded")

    async def acall(self, inputs: Values, emit: Emit | None = None) -> Yield:
        """Render, ask, and shape the answer as the file says."""
        model = self._model()
        if emit is not None and self.streamed:
            return Yield({"output": await collect(self._pieces(model, inputs), emit)}, {})
        if self._streams and self.streamed:
            return Yield({"output": await collect(self._pieces(model, inputs), None)}, {})
        if self._prompty.api == "completion":
            completion = await model.complete(self._completion(inputs))
            found: Json = completion.raw if self._prompty.response == "all" else completion.text
        else:
            found = await self._ask(model, self._chat(inputs))
        return Yield(found if isinstance(found, dict) else {"output": found}, {})

    async def _ask(self, model: Model, request: ChatRequest) -> Json:
        if schema_of(request) is not None and not self._parameters.get("tools"):
            answer = await ask_json(model, request)
            return self._shape(answer.text, answer.response.message, answer.response.raw)
        response = await model.chat(request)
        return self._shape(response.text, response.message, response.raw)

    async def acall_node(self, name: str, given: Values) -> Yield:
        """Raises FlowInputError: it has no nodes."""
        raise FlowInputError(
            "This flow has no nodes.", hint="Only a flow.dag.yaml has; call the flow itself."
        )

    async def aggregate(self, rows: Iterable[RowResult]) -> Aggregate:
        """A prompty has no aggregation."""
        return Aggregate()

    async def _pieces(self, model: Model, inputs: Values) -> AsyncIterator[str]:
        if self._prompty.api == "completion":
            async for piece in model.complete_stream(self._completion(inputs)):
                yield piece.text
            return
        async for chunk in model.chat_stream(self._chat(inputs)):
            if chunk.text:
                yield chunk.text

    def _chat(self, inputs: Values) -> ChatRequest:
        return ChatRequest(messages=messages_of(self._prompty, inputs), parameters=self._parameters)

    def _completion(self, inputs: Values) -> CompletionRequest:
        return CompletionRequest(prompt=text_of(self._prompty, inputs), parameters=self._parameters)

    def _shape(self, text: str | None, message: JsonObject, raw: JsonObject) -> Json:
        if self._prompty.response == "all":
            return raw
        if message.get("tool_calls") or message.get("function_call"):
            return message
        if not self._json or text is None:
            return text
        return self._picked(text)

    def _picked(self, text: str) -> Json:
        try:
            found = loads(text)
        except ValueError as error:
            raise FlowOutputError(
                f"The model's answer is not JSON though response_format asks for it: {text[:200]}",
                hint="Say in the prompt that the answer must be JSON.",
            ) from error
        if not self._prompty.outputs or not isinstance(found, Mapping):
            return found
        return {name: self._part(found, name) for name in self._prompty.outputs}

    def _part(self, found: Mapping[str, Any], name: str) -> Any:
        if name not in found:
            raise FlowOutputError(
                f"The model's JSON has no '{name}' (it has: {', '.join(found) or 'nothing'}).",
                hint="Name in the prompt the keys that the outputs declare.",
            )
        return found[name]

    def _model(self) -> Model:
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _open(self) -> Model:
        configuration = self._prompty.configuration
        name = configuration.get("azure_deployment") or configuration.get("model")
        if not name:
            raise FlowDefinitionError(
                "The prompty names no model.",
                hint="Give model.configuration a model or an azure_deployment.",
                place=Place(str(self._prompty.path)),
            )
        return self._models.open(
            self._models.resolve(str(name)), connection=self._connection(configuration)
        )

    def _connection(self, configuration: JsonObject) -> Connection | str | None:
        named = configuration.get("connection")
        if named:
            return self._models.resolve(str(named))
        kind = _KINDS.get(str(configuration.get("type") or ""))
        if kind is None:
            return None
        return self._models.inline_connection(kind, configuration)


def _input(name: str, raw: Any) -> InputSpec:
    spec = raw if isinstance(raw, Mapping) else {"default": raw}
    default = spec.get("default")
    kind = spec.get("type") or (type_of(default) if default is not None else "object")
    return InputSpec(
        name=name,
        type=str(kind),
        default=ABSENT if default is None else default,
        description=str(spec.get("description") or ""),
        is_chat_input=bool(spec.get("is_chat_input", False)),
        is_chat_history=bool(spec.get("is_chat_history", name == "chat_history")),
    )


def _wants_json(parameters: Mapping[str, Any]) -> bool:
    wanted = parameters.get("response_format")
    return isinstance(wanted, Mapping) and wanted.get("type") in ("json_object", "json_schema")
