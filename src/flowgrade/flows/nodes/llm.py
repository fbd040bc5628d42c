"""The llm node: renders a template and asks a model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

from flowgrade.flows.definition import NodeSpec
from flowgrade.flows.files import source_file
from flowgrade.flows.model_inputs import (
    given_in,
    model_name,
    needed_model,
    parameters_of,
    variables_in,
)
from flowgrade.flows.step import Arguments, Step, Workshop, literals_of, references_of
from flowgrade.models import (
    ChatRequest,
    CompletionRequest,
    Model,
    ask_json,
    check_schema,
    schema_of,
)
from flowgrade.prompts import (
    TemplateSource,
    errors_placed,
    read_template,
    render_chat,
    render_text,
    variables_of,
)
from flowgrade.records import Json


class LlmNode:
    """Makes steps that ask a model."""

    def compile(self, node: NodeSpec, workshop: Workshop) -> Step:
        """Read the template and tell the template's variables from the call's parameters."""
        file = source_file(workshop.folder, node)
        source = read_template(file)
        with errors_placed(source, file):
            variables = frozenset(variables_of(source.text, name=str(file)))
        literals = literals_of(node)
        call = _Call(
            node=node,
            open_model=lambda name: workshop.models.open(name, connection=node.connection),
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


class _Call:
    def __init__(
        self,
        *,
        node: NodeSpec,
        open_model: Callable[[str], Model],
        source: TemplateSource,
        file: Path,
        escape: frozenset[str],
        parameters: frozenset[str],
    ) -> None:
        self._node = node
        self._open = open_model
        self._source = source
        self._file = file
        self._escape = escape
        self._parameters = parameters
        self._completes = node.api == "completion"

    def prepare(self, literals: Arguments) -> None:
        """Look at what the definition spells out, to find out what would fail every row."""
        wanted = schema_of(ChatRequest(messages=[], parameters=literals))
        if wanted is not None:
            check_schema(wanted)
        name = model_name(literals)
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
        return self._open(needed_model(arguments, self._node))

    def _chat(self, arguments: Arguments) -> ChatRequest:
        with errors_placed(self._source, self._file):
            messages = render_chat(
                self._source.text,
                variables_in(arguments, self._parameters),
                escape=self._escape,
                name=str(self._file),
            )
        return ChatRequest(messages=messages, parameters=given_in(arguments, self._parameters))

    def _completion(self, arguments: Arguments) -> CompletionRequest:
        with errors_placed(self._source, self._file):
            prompt = render_text(
                self._source.text,
                variables_in(arguments, self._parameters),
                escape=None,
                name=str(self._file),
            )
        return CompletionRequest(
            prompt=str(prompt), parameters=given_in(arguments, self._parameters)
        )
