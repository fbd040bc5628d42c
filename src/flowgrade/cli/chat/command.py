"""``flowgrade chat``: talk to a model or a flow."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from flowgrade.app import App
from flowgrade.chat import (
    Attachment,
    Conversation,
    Partner,
    begin_session,
    continue_session,
    load_attachment,
    text_attachment,
)
from flowgrade.cli.approval import approve_option
from flowgrade.cli.chat.loop import talk_on
from flowgrade.cli.chat.talk import Talk, given_of
from flowgrade.cli.folder import prints_as_messages
from flowgrade.cli.show import json_out, note
from flowgrade.cli.values import pairs
from flowgrade.errors import UsageError
from flowgrade.records import JsonObject, replace
from flowgrade.tracing import Session, SessionKind, get_session, latest_session

_LATEST = ""


@click.command()
@click.argument("partner", metavar="[MODEL|FLOW]", required=False)
@click.option("-m", "--message", help="Ask this, print the answer and end.")
@click.option("--system", metavar="TEXT", help="System prompt of a model.")
@click.option(
    "--attach",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File that goes with the first question: a text or an image.",
)
@click.option("--temperature", type=click.FloatRange(0), help="Temperature of a model.")
@click.option(
    "-p", "--param", "parameters", multiple=True, metavar="NAME=VALUE", help="Model parameter."
)
@click.option(
    "-i",
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=VALUE",
    help="An input of a flow, beside question and history.",
)
@click.option(
    "--continue",
    "session",
    is_flag=False,
    flag_value=_LATEST,
    metavar="[SESSION]",
    help="Go on with a session; the one last used if none is named.",
)
@approve_option
@click.option("--plain", is_flag=True, help="Print answers as they are, not as Markdown.")
@click.option("--json", "as_json", is_flag=True, help="Print one answer and its figures as JSON.")
def chat(partner: str | None, message: str | None, session: str | None, **options: Any) -> int:
    """Talk to MODEL, such as openai/gpt-4o-mini, or to a FLOW.

    In a terminal this is a conversation: /help lists what one can do in it. With --message, or
    with text piped in, it prints one answer and ends; text that is piped in beside --message is
    attached to it. What is said is kept as a session: see `flowgrade sessions`.
    """
    piped = b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
    if message is None and sys.stdin.isatty() and not sys.stdout.isatty():
        raise UsageError(
            "A conversation needs a terminal to print to.", hint="Ask one question: -m TEXT"
        )
    app = App()
    with prints_as_messages():
        conversation = _open(app, partner, session, options)
    attached = [load_attachment(file) for file in options["files"]]
    if message is None and sys.stdin.isatty():
        if options["as_json"]:
            raise UsageError("--json prints one answer.", hint="Ask one question: -m TEXT")
        with Talk(app, conversation, plain=options["plain"], approved=options["approve"]) as talk:
            talk.attached += attached
            talk_on(talk)
        return 0
    _ask_once(app, conversation, _question(message, piped, attached), attached, options)
    return 0


def _open(app: App, name: str | None, session: str | None, options: dict[str, Any]) -> Conversation:
    parameters = list(options["parameters"])
    if options["temperature"] is not None:
        parameters.append(f"temperature={options['temperature']}")
    inputs = list(options["inputs"])
    names = list(pairs([*parameters, *inputs], "-p or -i"))
    if session is not None:
        found = latest_session(app.store) if session == _LATEST else get_session(app.store, session)
        return _continued(app, name, found, options["system"], parameters, inputs)
    if name is None:
        raise UsageError(
            "Whom do you want to talk to?",
            hint="Name a model or a flow: flowgrade chat openai/gpt-4o-mini, or flowgrade chat .",
        )
    opened = app.open_partner(name, given=names)
    given = _given(opened, parameters, inputs)
    return begin_session(app.store, opened, system=options["system"], given=given)


def _continued(
    app: App,
    name: str | None,
    found: Session,
    system: str | None,
    parameters: list[str],
    inputs: list[str],
) -> Conversation:
    if name is None:
        opened = app.open_partner(found.partner, kind=found.kind, given=list(found.given))
    else:
        opened = app.open_partner(name, given=list(pairs(inputs, "-i")))
    if opened.kind is not found.kind or (opened.kind is SessionKind.FLOW and name is not None):
        found = replace(found, system=None, given={})  # another partner can take nothing of it
    given = {**found.given, **_given(opened, parameters, inputs)}
    return continue_session(app.store, opened, found, system=system, given=given)


def _given(partner: Partner, parameters: list[str], inputs: list[str]) -> JsonObject:
    if partner.kind is SessionKind.MODEL and inputs:
        raise UsageError(
            "A model has no inputs.", hint="-i is for flows; parameters are given with -p."
        )
    if partner.kind is SessionKind.FLOW and parameters:
        raise UsageError(
            "A flow sets the parameters of its models itself.",
            hint="Change them in the flow; its inputs are given with -i.",
        )
    return given_of(partner, [*parameters, *inputs], "-p or -i")


def _question(message: str | None, piped: bytes, attached: list[Attachment]) -> str:
    if message is not None:
        if piped.strip():
            attached.append(text_attachment("stdin", piped))
        if not message.strip():
            raise UsageError("The message is empty.", hint="Write what you want to ask after -m.")
        return message
    question = (text_attachment("stdin", piped).text or "").strip()
    if not question:
        raise UsageError("There is no question.", hint="Give it with -m, or pipe it in.")
    return question


def _ask_once(
    app: App,
    conversation: Conversation,
    question: str,
    attached: list[Attachment],
    options: dict[str, Any],
) -> None:
    plain, approved = options["plain"], options["approve"]
    with Talk(app, conversation, plain=plain, quiet=True, approved=approved) as talk:
        talk.attached += attached
        if options["as_json"]:
            turn = talk.ask_silently(question)
            json_out({"session": conversation.session.name, **turn.as_json()})
            return
        talk.ask(question)
        if conversation.remark:
            note(conversation.remark)
