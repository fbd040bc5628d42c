"""The llm node: renders a template and asks a model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from flowgrade.errors import FlowDefinitionError
from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.files import check_inputs, check_source, source_file
from flowgrade.flows.guests import converted
from flowgrade.flows.model_inputs import (
    MODEL_NAMES,
    given_in,
    model_name,
    needed_model,
    parameters_of,
    variables_in,
)
from flowgrade.flows.parameters import promptflow_parameters
from flowgrade.flows.step import Arguments, Step, Workshop, literals_of, references_of
from flowgrade.models import (
    ChatRequest,
    CompletionRequest,
    Connection,
    Model,
    Models,
    ask_json,
    check_schema,
    schema_of,
)
from flowgrade.prompts import (
    TemplateSource,
    check_opening,
    errors_placed,
    read_template,
    render_chat,
    render_text,
    variables_of,
    with_included,
)
from flowgrade.records import Json, JsonObject

# The keys that a message has in prompt flow even when the endpoint says nothing of them.
_MESSAGE = dict.fromkeys(
    ("content", "refusal", "role", "annotations", "audio", "function_call", "tool_calls")
)


class LlmNode:
    """Makes steps that ask a model."""

    def compile(self, node: NodeSpec, workshop: Workshop) -> Step:
        """Read the template and tell the template's variables from the call's parameters."""
        check_source(node, "code")
        check_inputs(node)
        _check_api(node)
        file = source_file(workshop.folder, node)
        source = read_template(file)
        with errors_placed(source, file):
            variables = frozenset(variables_of(source.text, name=str(file)))
        if node.api != "completion":
            check_opening(source)
        if "prompt" in node.inputs and "prompt" not in variables:
            # In prompt flow this input takes the template's place. Rendering it once more, as
            # prompt flow does, would let users' text be a template.
            source = with_included("{{prompt}}", file=file)
            variables = frozenset({"prompt"})
        literals = literals_of(node)
        call = _Call(
            node=node,
            models=workshop.models,
            source=source,
            file=file,
            escape=frozenset(n for n, b in node.inputs.items() if b.input is not None),
            parameters=parameters_of(node, variables),
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

_APIS = ("chat", "completion")


def _check_api(node: NodeSpec) -> None:
    if node.api not in (None, *_APIS):
        raise FlowDefinitionError(
            f"The node '{node.name}' has the unknown api '{node.api}'.",
            hint=f"There are: {', '.join(_APIS)}.",
            place=node.place_of("api"),
        )


class _Call:
    def __init__(
        self,
        *,
        node: NodeSpec,
        source: TemplateSource,
        file: Path,
        escape: frozenset[str],
        parameters: frozenset[str],
        models: Models,
    ) -> None:
        self._node = node
        self._source = source
        self._file = file
        self._escape = escape
        self._parameters = parameters
        self._models = models
        self._defaults: JsonObject | None = None
        self._completes = node.api == "completion"

    def prepare(self, literals: Arguments) -> None:
        """Look at what the definition spells out, to find out what would fail every row."""
        wanted = schema_of(ChatRequest(messages=[], parameters=literals))
        if wanted is not None:
            check_schema(wanted)
        name = model_name(literals)
        if name is not None:
            self._open(name)
        elif not any(input in self._node.inputs for input in MODEL_NAMES):
            needed_model({}, self._node)

    async def ask(self, arguments: Arguments) -> Json:
        model = self._model(arguments)
        if self._completes:
            completion = await model.complete(self._completion(arguments))
            return completion.text
        request = self._chat(arguments)
        if "tools" in arguments or "functions" in arguments:
            message = (await model.chat(request)).message
            return {**_MESSAGE, **message} if self._node.connection else message
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
        return self._open(needed_model(arguments, self._node))

    def _chat(self, arguments: Arguments) -> ChatRequest:
        with errors_placed(self._source, self._file):
            messages = render_chat(
                self._source.text,
                variables_in(arguments, self._parameters),
                escape=self._escape,
                name=str(self._file),
            )
        return ChatRequest(messages=messages, parameters=self._given(arguments))

    def _completion(self, arguments: Arguments) -> CompletionRequest:
        with errors_placed(self._source, self._file):
            prompt = render_text(
                self._source.text,
                variables_in(arguments, self._parameters),
                escape=None,
                name=str(self._file),
            )
        return CompletionRequest(prompt=str(prompt), parameters=self._given(arguments))

    def _given(self, arguments: Arguments) -> JsonObject:
        given = given_in(arguments, self._parameters)
        if self._node.connection:
            return promptflow_parameters({**self._as_promptflow(), **given})
        return given

    def _open(self, name: str) -> Model:
        return self._models.open(name, connection=self._connection())

    def _connection(self) -> Connection | None:
        given = self._node.connection
        return None if given is None else converted(Connection, given, self._models)

    def _as_promptflow(self) -> JsonObject:
        """What prompt flow sends when a node with a connection says nothing of it."""
        if self._defaults is None:
            self._defaults = {"temperature": 1.0, "top_p": 1.0}
            found = self._connection()
            if found is not None and found.kind == "azure_openai" and not self._completes:
                self._defaults["n"] = 1
        return self._defaults
