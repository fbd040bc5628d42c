"""The agent node: renders a template and lets a model call tools until it has an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from flowgrade.errors import FlowDefinitionError, InputError
from flowgrade.flows.agents.agent import Agent
from flowgrade.flows.agents.answer import AnswerForm
from flowgrade.flows.agents.conversation import Tell
from flowgrade.flows.agents.limits import AgentLimits
from flowgrade.flows.agents.result import AgentText
from flowgrade.flows.agents.tool import TOOL_SOURCES, ToolSet, ToolSource
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
from flowgrade.flows.streams import Emit
from flowgrade.models import Models
from flowgrade.plugins import load_plugin, plugins
from flowgrade.prompts import render_chat, variables_of
from flowgrade.records import JsonObject, Record

FIELDS = ("tools", "limits", "on_limit", "output_schema", "approve")
"""Fields of the node that other types of nodes do not have."""


class AgentNode:
    """Makes steps that ask a model which may call tools."""

    def compile(self, node: NodeSpec, workshop: Workshop) -> Step:
        """Read the template, open the sources of tools and check the limits."""
        file = source_file(workshop.folder, node)
        template = file.read_text(encoding="utf-8")
        variables = frozenset(variables_of(template, name=str(file)))
        _check_fields(node)
        settings = _Settings.read(node, workshop)
        call = _Call(
            node=node,
            settings=settings,
            models=workshop.models,
            template=template,
            name=str(file),
            parameters=parameters_of(node, variables | _bound(node)),
        )
        literals = literals_of(node)
        return Step(
            node=node,
            acall=call.answer,
            relay=call.stream,
            part="answer",
            prepare=lambda: call.prepare(literals),
            literals=literals,
            references=references_of(node),
        )


NODE_TYPE = AgentNode()


class _Settings(Record):
    tools: Sequence[ToolSet]
    limits: AgentLimits
    on_limit: Any
    form: AnswerForm
    approve: Sequence[str]

    @classmethod
    def read(cls, node: NodeSpec, workshop: Workshop) -> _Settings:
        given = node.options
        schema = _of(node, "output_schema", Mapping, "a JSON schema")
        approve = _of(node, "approve", list, "a list of names of tools") or []
        on_limit = given.get("on_limit", "fail")
        if on_limit not in ("fail", "return"):
            raise _wrong(node, "on_limit", "'fail' or 'return'")
        try:
            limits = AgentLimits.read(dict(_of(node, "limits", Mapping, "a mapping") or {}))
            form = AnswerForm(dict(schema) if schema else None)
            form.check()
        except (InputError, FlowDefinitionError) as error:
            raise FlowDefinitionError(
                f"Node '{node.name}': {error.message}", hint=error.hint, place=node.place
            ) from error
        return cls(
            tools=[
                _open(item, node, workshop)
                for item in _of(node, "tools", list, "a list of sources of tools") or ()
            ],
            limits=limits,
            on_limit="raise" if on_limit == "fail" else "return",
            form=form,
            approve=[str(name) for name in approve],
        )


class _Call:
    def __init__(
        self,
        *,
        node: NodeSpec,
        settings: _Settings,
        models: Models,
        template: str,
        name: str,
        parameters: frozenset[str],
    ) -> None:
        self._node = node
        self._settings = settings
        self._models = models
        self._template = template
        self._name = name
        self._escape = frozenset(n for n, b in node.inputs.items() if b.input is not None)
        self._parameters = parameters

    def prepare(self, literals: Arguments) -> None:
        """Open the model and the sources as far as that needs no call."""
        if model_name(literals) is not None:
            self._agent(literals).check()

    async def answer(self, arguments: Arguments) -> JsonObject:
        return await self._answer(arguments, None)

    async def stream(self, arguments: Arguments, emit: Emit) -> JsonObject:
        return await self._answer(arguments, _told_as_text(emit))

    async def _answer(self, arguments: Arguments, tell: Tell | None) -> JsonObject:
        variables = variables_in(arguments, self._parameters)
        messages = render_chat(self._template, variables, escape=self._escape, name=self._name)
        result = await self._agent(arguments).arun(messages, tell=tell)
        return result.as_json()

    def _agent(self, arguments: Arguments) -> Agent:
        settings, node = self._settings, self._node
        model = self._models.open(needed_model(arguments, node), connection=node.connection)
        return Agent(
            name=node.name,
            model=model,
            models=self._models,
            tools=settings.tools,
            output=settings.form,
            parameters=given_in(arguments, self._parameters),
            limits=settings.limits,
            on_limit=settings.on_limit,
            approve=settings.approve,
            inputs=arguments,
        )


def _bound(node: NodeSpec) -> frozenset[str]:
    """The inputs of the node that parameters of tools are bound to."""
    found: set[str] = set()
    for item in node.options.get("tools") or ():
        for definition in item.values():
            bind = definition.get("bind") if isinstance(definition, Mapping) else None
            found.update(map(str, bind.values()) if isinstance(bind, Mapping) else ())
    for name in sorted(found - node.inputs.keys()):
        raise FlowDefinitionError(
            f"A tool of the agent '{node.name}' is bound to its input '{name}', which it has not.",
            hint=f"Add {name} to the node's inputs.",
            place=node.place,
        )
    return frozenset(found)


def _told_as_text(emit: Emit) -> Callable[[Any], None]:
    last = 0

    def tell(event: object) -> None:
        nonlocal last
        if isinstance(event, AgentText):
            if last not in (0, event.step):
                emit("\n\n")  # what the model said before it called tools is no part of this
            last = event.step
            emit(event.text)

    return tell


def _check_fields(node: NodeSpec) -> None:
    for name in node.options:
        near = get_close_matches(name, FIELDS, n=1, cutoff=0.75)
        if name not in FIELDS and near:
            raise FlowDefinitionError(
                f"The agent '{node.name}' has no field '{name}'.",
                hint=f"Did you mean '{near[0]}'? Fields: {', '.join(FIELDS)}.",
                place=node.place,
            )


def _open(item: Any, node: NodeSpec, workshop: Workshop) -> ToolSet:
    known = [plugin.name for plugin in plugins(TOOL_SOURCES)]
    if not isinstance(item, Mapping) or len(item) != 1 or next(iter(item)) not in known:
        found = ", ".join(map(str, item)) if isinstance(item, Mapping) else repr(item)
        raise FlowDefinitionError(
            f"The node '{node.name}' has tools from an unknown source: {found}.",
            hint=f"Each entry has one key, its source: {', '.join(known)}.",
            place=node.place,
        )
    [(kind, definition)] = item.items()
    source = load_plugin(TOOL_SOURCES, kind, ToolSource)  # type: ignore[type-abstract]
    try:
        return source.open(definition, workshop, node.place)
    except FlowDefinitionError as error:
        error.place = error.place or node.place
        raise


def _of(node: NodeSpec, name: str, kind: Any, what: str) -> Any:
    found = node.options.get(name)
    if found is None or isinstance(found, kind):
        return found
    raise _wrong(node, name, what)


def _wrong(node: NodeSpec, name: str, what: str) -> FlowDefinitionError:
    return FlowDefinitionError(
        f"The field '{name}' of the agent '{node.name}' must be {what}.", place=node.place
    )
