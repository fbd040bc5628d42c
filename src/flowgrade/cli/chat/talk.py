"""Ask, and show what comes: one conversation, its event loop and its view."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from flowgrade.app import App
from flowgrade.chat import Attachment, Conversation, Emit, FlowPartner, Partner
from flowgrade.cli.approval import approval
from flowgrade.cli.chat.view import answer_view
from flowgrade.cli.folder import inside, prints_as_messages
from flowgrade.cli.show import UNKNOWN, amount, duration, money, note
from flowgrade.cli.values import pairs, typed
from flowgrade.records import JsonObject
from flowgrade.tracing import Turn


class Talk:
    """A conversation in a terminal. All its turns share one event loop, so connections stay open.

    While a turn runs, Ctrl-C cancels it and raises KeyboardInterrupt once it is stored.
    """

    def __init__(
        self,
        app: App,
        conversation: Conversation,
        *,
        plain: bool = False,
        quiet: bool = False,
        approved: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
        label: str = "",
        after: Callable[[Turn], None] | None = None,
    ) -> None:
        """``environment`` are variables for the turns; ``label`` stands before each answer.

        ``after`` is called with each turn that was answered.
        """
        self.app = app
        self.conversation = conversation
        self.attached: list[Attachment] = []
        """What goes with the next question."""
        self.folder = Path.cwd()
        self._plain = plain
        self._quiet = quiet
        self._approved = approved
        self._environment = environment or {}
        self._label = label
        self._after = after
        self._runner = asyncio.Runner()

    def __enter__(self) -> Talk:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._runner.run(self.app.models.aclose())
        self._runner.close()
        self.app.store.close()

    def ask(self, question: str) -> Turn:
        """Ask a question, with what is attached, and show the answer."""

        def work(emit: Emit) -> Coroutine[Any, Any, Turn]:
            return self.conversation.ask(question, attachments=self.attached, emit=emit)

        turn = self._show(work)
        self.attached = []
        return turn

    def retry(self) -> Turn:
        """Ask the last question again."""
        return self._show(lambda emit: self.conversation.retry(emit=emit))

    def ask_silently(self, question: str) -> Turn:
        """Ask a question and show nothing."""
        with self._surroundings(), approval(self._approved):
            return self._run(self.conversation.ask(question, attachments=self.attached))

    def _show(self, work: Callable[[Emit], Coroutine[Any, Any, Turn]]) -> Turn:
        streamed = False

        def emit(piece: str) -> None:
            nonlocal streamed
            view.add(piece if streamed else self._label + piece)
            streamed = True

        with (
            answer_view(sys.stdout, plain=self._plain) as view,
            self._surroundings(),
            approval(self._approved, ask=True, around=view.paused),
        ):
            turn = self._run(work(emit))
            if not streamed and turn.answer:
                emit(turn.answer)
        if self._after is not None:
            self._after(turn)
        if not self._quiet:
            note(click.style(figures(turn), dim=True))
            if self.conversation.remark:
                note(click.style(self.conversation.remark, fg="yellow"))
        return turn

    def _run(self, work: Coroutine[Any, Any, Turn]) -> Turn:
        # In the context of this turn: the runner would keep that of the first.
        return self._runner.run(work, context=copy_context())

    @contextmanager
    def _surroundings(self) -> Iterator[None]:
        """Those of a flow, for as long as it runs: its folder, its variables."""
        partner = self.conversation.partner
        if not isinstance(partner, FlowPartner):
            yield
            return
        with (
            self.app.surroundings(partner.flow, self._environment),
            inside(partner.flow.folder),
            prints_as_messages(),
        ):
            yield


def figures(turn: Turn) -> str:
    """Time, tokens and cost of a turn on a line."""
    tokens = (
        f"tokens {UNKNOWN}"
        if turn.tokens is None
        else f"{amount(turn.input_tokens)} + {amount(turn.output_tokens)} tokens"
    )
    cost = f"cost {UNKNOWN}" if turn.cost is None else money(turn.cost)
    return f"{duration(turn.seconds)} · {tokens} · {cost}"


def given_of(partner: Partner, items: Iterable[str], option: str) -> JsonObject:
    """``name=value`` items as parameters of a model, or as inputs of a flow by their types."""
    if isinstance(partner, FlowPartner):
        return {name: partner.typed(name, text) for name, text in pairs(items, option).items()}
    return typed(items, option)
