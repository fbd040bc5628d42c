"""The loop of a chat: read, do or ask, go on."""

from __future__ import annotations

import click

from flowgrade.cli.chat.commands import End, complete, do_command, is_command
from flowgrade.cli.chat.lines import Lines
from flowgrade.cli.chat.talk import Talk
from flowgrade.cli.show import note, short
from flowgrade.errors import FlowgradeError, NodeError
from flowgrade.tracing import TurnStatus


def talk_on(talk: Talk, *, prompt: str = "> ", again: bool = True) -> None:
    """Talk until Ctrl-D or /exit; an error of a turn is shown, and the chat goes on.

    With ``again`` the end says how to go on later.
    """
    history = talk.app.settings.home / "chat_history.jsonl"
    lines = Lines(history, lambda text: complete(talk, text), prompt=prompt)
    _greet(talk)
    while True:
        try:
            text = lines.read()
        except EOFError:
            click.echo()
            break
        except KeyboardInterrupt:
            note("\n(Ctrl-D or /exit ends the chat.)")
            continue
        if text and not _do(talk, text):
            break
    if again and talk.conversation.turns:
        name = talk.conversation.session.name
        note(click.style(f"Go on with it: flowgrade chat --continue {name}", dim=True))


def _do(talk: Talk, text: str) -> bool:
    """Do what was typed; False ends the chat."""
    try:
        if is_command(text):
            do_command(talk, text)
        else:
            talk.ask(text.removeprefix("/") if text.startswith("//") else text)
    except End:
        return False
    except KeyboardInterrupt:
        note(click.style("\nStopped. What had come is kept; /retry asks again.", fg="yellow"))
    except FlowgradeError as error:
        note(f"{click.style('Error:', fg='red', bold=True)} {error}")
        if isinstance(error, NodeError) and error.hint is None:
            note("  /trace shows where it failed; /retry asks again.")
    return True


def _greet(talk: Talk) -> None:
    conversation = talk.conversation
    whom = click.style(conversation.partner.title, bold=True)
    note(f"{whom} ({conversation.partner.kind}).  /help lists commands, Ctrl-D ends.")
    if conversation.session.partner == "embedded/reader" and not conversation.session.system:
        note("It only quotes: give it a text to quote with /attach FILE or /system TEXT.")
    if not conversation.turns:
        return
    last = conversation.turns[-1]
    count = len(conversation.turns)
    note(click.style(f"{count} turn{'s' if count > 1 else ''} so far, the last:", dim=True))
    note(click.style(f"> {short(last.question, 76)}", dim=True))
    if last.answer:
        note(click.style(f"  {short(last.answer, 76)}", dim=True))
    if last.status is not TurnStatus.ANSWERED:
        note(f"That question has no whole answer ({last.status}); /retry asks it again.")
