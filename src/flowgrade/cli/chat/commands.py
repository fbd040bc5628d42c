"""What one can do in a chat beside asking: the commands that begin with a slash."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from glob import escape, glob
from pathlib import Path

import click

from flowgrade.chat import (
    ModelPartner,
    begin_session,
    conversation_of,
    load_attachment,
    session_rows,
    transcript,
)
from flowgrade.cli.chat.controls import visible
from flowgrade.cli.chat.talk import Talk, figures, given_of
from flowgrade.cli.show import UNKNOWN, amount, money, note
from flowgrade.cli.waterfall import waterfall
from flowgrade.errors import InputError, UsageError
from flowgrade.records import Record, dumps, dumps_any
from flowgrade.tracing import SessionKind, get_trace, sum_known

_NAME = re.compile(r"/([a-z]+)(?:\s+(.*))?\Z", re.S)


class End(Exception):
    """The chat is over."""


class Command(Record, kw_only=False):
    """One command: what it takes, what it does."""

    argument: str
    help: str
    do: Callable[[Talk, str], None]


def is_command(text: str) -> bool:
    """Whether a line is a command; a path such as /etc/hosts is not, nor what begins with //."""
    return _NAME.match(text) is not None


def do_command(talk: Talk, text: str) -> None:
    """Do the command; raises End, UsageError for an unknown one, and what it raises."""
    match = _NAME.match(text)
    assert match is not None
    name, argument = match[1], (match[2] or "").strip()
    command = COMMANDS.get(_ALIASES.get(name, name))
    if command is None:
        near = get_close_matches(name, COMMANDS, n=1)
        meant = f"Did you mean /{near[0]}? " if near else "See /help. "
        raise UsageError(
            f"There is no command /{name}.", hint=f"{meant}A question may begin with //."
        )
    command.do(talk, argument)


def complete(talk: Talk, line: str) -> list[str]:
    """What ``line`` could become."""
    head, space, rest = line.partition(" ")
    if not line.startswith("/"):
        return []
    if not space:
        return [
            f"/{name}" + (" " if COMMANDS[name].argument else "")
            for name in COMMANDS
            if f"/{name}".startswith(head)
        ]
    if head in ("/attach", "/save"):
        found = glob(escape(str(Path(rest).expanduser()) if rest.startswith("~") else rest) + "*")
        return [f"{head} {path}" + ("/" if Path(path).is_dir() else "") for path in sorted(found)]
    if head == "/model":
        names = [f"{name}/" for name in talk.app.models.connections]
        return [f"{head} {name}" for name in sorted(names) if name.startswith(rest)]
    return []


def _help(talk: Talk, argument: str) -> None:
    for name, command in COMMANDS.items():
        usage = f"/{name} {command.argument}".strip()
        click.echo(f"  {usage:<22} {command.help}")
    click.echo('\nThree quotation marks (""") begin and end a message of several lines.')
    click.echo("Ctrl-C stops an answer, Ctrl-D ends the chat.")


def _system(talk: Talk, argument: str) -> None:
    if not argument:
        click.echo(talk.conversation.session.system or "There is no system prompt.")
        return
    talk.conversation.configure(system="" if argument == "-" else argument)
    note("No system prompt from now on." if argument == "-" else "From now on.")


def _attach(talk: Talk, argument: str) -> None:
    if argument == "-":
        talk.attached = []
    elif argument:
        talk.attached.append(load_attachment(talk.folder / Path(argument).expanduser()))
    names = ", ".join(one.name for one in talk.attached)
    note(f"With the next question: {names}." if names else "Nothing is attached.")


def _model(talk: Talk, argument: str) -> None:
    conversation = talk.conversation
    if not argument:
        click.echo(f"{conversation.partner.name} ({conversation.partner.kind})")
        return
    partner = talk.app.open_partner(argument)
    if isinstance(partner, ModelPartner) and conversation.partner.kind is SessionKind.MODEL:
        conversation.configure(partner=partner)
    else:  # what one kind was given, or one flow, is nothing to another
        conversation.configure(partner=partner, system="", given={})
    note(f"{partner.title} answers from now on.")


