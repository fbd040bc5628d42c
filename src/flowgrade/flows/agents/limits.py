"""How far an agent may go."""

from __future__ import annotations

from typing import Any

from flowgrade.errors import InputError
from flowgrade.records import Record, fields_of

WIDTH = 16
"""Tool calls of one step that run at once, at most."""


class AgentLimits(Record):
    """Bounds of one call of an agent; None is no bound. What is reached ends it."""

    steps: int | None = 20
    """Calls of the model."""
    tool_calls: int | None = 100
    """Calls of tools, those that were refused too."""
    tokens: int | None = None
    """Input and output tokens of the model, and of models that its tools call."""
    cost: float | None = None
    """US dollars, counted as the tokens are; needs a known price."""
    seconds: float | None = 600.0
    """From the first moment to the answer."""
    tool_seconds: float | None = 60.0
    """For one call of a tool that has no timeout of its own."""
    repeats: int | None = 3
    """Steps in a row with the same calls and the same results."""
    tool_characters: int | None = 100_000
    """Of one tool's result that the model gets; the rest is cut off and the model told."""

    def __post_init__(self) -> None:
        for name in fields_of(self):
            value = getattr(self, name)
            whole = name not in ("cost", "seconds", "tool_seconds")
            fits = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
            if value is not None and not (fits and value > 0):
                raise InputError(
                    f"The limit '{name}' of an agent is {value!r}.",
                    hint=f"Give a{' whole' if whole else ''} number above 0, or null for no limit.",
                )

    @classmethod
    def read(cls, given: dict[str, Any]) -> AgentLimits:
        """Limits from a mapping; raises InputError for a name or value that is none."""
        known = fields_of(cls)
        for name in given:
            if name not in known:
                raise InputError(
                    f"An agent has no limit '{name}'.", hint=f"Limits: {', '.join(known)}."
                )
        return cls(**given)
