"""Do the tool calls that a model asks for; whatever goes wrong is told to the model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import Any

from flowgrade.errors import FlowgradeError, ToolError
from flowgrade.flows.agents.approval import Confirm, agreed
from flowgrade.flows.agents.limits import WIDTH, AgentLimits
from flowgrade.flows.agents.output import as_output
from flowgrade.flows.agents.result import AgentToolCall, ToolCallRecord
from flowgrade.flows.agents.tool import AgentTool
from flowgrade.models import Models
from flowgrade.prompts import Image
from flowgrade.records import Json, JsonObject, Record, SpanKind, loads, replace
from flowgrade.tracing import ActiveSpan, span


class Outcome(Record):
    """What a call came to."""

    record: ToolCallRecord
    images: tuple[Image, ...] = ()

    @property
    def message(self) -> JsonObject:
        """The message that tells the model."""
        return {"role": "tool", "tool_call_id": self.record.id, "content": self.record.content}


class Caller:
    """Calls tools by the names that a model knows them by."""

    def __init__(
        self,
        tools: Mapping[str, AgentTool],
        *,
        limits: AgentLimits,
        confirm: Confirm | None,
        approve: Sequence[str],
        models: Models,
    ) -> None:
        self._tools = tools
        self._limits = limits
        self._confirm = confirm
        self._approve = approve
        self._models = models

    async def run(self, calls: list[AgentToolCall]) -> list[Outcome]:
        """Do the calls of one step side by side; the outcomes are in their order.

        People are asked first, one question at a time, while no tool is under way.
        """
        allowed = [await self._allowed(call) for call in calls]
        places = asyncio.Semaphore(WIDTH)

        async def one(call: AgentToolCall, may: bool) -> Outcome:
            async with places:
                return await self._one(call, refused=not may)

        return list(await asyncio.gather(*map(one, calls, allowed)))

    async def _allowed(self, call: AgentToolCall) -> bool:
        tool = self._tools.get(call.name)
        if tool is None or not tool.confirm or tool.name in self._approve:
            return True
        arguments = call.arguments
        if not isinstance(arguments, dict) or tool.validator.complaints(arguments):
            return True  # it fails by itself, nobody need be asked
        return await agreed(call, self._confirm)

    async def _one(self, call: AgentToolCall, *, refused: bool) -> Outcome:
        started = time.perf_counter()
        with span(f"execute_tool {call.name}", kind=SpanKind.TOOL) as active:
            active.inputs(call.arguments)
            tool = self._tools.get(call.name)
            _describe(active, call, tool)
            try:
                value = await self._work(call, tool, refused=refused)
                output = as_output(value, self._limits.tool_characters)
                output = replace(output, text=self._models.hide(output.text))
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise  # the whole agent ends
                return self._failed(call, error, active, started)
            except (Exception, SystemExit) as error:  # noqa: BLE001  a tool may fail in any way
                return self._failed(call, error, active, started)
            active.outputs(output.text)
        record = _record(call, output.text, None, started)
        return Outcome(record=record, images=output.images)

    async def _work(self, call: AgentToolCall, tool: AgentTool | None, *, refused: bool) -> Any:
        if tool is None:
            raise self._unknown(call.name)
        arguments = _checked(call.arguments, tool)
        if refused:
            raise ToolError(
                f"The call of '{call.name}' was not allowed: it needs a person's agreement and "
                "did not get it. Do not try it again."
            )
        seconds = tool.timeout if tool.timeout is not None else self._limits.tool_seconds
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await tool.call(arguments)
        except TimeoutError:
            if not limit.expired():
                raise  # the tool's own
            raise ToolError(f"The tool did not answer within {seconds:g} s.") from None

    def _unknown(self, name: str) -> ToolError:
        near = get_close_matches(name, list(self._tools), n=1)
        meant = f" Did you mean '{near[0]}'?" if near else ""
        return ToolError(
            f"There is no tool '{name}'.{meant} There are: {', '.join(self._tools) or 'none'}."
        )

    def _failed(
        self, call: AgentToolCall, error: BaseException, active: ActiveSpan, started: float
    ) -> Outcome:
        said = f"{type(error).__name__}: {_message(error)}"
        clean = self._models.scrub(said)
        active.error = error if clean == said else ToolError(clean)
        active.attributes["error.type"] = type(error).__name__
        if isinstance(error, ToolError):
            clean = clean.removeprefix("ToolError: ")
        return Outcome(record=_record(call, f"Error: {clean}", clean, started))


def read_calls(raw: list[JsonObject], step: int) -> list[AgentToolCall]:
    """The calls in a model's message; arguments that are no JSON stay a text."""
    return [_read(item, step, position) for position, item in enumerate(raw)]


def _read(item: JsonObject, step: int, position: int) -> AgentToolCall:
    function = item.get("function") or {}
    # Some servers leave the id out; the answer must name one all the same.
    item["id"] = item.get("id") or f"call_{step}_{position}"
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        with suppress(ValueError):
            arguments = loads(arguments) if arguments.strip() else {}
    return AgentToolCall(step, str(item["id"]), str(function.get("name")), arguments)


def _checked(arguments: Json, tool: AgentTool) -> JsonObject:
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        raise ToolError(f"The arguments of '{tool.name}' are no JSON object: {_short(arguments)}")
    if found := tool.validator.complaints(arguments):
        raise ToolError(f"The arguments of '{tool.name}' do not fit: {'; '.join(found)}.")
    return arguments


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:199] + "…"


def _message(error: BaseException) -> str:
    if isinstance(error, FlowgradeError):
        return error.message
    try:
        return str(error)
    except Exception:  # noqa: BLE001  a stranger's exception may fail when it is shown
        return "it cannot be shown"


def _describe(active: ActiveSpan, call: AgentToolCall, tool: AgentTool | None) -> None:
    active.attributes.update(
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": call.name,
            "gen_ai.tool.call.id": call.id,
        }
    )
    if tool is not None:
        active.attributes["gen_ai.tool.type"] = tool.origin
        active.attributes["gen_ai.tool.description"] = tool.description


def _record(call: AgentToolCall, content: str, error: str | None, started: float) -> ToolCallRecord:
    return ToolCallRecord(
        step=call.step,
        id=call.id,
        name=call.name,
        arguments=call.arguments,
        content=content,
        error=error,
        seconds=time.perf_counter() - started,
    )
