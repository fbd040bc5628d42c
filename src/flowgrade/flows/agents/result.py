"""What an agent gives back, and the pieces it gives on the way."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from flowgrade.records import Json, JsonObject, Record, Usage

StopReason: TypeAlias = Literal[
    "answer", "length", "steps", "tool_calls", "tokens", "cost", "seconds", "repeats"
]
"""``answer``: the model finished. ``length``: its answer was cut off at its own limit of tokens.
The others are the limit that was reached before there was an answer."""


class ToolCallRecord(Record):
    """One call of a tool and what came of it."""

    step: int
    """The step that asked for it, from 1."""
    id: str
    name: str
    arguments: Json
    """As the model gave them; a text when it was no JSON."""
    content: str
    """What the model was told."""
    error: str | None = None
    """Class and message when it failed or was refused."""
    seconds: float = 0.0


class AgentResult(Record):
    """How a call of an agent ended."""

    answer: str | None
    """The text of the answer; None when a limit was reached before."""
    output: Any
    """The answer as the output type; the text when none was asked for."""
    messages: list[JsonObject]
    """The whole conversation, in the shape of OpenAI's chat protocol: give it back to go on."""
    steps: int
    """Calls of the model."""
    tool_calls: tuple[ToolCallRecord, ...]
    usage: Usage | None
    """Tokens of its model, and of models that its tools called."""
    cost: float | None
    """US dollars; None when no price is known."""
    stop_reason: StopReason

    def as_json(self) -> JsonObject:
        """The output of an ``agent`` node."""
        return {
            "answer": self.output,
            "stop_reason": self.stop_reason,
            "steps": self.steps,
            "tool_calls": self.tool_calls,
            "messages": self.messages,
            "usage": self.usage,
            "cost": self.cost,
        }


class AgentText(Record, kw_only=False):
    """A piece of text of the model, as it comes."""

    step: int
    text: str


class AgentToolCall(Record, kw_only=False):
    """A call of a tool that begins."""

    step: int
    id: str
    name: str
    arguments: Json


AgentEvent: TypeAlias = AgentText | AgentToolCall | ToolCallRecord | AgentResult
"""What ``Agent.astream`` gives; the result comes last."""
