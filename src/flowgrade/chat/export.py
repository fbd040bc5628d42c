"""Make rows of a dataset, or a text, from a session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowgrade.chat.history import asked, attached, heard, history_of, messages_of
from flowgrade.records import JsonObject
from flowgrade.tracing import Session, SessionKind, Turn

FORMATS = ("jsonl", "conversation", "markdown")
"""``jsonl``: a row a turn; ``conversation``: a line a session; ``markdown``: to read."""


def session_rows(session: Session, turns: Sequence[Turn]) -> Iterator[JsonObject]:
    """A row for each turn with an answer: the inputs, those the partner was given, and ``answer``.

    The names are those of the flow, so that ``flowgrade run`` takes the rows as they are; a model
    has ``question`` and ``chat_history``.
    """
    good = heard(turns)
    for place, turn in enumerate(good):
        shape = turn.shape
        question = asked(turn.question, attached(turn))
        row: JsonObject = {"session": session.name, "turn": turn.number}
        if turn.outputs is not None:
            row.update(turn.given)
        elif turn.system:
            row["system"] = turn.system
        row[shape.question] = question
        row[shape.history or "chat_history"] = history_of(good[:place], shape)
        row.setdefault("question", question)
        row.setdefault("answer", turn.answer)
        yield row


def conversation_of(session: Session, turns: Sequence[Turn]) -> JsonObject:
    """The session as chat messages, as fine-tuning and evaluators of conversations take it."""
    good = heard(turns)
    system = good[-1].system if good else session.system
    first = [{"role": "system", "content": system}] if system else []
    return {"session": session.name, "messages": [*first, *messages_of(turns)]}


def transcript(session: Session, turns: Sequence[Turn]) -> str:
    """The session as Markdown."""
    parts = [f"# {session.title or session.name}\n"]
    whom = "flow" if session.kind is SessionKind.FLOW else "model"
    parts.append(f"Session `{session.name}` with the {whom} `{session.partner}`.\n")
    if session.system:
        parts.append(f"System: {session.system}\n")
    for turn in turns:
        parts.append(f"## {' '.join(turn.question.split())[:80]}\n")
        parts.append(turn.question + "\n")
        parts += [f"Attached: {found['name']}\n" for found in turn.attachments]
        if turn.answer is not None:
            parts.append(f"**Answer** ({turn.partner}):\n\n{turn.answer}\n")
        if turn.error is not None:
            parts.append(f"**Failed**: {turn.error.type}: {turn.error.message}\n")
    return "\n".join(parts)
