"""Agent: a model that calls tools until it has an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, TypeAlias

from flowgrade.errors import AgentLimitError, FlowDefinitionError
from flowgrade.flows.agents.answer import AnswerForm
from flowgrade.flows.agents.approval import Confirm
from flowgrade.flows.agents.calls import Caller
from flowgrade.flows.agents.conversation import Conversation, Tell
from flowgrade.flows.agents.flow_tool import flow_tool
from flowgrade.flows.agents.function_tool import function_tool
from flowgrade.flows.agents.limits import AgentLimits
from flowgrade.flows.agents.result import AgentEvent, AgentResult
from flowgrade.flows.agents.tool import AgentTool, ToolContext, ToolSet
from flowgrade.flows.flow import Flow
from flowgrade.flows.loop import run_blocking
from flowgrade.models import Model, Models
from flowgrade.records import Json, JsonObject, Record, SpanKind, field
from flowgrade.tracing import ActiveSpan, Sink, current_span, span_of_part, start_trace

ToolLike: TypeAlias = Callable[..., Any] | Flow | AgentTool | ToolSet
Question: TypeAlias = str | Sequence[Mapping[str, Any]]
"""A text, or messages in the shape of OpenAI's chat protocol."""


def _keep_nothing(spans: object) -> None:
    pass


class Agent(Record, dict=True, hide=("models", "inputs", "sink")):
    """A model with tools. ``flowgrade.agent(…)`` makes one from the name of a model.

    ``run`` and ``arun`` give an ``AgentResult``; ``astream`` gives what happens as it happens.
    They raise ModelError when a call of the model fails, AgentLimitError when a limit is reached
    and FlowOutputError when the answer does not fit ``output``. What goes wrong in a tool is told
    to the model instead.
    """

    model: str | Model
    """A model, or its name for ``models``."""
    models: Models
    tools: Sequence[ToolLike] = ()
    """Typed functions, flows, and sets of tools such as ``McpTools``."""
    instructions: str | None = None
    """The system message."""
    name: str = "agent"
    output: Any = None
    """What the answer must be: a dataclass, a TypedDict, a JSON schema; a text if None."""
    parameters: Mapping[str, Json] = field(default_factory=dict)
    """Parameters of the model's calls, such as ``temperature`` or ``tool_choice``."""
    limits: AgentLimits = AgentLimits()
    on_limit: Literal["raise", "return"] = "raise"
    """``return``: at a limit the result has no answer and says in ``stop_reason`` why."""
    confirm: Confirm | None = None
    """Is asked before each call of a tool that is marked ``confirm``; without it they are
    refused."""
    approve: Sequence[str] = ()
    """Names of tools marked ``confirm`` that need nobody's agreement here."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """What sets of tools may read: the inputs of the agent's node."""
    sink: Sink = field(default=_keep_nothing)
    """Takes the spans of calls made outside a flow."""

    def run(self, question: Question, *, confirm: Confirm | None = None) -> AgentResult:
        """Answer ``question``; for sync code."""
        return run_blocking(self.arun(question, confirm=confirm))

    async def arun(
        self, question: Question, *, confirm: Confirm | None = None, tell: Tell | None = None
    ) -> AgentResult:
        """Answer ``question``; with ``tell`` the model's text is streamed to it."""
        messages = self._messages(question)
        with self._span() as active:
            active.inputs(messages)
            active.attributes.update(self._attributes())
            try:
                result = await self._converse(messages, confirm or self.confirm, tell, active)
            except AgentLimitError as error:
                if self.on_limit == "raise":
                    raise
                result = error.result
            active.usage, active.cost = result.usage, result.cost
            active.outputs(result.output)
            active.attributes["flowgrade.agent.steps"] = result.steps
            active.attributes["flowgrade.agent.stop_reason"] = result.stop_reason
            return result

    async def astream(
        self, question: Question, *, confirm: Confirm | None = None
    ) -> AsyncIterator[AgentEvent]:
        """Answer ``question``; gives each piece of text and each call, then the result."""
        queue: asyncio.Queue[AgentEvent | None] = asyncio.Queue()

        async def work() -> AgentResult:
            try:
                return await self.arun(question, confirm=confirm, tell=queue.put_nowait)
            finally:
                queue.put_nowait(None)

        task = asyncio.create_task(work())
        try:
            while (event := await queue.get()) is not None:
                yield event
            yield await task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def check(self) -> None:
        """Find out, without a call, what would fail every row; raises FlowgradeError."""
        self._model()
        self._form.check()
        for item in self._tools:
            if not isinstance(item, AgentTool):
                item.check(self.models)

    async def _converse(
        self,
        messages: list[JsonObject],
        confirm: Confirm | None,
        tell: Tell | None,
        active: ActiveSpan,
    ) -> AgentResult:
        self._form.check()
        tools = await self._named_tools()
        caller = Caller(
            tools,
            limits=self.limits,
            confirm=confirm,
            approve=self.approve,
            models=self.models,
        )
        parameters: JsonObject = {**self._form.parameters, **self.parameters}
        if tools:
            parameters["tools"] = [tool.definition for tool in tools.values()]
        return await Conversation(
            self._model(),
            caller,
            messages=messages,
            parameters=parameters,
            limits=self.limits,
            form=self._form,
            tell=tell,
            active=active,
        ).run()

    @cached_property
    def _form(self) -> AnswerForm:
        return self.output if isinstance(self.output, AnswerForm) else AnswerForm(self.output)

    @cached_property
    def _tools(self) -> list[AgentTool | ToolSet]:
        return [t if isinstance(t, ToolSet) else as_agent_tool(t) for t in self.tools]

    async def _named_tools(self) -> dict[str, AgentTool]:
        context = ToolContext(models=self.models, inputs=self.inputs)
        found: dict[str, AgentTool] = {}
        for item in self._tools:
            for tool in [item] if isinstance(item, AgentTool) else await item.tools(context):
                if tool.name in found:
                    raise FlowDefinitionError(
                        f"The agent '{self.name}' has two tools with the name '{tool.name}'.",
                        hint="Leave one out with allow, or give a set of tools a prefix.",
                    )
                tool.validator.check_schema()
                found[tool.name] = tool
        return found

    def _model(self) -> Model:
        return self.models.open(self.model) if isinstance(self.model, str) else self.model

    def _messages(self, question: Question) -> list[JsonObject]:
        if isinstance(question, str):
            messages: list[JsonObject] = [{"role": "user", "content": question}]
        else:
            messages = [dict(message) for message in question]
        if self.instructions and not any(m.get("role") == "system" for m in messages):
            messages.insert(0, {"role": "system", "content": self.instructions})
        return messages

    def _span(self) -> ActiveSpan:
        name = f"invoke_agent {self.name}"
        active = current_span()
        if active is None or active.trace is None:
            return start_trace(name, sink=self.sink, kind=SpanKind.AGENT)
        return span_of_part(name, kind=SpanKind.AGENT)

    def _attributes(self) -> JsonObject:
        model = self.model if isinstance(self.model, str) else self.model.name
        return {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": self.name,
            "gen_ai.request.model": model,
        }


def as_agent_tool(item: Any) -> AgentTool:
    """A tool from a function or a flow; raises FlowDefinitionError for anything else."""
    if isinstance(item, AgentTool):
        return item
    if isinstance(item, Flow):
        return flow_tool(item)
    if callable(item) and not isinstance(item, type):
        return function_tool(item)
    raise FlowDefinitionError(
        f"{item!r} is no tool.", hint="Give typed functions, flows, or sets such as McpTools."
    )
