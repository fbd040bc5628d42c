"""``pf flow test --interactive``: talk to a flow, turn by turn."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator

import click

from flowgrade.app import App
from flowgrade.chat import FlowPartner, begin_session
from flowgrade.cli.chat.loop import talk_on
from flowgrade.cli.chat.talk import Talk, given_of
from flowgrade.cli.folder import prints_as_messages
from flowgrade.cli.show import note
from flowgrade.cli.values import pairs, typed
from flowgrade.errors import FlowgradeError, UsageError
from flowgrade.records import JsonObject, SpanKind, dumps_any
from flowgrade.tracing import Turn, get_trace

_ASKS = "User: "
_ANSWERS = "Bot: "


def chat(given: Namespace) -> int:
    """Talk at a terminal, or answer each line of standard input; an error ends the latter."""
    app = App()
    init = typed(given.init, "--init")
    with prints_as_messages():
        flow = app.load_flow(given.flow, variant=given.variant, init=init)
    if given.node:
        note("--node has no effect with --interactive: the whole flow answers.")
    partner = FlowPartner(flow, given=list(pairs(_constants(given), "--inputs")))
    conversation = begin_session(app.store, partner, given=_fixed(partner, _constants(given)))
    with Talk(
        app,
        conversation,
        plain=True,
        quiet=not given.verbose,
        environment=pairs(given.environment_variables, "--environment-variables"),
        label=_ANSWERS,
        after=_steps_of(app) if given.verbose else None,
    ) as talk:
        if sys.stdin.isatty():
            # What goes on later would have another variant, other values and variables.
            again = not (given.variant or init or given.environment_variables)
            talk_on(talk, prompt=_ASKS, again=again)
        else:
            _answer_lines(talk)
    return 0


def _constants(given: Namespace) -> list[str]:
    if any("=" not in item for item in given.inputs):
        raise UsageError(
            "A chat takes no file of inputs.", hint="Write the other inputs as name=value."
        )
    items: list[str] = given.inputs
    return items


def _fixed(partner: FlowPartner, items: list[str]) -> JsonObject:
    """The inputs beside question and history, which the conversation gives."""
    shape, found = partner.shape, given_of(partner, items, "--inputs")
    for name in (shape.question, shape.history):
        if name is not None and found.pop(name, None) is not None:
            note(f"'{name}' comes from the conversation: what --inputs says of it is passed over.")
    return found


def _answer_lines(talk: Talk) -> None:
    for question in _questions():
        try:
            talk.ask(question)
        except FlowgradeError:
            click.echo()
            note(f"trace: flowgrade traces show {talk.conversation.turns[-1].trace_id}")
            raise
        if talk.conversation.remark:
            note(talk.conversation.remark)
    click.echo()


def _questions() -> Iterator[str]:
    """The lines of standard input, each after the prompt that a person would see."""
    click.echo(_ASKS, nl=False)
    for line in sys.stdin:
        if line.strip():
            yield line.strip()
            click.echo(_ASKS, nl=False)


def _steps_of(app: App) -> Callable[[Turn], None]:
    """Says what each node gave, as --verbose does in prompt flow."""

    def show(turn: Turn) -> None:
        for span in get_trace(app.store, turn.trace_id):
            if span.kind is SpanKind.NODE and span.error is None:
                note(f"{span.name}: {dumps_any(span.outputs)}")

    return show