def _set(talk: Talk, argument: str) -> None:
    conversation = talk.conversation
    given = dict(conversation.session.given)
    if argument:
        for name, value in given_of(conversation.partner, [argument], "/set").items():
            given[name] = value
            if value == "":
                del given[name]
        conversation.configure(given=given)
    for name, value in given.items():
        click.echo(f"{name}={value if isinstance(value, str) else dumps_any(value)}")
    if not given:
        click.echo("Nothing is set.")


def _clear(talk: Talk, argument: str) -> None:
    old = talk.conversation
    talk.conversation = begin_session(
        talk.app.store, old.partner, system=old.session.system, given=old.session.given
    )
    talk.attached = []
    note("A new session begins; the one before is kept." if old.turns else "Nothing was said yet.")


def _retry(talk: Talk, argument: str) -> None:
    talk.retry()


def _undo(talk: Talk, argument: str) -> None:
    taken = talk.conversation.undo()
    note(f"Taken back: {visible(taken.question)}")


def _history(talk: Talk, argument: str) -> None:
    for turn in talk.conversation.turns:
        files = "".join(f" [{found['name']}]" for found in turn.attachments)
        click.echo(click.style(f"> {visible(turn.question)}{files}", bold=True))
        if turn.answer:
            click.echo(visible(turn.answer))
        if turn.error is not None:
            click.echo(click.style(f"{turn.error.type}: {turn.error.message}", fg="red"))
        click.echo()
    if not talk.conversation.turns:
        note("Nothing was said yet.")


def _save(talk: Talk, argument: str) -> None:
    conversation = talk.conversation
    if not argument:
        raise UsageError(
            "Where to?", hint="/save chat.md to read, chat.jsonl for rows, chat.json for messages."
        )
    path = talk.folder / Path(argument).expanduser()
    if path.exists():
        raise InputError(f"{path} is there already.", hint="Name another file.")
    session, turns = conversation.session, conversation.turns
    if path.suffix == ".jsonl":
        text = "".join(dumps(row) + "\n" for row in session_rows(session, turns))
    elif path.suffix == ".json":
        text = dumps(conversation_of(session, turns)) + "\n"
    else:
        text = transcript(session, turns)
    path.write_text(text, encoding="utf-8")
    note(f"Written to {path}.")


def _tokens(talk: Talk, argument: str) -> None:
    turns = talk.conversation.turns
    if turns:
        click.echo(f"last turn  {figures(turns[-1])}")
    count = "1 turn" if len(turns) == 1 else f"{len(turns)} turns"
    tokens = sum_known([turn.tokens for turn in turns])
    costs = [turn.cost for turn in turns if turn.cost is not None]
    cost = money(sum(costs)) if costs else UNKNOWN
    some = " (of the turns whose price is known)" if costs and len(costs) < len(turns) else ""
    click.echo(f"session    {count}, {amount(tokens)} tokens, cost {cost}{some}")


def _trace(talk: Talk, argument: str) -> None:
    turns = talk.conversation.turns
    if not turns:
        note("Nothing was said yet.")
        return
    waterfall(get_trace(talk.app.store, turns[-1].trace_id), full=argument == "full")


def _exit(talk: Talk, argument: str) -> None:
    raise End


COMMANDS = {
    "help": Command("", "List the commands.", _help),
    "system": Command("[TEXT]", "Show the system prompt, or set it; - for none.", _system),
    "attach": Command(
        "[FILE]", "Attach a text or an image to the next question; - for none.", _attach
    ),
    "model": Command("[NAME]", "Show who answers, or let another model or flow answer.", _model),
    "set": Command(
        "[NAME=VALUE]", "Set a parameter, or an input of a flow; no value unsets.", _set
    ),
    "clear": Command("", "Begin a new session.", _clear),
    "retry": Command("", "Ask the last question again.", _retry),
    "undo": Command("", "Take the last turn back.", _undo),
    "history": Command("", "Show what was said.", _history),
    "save": Command("FILE", "Write the session: .md to read, .jsonl rows, .json messages.", _save),
    "tokens": Command("", "Show tokens and cost, also as /cost.", _tokens),
    "trace": Command("[full]", "Show the trace of the last turn.", _trace),
    "exit": Command("", "End the chat.", _exit),
}

_ALIASES = {"cost": "tokens", "quit": "exit", "q": "exit", "?": "help"}
