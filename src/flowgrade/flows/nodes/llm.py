"""The llm node: renders a template and asks a model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from flowgrade.errors import FlowDefinitionError
from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.files import source_file
from flowgrade.flows.step import Arguments, Step, Workshop, literals_of, references_of
from flowgrade.models import (
    ChatRequest,
    CompletionRequest,
    Model,
    ask_json,
    check_schema,
    schema_of,
)
from flowgrade.prompts import render_chat, render_text, variables_of
from flowgrade.records import Json, JsonObject

MODEL_NAMES = ("deployment_name", "model")
"""Inputs that name the model, the first that is given counts."""

PARAMETERS = frozenset(
    [
        *("temperature", "top_p", "n", "stop", "max_tokens", "max_completion_tokens"),
        *("presence_penalty", "frequency_penalty", "logit_bias", "user", "seed"),
        *("response_format", "tools", "tool_choice", "functions", "function_call"),
        *("parallel_tool_calls", "logprobs", "top_logprobs", "suffix", "echo", "best_of"),
        *("reasoning_effort", "verbosity", "modalities", "metadata", "store"),
        *("service_tier", "prediction", "extra_body"),
    ]
)
"""Inputs that are parameters of the call even when they are references."""


class LlmNode:
    """Makes steps that ask a model."""

    def compile(self, node: NodeSpec, workshop: Workshop) -> Step:
        """Read the template and tell the template's variables from the call's parameters."""
        file = source_file(workshop.folder, node)
        template = file.read_text(encoding="utf-8")
        variables = frozenset(variables_of(template, name=str(file)))
        literals = literals_of(node)
        call = _Call(
            node=node,
            open_model=lambda name: workshop.models.open(name, connection=node.connection),
            template=template,
            name=str(file),
            escape=frozenset(n for n, b in node.inputs.items() if b.input is not None),
            parameters=_parameters(node, variables),
        )
        return Step(
            node=node,
            acall=call.ask,
            stream=call.stream,
            prepare=lambda: call.prepare(literals),
            literals=literals,
            references=references_of(node),
        )


NODE_TYPE = LlmNode()


class _Call:
    def __init__(
        self,
        *,
        node: NodeSpec,
        open_model: Callable[[str], Model],
        template: str,
        name: str,
        escape: frozenset[str],
        parameters: frozenset[str],
    ) -> None:
        self._node = node
        self._open = open_model
        self._template = template
        self._name = name
        self._escape = escape
        self._parameters = parameters
        self._completes = node.api == "completion"

    def prepare(self, literals: Arguments) -> None:
        """Look at what the definition spells out, to find out what would fail every row."""
        wanted = schema_of(ChatRequest(messages=[], parameters=literals))
        if wanted is not None:
            check_schema(wanted)
        name = _model_name(literals)
        if name is not None:
            self._open(name)

    async def ask(self, arguments: Arguments) -> Json:
        model = self._model(arguments)
        if self._completes:
            completion = await model.complete(self._completion(arguments))
            return completion.text
        request = self._chat(arguments)
        if "tools" in arguments or "functions" in arguments:
            return (await model.chat(request)).message
        if schema_of(request) is not None:
            return (await ask_json(model, request)).text
        return (await model.chat(request)).text

    async def stream(self, arguments: Arguments) -> AsyncIterator[str]:
        model = self._model(arguments)
        if self._completes:
            async for piece in model.complete_stream(self._completion(arguments)):
                yield piece.text
            return
        request = self._chat(arguments)
        if schema_of(request) is not None:
            # It is not known to be valid before it is whole.
            yield (await ask_json(model, request)).text
            return
        async for chunk in model.chat_stream(request):
            if chunk.text:
                yield chunk.text

    def _model(self, arguments: Arguments) -> Model:
        name = _model_name(arguments)
        if name is None:
            raise FlowDefinitionError(
                f"The node '{self._node.name}' names no model.",
                hint="Give it an input 'model', such as openai/gpt-4o-mini or embedded/reader.",
                place=self._node.place,
            )
        return self._open(name)

    def _chat(self, arguments: Arguments) -> ChatRequest:
        messages = render_chat(
            self._template, self._variables(arguments), escape=self._escape, name=self._name
        )
        return ChatRequest(messages=messages, parameters=self._given(arguments))

    def _completion(self, arguments: Arguments) -> CompletionRequest:
        prompt = render_text(
            self._template, self._variables(arguments), escape=None, name=self._name
        )
        return CompletionRequest(prompt=str(prompt), parameters=self._given(arguments))

    def _variables(self, arguments: Arguments) -> JsonObject:
        return {n: v for n, v in arguments.items() if n not in self._parameters}

    def _given(self, arguments: Arguments) -> JsonObject:
        given = {n: v for n, v in arguments.items() if n in self._parameters and v is not None}
        extra = given.pop("extra_body", None)
        return {**given, **extra} if isinstance(extra, dict) else given


def _parameters(node: NodeSpec, variables: frozenset[str]) -> frozenset[str]:
    """Known parameters, and literals that the template does not use: new parameters of a model."""
    names = set()
    for name, binding in node.inputs.items():
        if name in MODEL_NAMES:
            continue
        if name in PARAMETERS or (binding.is_literal and name not in variables):
            names.add(name)
    return frozenset(names)


def _model_name(arguments: dict[str, Any]) -> str | None:
    return next((str(arguments[n]) for n in MODEL_NAMES if arguments.get(n)), None)
