"""Reasoning: how hard a model of Anthropic is to think, in the words that it knows."""

from __future__ import annotations

import re

from flowgrade.errors import InputError
from flowgrade.records import Json, JsonObject

ANSWER_TOKENS = 8192
"""The longest answer when the request does not say, beside what is left for thinking."""

_BUDGETS = {
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 16_384,
    "xhigh": 23_552,
    "max": 23_552,
}
"""Tokens to think. Together with an answer they stay below 32,000, the least that a model which
thinks can write (Claude Opus 4 and 4.1)."""

_LEAST = 1024  # the protocol's least budget
_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?![\d])")
_ADAPTIVE = (4, 6)


def with_thinking(payload: JsonObject, effort: Json, *, model: str) -> None:
    """Write ``effort``, OpenAI's ``reasoning_effort``, into ``payload`` as ``model`` takes it.

    Models from 4.6 on decide themselves how long they think and take the effort; older ones take
    a budget of tokens. ``max_tokens`` counts thinking too, so its default grows. Raises
    InputError for an effort that is not known or a ``max_tokens`` that leaves no room.
    """
    if effort == "none":
        payload.setdefault("thinking", {"type": "disabled"})
        return
    if effort not in _BUDGETS:
        raise InputError(
            f"reasoning_effort is {effort!r}, which is none of its values.",
            hint=f"Use none, {', '.join(_BUDGETS)}.",
        )
    budget = _BUDGETS[str(effort)]
    if _decides_itself(model):
        payload.setdefault("max_tokens", ANSWER_TOKENS + budget)
        payload.setdefault("thinking", {"type": "adaptive", "display": "summarized"})
        known = payload.get("output_config") or {}
        payload["output_config"] = {"effort": "low" if effort == "minimal" else effort, **known}
        return
    if "thinking" not in payload:
        payload["thinking"] = {"type": "enabled", "budget_tokens": _fitting(budget, payload)}
    payload.setdefault("max_tokens", ANSWER_TOKENS + budget)


def _fitting(budget: int, payload: JsonObject) -> int:
    most = payload.get("max_tokens")
    if not isinstance(most, int):
        return budget
    if most < 2 * _LEAST:
        raise InputError(
            f"max_tokens is {most}, which leaves this model no room to think.",
            hint=f"Set it to {2 * _LEAST} or more, or leave reasoning_effort out.",
        )
    return min(budget, most // 2)


def _decides_itself(model: str) -> bool:
    """Whether the model is from 4.6 on; one whose name has no version is taken for a new one."""
    found = _VERSION.search(model)
    return found is None or (int(found[1]), int(found[2] or 0)) >= _ADAPTIVE
