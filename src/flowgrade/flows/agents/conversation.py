"""The tool-calling loop: ask the model, do what it asks for, until it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NoReturn

from flowgrade.errors import (
    AgentLimitError,
    ContentFilterError,
    InputError,
    ModelResponseError,
)
from flowgrade.flows.agents.answer import AnswerForm
from flowgrade.flows.agents.calls import Caller, Outcome, read_calls
from flowgrade.flows.agents.limits import AgentLimits
from flowgrade.flows.agents.output import image_message
from flowgrade.flows.agents.result import (
    AgentEvent,
    AgentResult,
    AgentText,
    AgentToolCall,
    StopReason,
    ToolCallRecord,
)
from flowgrade.models import ChatChunk, ChatRequest, ChatResponse, Model, assemble_chat
from flowgrade.records import JsonObject, Usage, dumps_any
from flowgrade.tracing import ActiveSpan

Tell = Callable[[AgentEvent], None]
"""Takes what happens as it happens."""


class Conversation:
    """One call of an agent, from the question to the answer."""

    def __init__(
        self,
        model: Model,
        caller: Caller,
        *,
        messages: list[JsonObject],
        parameters: JsonObject,
        limits: AgentLimits,
        form: AnswerForm,
        tell: Tell | None,
        active: ActiveSpan,
    ) -> None:
        self._model = model
        self._caller = caller
        self._parameters = parameters
        self._limits = limits
        self._form = form
        self._tell = tell
        self._active = active
        self._records: list[ToolCallRecord] = []
        self._past: list[str] = []
        self._mended = False
        self.messages = messages
        self.steps = 0

    async def run(self) -> AgentResult:
        """Go on until there is an answer; raises AgentLimitError at a limit."""
        limit = asyncio.timeout(self._limits.seconds)
        try:
            async with limit:
                return await self._run()
        except TimeoutError:
            if not limit.expired():
                raise
            self._close_calls()
            raise self._stop(
                "seconds", f"did not finish within {self._limits.seconds:g} s"
            ) from None

    async def _run(self) -> AgentResult:
        while True:
            response = await self._ask()
            calls = read_calls(response.tool_calls, self.steps)
            self.messages.append(response.message)
            if not calls:
                result = self._answer(response)
                if result is not None:
                    return result
                self._check(0)
                continue
            self._check(len(calls))
            self._take(calls, await self._call(calls))
            self._check(0)

    async def _ask(self) -> ChatResponse:
        self.steps += 1
        request = ChatRequest(messages=list(self.messages), parameters=self._parameters)
        if self._tell is None:
            return await self._model.chat(request)
        chunks: list[ChatChunk] = []
        async for chunk in self._model.chat_stream(request):
            chunks.append(chunk)
            if chunk.text:
                self._tell(AgentText(self.steps, chunk.text))
        return assemble_chat(chunks)

    async def _call(self, calls: list[AgentToolCall]) -> list[Outcome]:
        if self._tell is not None:
            for call in calls:
                self._tell(call)
        return await self._caller.run(calls)

    def _take(self, calls: list[AgentToolCall], outcomes: list[Outcome]) -> None:
        self.messages += [outcome.message for outcome in outcomes]
        if images := [image for outcome in outcomes for image in outcome.images]:
            self.messages.append(image_message(images))
        for outcome in outcomes:
            self._records.append(outcome.record)
            if self._tell is not None:
                self._tell(outcome.record)
        self._past.append(
            dumps_any([(o.record.name, o.record.arguments, o.record.content) for o in outcomes])
        )

    def _answer(self, response: ChatResponse) -> AgentResult | None:
        """The result, or None when the model is to mend its answer."""
        if response.finish_reason == "content_filter":
            raise ContentFilterError(
                "The endpoint's content filter ended the model's answer.",
                hint="Change the input or the instructions, or the filter of the endpoint.",
            )
        if refusal := response.message.get("refusal"):
            raise ModelResponseError(
                f"The model refused to answer: {refusal}", hint="Change the question."
            )
        if not response.text:
            raise ModelResponseError(
                "The model ended with neither an answer nor a call of a tool (finish_reason: "
                f"{response.finish_reason}).",
                hint="If it is 'length', raise max_tokens; else try another model.",
            )
        cut = response.finish_reason == "length"
        complaint, output = self._form.read(response.text)
        if complaint is None:
            return self._result("length" if cut else "answer", response.text, output)
        if cut or self._mended:
            raise self._form.refusal(complaint, cut=cut)
        self._mended = True
        self.messages.append({"role": "user", "content": self._form.request(complaint)})
        return None

    def _check(self, calls: int) -> None:
        """Raise AgentLimitError when going on, with so many calls of tools, is beyond a limit."""
        limits = self._limits
        if limits.steps is not None and self.steps >= limits.steps:
            self._over("steps", f"asked the model {self.steps} times")
        if limits.tool_calls is not None and len(self._records) + calls > limits.tool_calls:
            self._over("tool_calls", f"wanted to call tools more than {limits.tool_calls} times")
        self._check_spending()
        recent = self._past[-limits.repeats :] if limits.repeats is not None else []
        if len(recent) == limits.repeats and len(set(recent)) == 1:
            self._over("repeats", f"made the same calls with the same results {len(recent)} times")

    def _check_spending(self) -> None:
        limits, used = self._limits, self._usage.total_tokens if self._usage else None
        if limits.tokens is not None and used is not None and used >= limits.tokens:
            self._over("tokens", f"used {used:,} tokens")
        if limits.cost is None:
            return
        if self._cost is None:
            raise InputError(
                "The limit of an agent's cost cannot be held: the price of the model "
                f"'{self._model.name}' is not known.",
                hint="Set limits.tokens instead of limits.cost, or give the model a price.",
            )
        if self._cost >= limits.cost:
            self._over("cost", f"spent ${self._cost:.4f}")

    @property
    def _usage(self) -> Usage | None:
        return self._active.trace.usage if self._active.trace is not None else None

    @property
    def _cost(self) -> float | None:
        trace = self._active.trace
        # What is known of only a part of the calls is no bound for the whole.
        return None if trace is None or trace.unpriced else trace.cost

    def _over(self, limit: StopReason, what: str) -> NoReturn:
        self._close_calls()
        raise self._stop(limit, what)

    def _stop(self, limit: StopReason, what: str) -> AgentLimitError:
        message = f"The agent {what} and has no answer (limits.{limit})."
        return AgentLimitError(message, limit=limit, result=self._result(limit, None, None))

    def _close_calls(self) -> None:
        """Answer the calls that were not made: a conversation with open calls cannot go on."""
        answered = {m.get("tool_call_id") for m in self.messages if m.get("role") == "tool"}
        last = next((m for m in reversed(self.messages) if m.get("role") == "assistant"), {})
        self.messages += [
            {"role": "tool", "tool_call_id": call["id"], "content": "Error: it was not called."}
            for call in last.get("tool_calls") or ()
            if call["id"] not in answered
        ]

    def _result(self, reason: StopReason, answer: str | None, output: Any) -> AgentResult:
        return AgentResult(
            answer=answer,
            output=output,
            messages=self.messages,
            steps=self.steps,
            tool_calls=tuple(self._records),
            usage=self._usage,
            cost=self._cost,
            stop_reason=reason,
        )
