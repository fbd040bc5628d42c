"""Rules about the lines that open messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from flowgrade.prompts.escaping import ROLES
from flowgrade.prompts.lint.found import Found
from flowgrade.prompts.lint.subject import Part, Subject

_LINE = re.compile(r"^[ \t]*(#?)[ \t]*([A-Za-z]{2,12})[ \t]*:[ \t]*$", re.MULTILINE)
_SAME_LINE = re.compile(
    rf"^[ \t]*#?[ \t]*({'|'.join(ROLES)})[ \t]*:[ \t]*(?=\S)(?!\{{%)", re.MULTILINE
)
_SPACED = re.compile(rf"^[ \t]*#?[ \t]*(?:{'|'.join(ROLES)})[ \t]*:([ \t]+)$", re.M | re.I)
_FOREIGN = {"developer": "system", "human": "user", "ai": "assistant", "bot": "assistant"}
_INVISIBLE = re.compile(r"\{#.*?#\}|\{%.*?%\}", re.DOTALL)


def unknown_role(subject: Subject) -> Iterator[Found]:
    """A line such as ``# usr:`` opens no message."""
    for match in _LINE.finditer(subject.template):
        word = match[2].lower()
        near = get_close_matches(word, ROLES, n=1, cutoff=0.75)
        if word.removesuffix("s") in ROLES:
            near = []  # 'Tools:' heads a list
        meant = _FOREIGN.get(word) if match[1] else None
        if word not in ROLES and (near or meant):
            yield Found(
                subject.source.place(match.start(2)),
                f"'{match[2]}:' is no role, so this line opens no message.",
                f"Write '{near[0] if near else meant}:'. Roles: {', '.join(ROLES)}.",
            )


def text_after_role(subject: Subject) -> Iterator[Found]:
    """A role with text behind it on its line opens no message."""
    for match in _SAME_LINE.finditer(subject.template):
        yield Found(
            subject.source.place(match.start(1)),
            f"Behind '{match[1]}:' stands text, so this line opens no message.",
            f"Put '{match[1]}:' on a line of its own.",
        )


def trailing_whitespace(subject: Subject) -> Iterator[Found]:
    """Blanks behind a role are accepted here and not everywhere."""
    for match in _SPACED.finditer(subject.template):
        yield Found(
            subject.source.place(match.start(1)),
            "Blanks stand behind the role's colon; other tools take the line for text.",
            "Delete the blanks at the end of the line.",
        )


def missing_role(subject: Subject) -> Iterator[Found]:
    """A chat prompt must open with a role."""
    if not subject.is_chat:
        return
    first = subject.parts[0].marker if subject.parts else len(subject.template)
    text = _INVISIBLE.sub(lambda found: " " * len(found[0]), subject.template[:first])
    if text.strip() or not subject.parts:
        at = len(text) - len(text.lstrip()) if text.strip() else 0
        yield Found(
            subject.source.place(at),
            "Text stands before the first role, so no message can be made.",
            "Put a line 'system:' or 'user:' before it, or set 'api: completion'.",
        )


def duplicate_role(subject: Subject) -> Iterator[Found]:
    """Two messages of one role in a row, or a second system message."""
    for before, part in zip(subject.parts, subject.parts[1:], strict=False):
        between = subject.template[before.start : part.marker]
        if before.role == part.role and "{%" not in between:
            yield Found(
                subject.source.place(part.marker),
                f"Two messages of the role '{part.role}' follow each other.",
                "Join them, or put the message that is missing between them.",
            )
        elif part.role == "system" and before.role != "system":
            yield Found(
                subject.source.place(part.marker),
                "A system message stands behind others; several models refuse that.",
                "Put what it says into the first message.",
            )


def empty_message(subject: Subject) -> Iterator[Found]:
    """A role without any text."""
    for part in subject.parts:
        if not _text(subject, part):
            yield Found(
                subject.source.place(part.marker),
                f"The message of the role '{part.role}' is empty; several models refuse that.",
                "Give it a text, or delete the line.",
            )


def _text(subject: Subject, part: Part) -> str:
    return re.sub(r"\{#.*?#\}", "", subject.template[part.start : part.end], flags=re.S).strip()
