"""``flowgrade sessions``: what was said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

import click

from flowgrade.app import App
from flowgrade.chat import FORMATS, conversation_of, session_rows, transcript
from flowgrade.cli.chat.controls import visible
from flowgrade.cli.show import (
    amount,
    duration,
    fields,
    json_out,
    moment,
    money,
    note,
    short,
    table,
    write_out,
)
from flowgrade.records import dumps
from flowgrade.store import Store
from flowgrade.tracing import (
    Session,
    Turn,
    delete_session,
    get_session,
    latest_session,
    list_sessions,
)
from flowgrade.tracing import session_turns as turns_of

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@click.group()
def sessions() -> None:
    """List, show, export and delete sessions: conversations with a model or a flow."""


@sessions.command("list")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1), help="How many, at most."
)
@as_json_option
def list_(limit: int, as_json: bool) -> None:
    """The sessions that were last used first."""
    found = list_sessions(App().store, limit=limit)
    if as_json:
        json_out([session.as_json() for session in found])
        return
    if not found:
        note("There are no sessions yet. Begin one: flowgrade chat MODEL, or chat FLOW")
        return
    table(
        ["SESSION", "WITH", "TURNS", "TOKENS", "COST", "LAST USED", "FIRST QUESTION"],
        [
            (
                session.name,
                _whom(session),
                str(session.turns),
                amount(session.tokens),
                money(session.cost),
                moment(session.updated_ns),
                short(session.title, 50),
            )
            for session in found
        ],
    )


@sessions.command()
@click.argument("session", required=False)
@as_json_option
def show(session: str | None, as_json: bool) -> None:
    """One session with all that was said; the one last used if none is named.

    The beginning or the end of a name is enough.
    """
    store = App().store
    found = get_session(store, session) if session else latest_session(store)
    turns = turns_of(store, found.name)
    if as_json:
        json_out({**found.as_json(), "conversation": [turn.as_json() for turn in turns]})
        return
    fields(
        [
            ("session", found.name),
            ("with", f"{found.partner} ({found.kind})"),
            *([("system", short(found.system, 80))] if found.system else []),
            *((name, short(value, 80)) for name, value in found.given.items()),
            ("begun", moment(found.created_ns)),
            ("tokens", amount(found.tokens)),
            ("cost", money(found.cost)),
        ]
    )
    for turn in turns:
        _print(turn)
    click.echo()
    fields([("next", f"flowgrade chat --continue {found.name}")])


@sessions.command()
@click.argument("session", required=False)
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    default="jsonl",
    show_default=True,
    help="jsonl: a row a turn, as `flowgrade run` reads them; conversation: a line a session, "
    "with its messages; markdown: to read.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File.")
def export(session: str | None, format_: str, output: Path | None) -> None:
    """Write a session, or all of them, as rows of a dataset.

    A row has the inputs of the flow with their names, or question and chat_history of a model,
    and the answer. Turns without an answer are left out.
    """
    store = App().store
    found = [get_session(store, session)] if session else _all(store)
    what = "rows" if format_ == "jsonl" else "sessions"
    write_out(output, lambda stream: _write(stream, _lines(store, found, format_)), what)


@sessions.command()
@click.argument("session")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def delete(session: str, yes: bool) -> None:
    """Delete a session with its turns and their traces."""
    store = App().store
    found = get_session(store, session)
    if not yes:
        click.confirm(f"Delete '{found.name}' with {found.turns:,} turns?", abort=True, err=True)
    delete_session(store, found.name)
    note(f"Deleted '{found.name}'.")


def _all(store: Store) -> list[Session]:
    return list(reversed(list_sessions(store, limit=1_000_000)))


def _write(stream: TextIO, lines: Iterable[str]) -> int:
    count = 0
    for line in lines:
        stream.write(line)
        count += 1
    return count


def _lines(store: Store, sessions: list[Session], format_: str) -> Iterator[str]:
    for session in sessions:
        turns = turns_of(store, session.name)
        if format_ == "jsonl":
            yield from (dumps(row) + "\n" for row in session_rows(session, turns))
        elif format_ == "conversation":
            yield dumps(conversation_of(session, turns)) + "\n"
        else:
            yield transcript(session, turns)


def _whom(session: Session) -> str:
    return Path(session.partner).name if session.kind == "flow" else session.partner


def _print(turn: Turn) -> None:
    files = "".join(f" [{found['name']}]" for found in turn.attachments)
    click.echo(f"\n{click.style(f'> {visible(turn.question)}{files}', bold=True)}")
    if turn.answer:
        click.echo(visible(turn.answer))
    if turn.error is not None:
        click.echo(click.style(f"{turn.error.type}: {turn.error.message}", fg="red"))
        if turn.error.hint:
            click.echo(f"  {turn.error.hint}")
    tokens = "" if turn.tokens is None else f", {amount(turn.tokens)} tokens"
    more = f"{turn.status}, {duration(turn.seconds)}{tokens}, flowgrade traces show {turn.trace_id}"
    click.echo(click.style(more, dim=True))
