"""Who agrees to the calls of tools that need it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from flowgrade.flows.agents.result import AgentToolCall

Confirm: TypeAlias = "Callable[[AgentToolCall], bool | Awaitable[bool]]"
"""Is asked before a call; true lets it through."""

_surrounding: ContextVar[Confirm | None] = ContextVar("flowgrade_confirm", default=None)


@contextmanager
def confirming(confirm: Confirm) -> Iterator[None]:
    """Ask ``confirm`` in this block for each agent that has nobody of its own to ask."""
    token = _surrounding.set(confirm)
    try:
        yield
    finally:
        _surrounding.reset(token)


def approving(names: Sequence[str]) -> Confirm:
    """Agrees to calls of these tools, and to no other."""
    return lambda call: call.name in names


async def agreed(call: AgentToolCall, confirm: Confirm | None) -> bool:
    """Whether ``call`` may be made; without anybody to ask it may not."""
    ask = confirm or _surrounding.get()
    if ask is None:
        return False
    found = ask(call)
    return bool(await found) if inspect.isawaitable(found) else bool(found)


def is_somebody_asked() -> bool:
    """Whether there is somebody to ask here."""
    return _surrounding.get() is not None
