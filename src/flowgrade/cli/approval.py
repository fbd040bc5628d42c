"""Who agrees to what an agent's tools do: options, and questions in a terminal."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import click

from flowgrade.cli.show import short

if TYPE_CHECKING:
    from flowgrade.flows import AgentToolCall

approve_option = click.option(
    "--approve",
    multiple=True,
    metavar="TOOL",
    help="Tool that agents may call without asking, though it is marked confirm.",
)


def approval(
    names: tuple[str, ...],
    *,
    ask: bool = False,
    around: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> AbstractContextManager[Any]:
    """Agree to calls of these tools; with ``ask`` a person at the terminal decides on others.

    A question is asked within ``around()``, which may take away what is drawn meanwhile.
    """
    ask = ask and sys.stdin.isatty() and sys.stderr.isatty()
    if not names and not ask:
        return nullcontext()  # nobody is there: tools that need agreement are refused
    from flowgrade.flows import confirming  # noqa: PLC0415  only for agents

    def agrees(call: AgentToolCall) -> bool:
        if call.name in names or not ask:
            return call.name in names
        with around():
            return _asked(call)

    return confirming(agrees)


def _asked(call: AgentToolCall) -> bool:
    question = f"\nThe agent wants to call {call.name} with {short(call.arguments, 400)}\nAllow it?"
    # The event loop's own handler would let the question stand.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        raise KeyboardInterrupt from None  # it ends the flow; it is no answer for the model
    finally:
        signal.signal(signal.SIGINT, before)
