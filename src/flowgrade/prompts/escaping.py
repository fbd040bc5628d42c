"""Keep the text of users inert: what they write never becomes a role of the conversation.

A chat template is rendered to text and then split at lines such as ``user:``. Where a user's
text holds such a line, or a part of one that the template's own text could complete, an
unguessable number is put between the word and the colon before rendering and taken out after
splitting. Digits survive filters such as ``upper`` and ``tojson``.

Prompt flow replaces whole role words by UUIDs instead, wherever they stand in escaped values;
what comes out is the same, but a history's ``item.role`` stays usable here.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any

ROLES = ("system", "user", "assistant", "function", "tool")

_ROLE = "|".join(ROLES)
_TAILS = "|".join(sorted({role[n:] for role in ROLES for n in range(1, len(role))}))
_END = r"\s*(?:\Z|:\s*(?:\n|\Z))"
_LONGEST = max(map(len, ROLES)) + 1
_OPENING = re.compile(rf"(?i)({_ROLE})\s*:\s*\n")
_MARKER = re.compile(rf"(?i)({_ROLE})(?={_END})")
_TAIL = re.compile(rf"(?i)(?:{_TAILS})?\s*(?=:\s*(?:\n|\Z))")
_FIELD = re.compile(r"(?:name|content|tool_call_id|tool_calls)(?=\s*:\s*(?:\n|\Z))")


class PromptText(str):
    """The text that a prompt node made, which remembers what in it came from users.

    A string like any other; ``render_chat`` and ``render_text`` read ``escaped``, so that the
    roles of the prompt's own template count and those in its users' text do not.
    """

    escaped: str
    tokens: frozenset[str]

    def __new__(cls, text: str, *, escaped: str, tokens: Collection[str] = ()) -> PromptText:
        """A text, the same with tokens before what came from users, and those tokens."""
        made = super().__new__(cls, text)
        made.escaped = escaped
        made.tokens = frozenset(tokens)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (str(self), self.escaped, self.tokens)


class ChatList(list[Any]):
    """A list that a template writes out with an item a line, as prompt flow's llm node has it."""

    def __str__(self) -> str:
        return "\n".join(map(str, self))


def as_chat_lists(value: Any) -> Any:
    """``value`` with every list in it, however deep, as a ChatList."""
    if isinstance(value, dict):
        return {key: as_chat_lists(item) for key, item in value.items()}
    return ChatList(as_chat_lists(item) for item in value) if isinstance(value, list) else value


class Escaper:
    """Escapes the values of one rendering and restores what came of them."""

    def __init__(self) -> None:
        self.tokens: set[str] = set()
        self._token = ""

    def variables(
        self, variables: Mapping[str, object], names: Collection[str] | None
    ) -> dict[str, object]:
        """The variables with those in ``names`` escaped; None means all of them.

        Where the text of an earlier prompt node holds escaped parts, those stay escaped and the
        rest counts as its template's, whichever variable holds it.
        """
        return {
            name: self.value(value, user=names is None or name in names)
            for name, value in variables.items()
        }

    def value(self, value: object, *, user: bool) -> object:
        """``value`` with its strings escaped, a copy where that changes something."""
        if isinstance(value, PromptText) and value.tokens:
            self.tokens |= value.tokens
            return value.escaped
        if isinstance(value, str):
            return self.text(value) if user else value
        if isinstance(value, dict):
            made = {
                self.value(key, user=user): self.value(item, user=user)
                for key, item in value.items()
            }
            return value if _same(value.items(), made.items()) else made
        if isinstance(value, list) or type(value) is tuple:
            items = [self.value(item, user=user) for item in value]
            kind = type(value) if isinstance(value, ChatList | tuple) else list
            return value if _same([value], [items]) else kind(items)
        return value

    def text(self, text: str) -> str:
        """``text`` with a token in every role marker and header, or in what may become one."""
        spots = _spots(text)
        if not spots:
            return text
        if not self._token:
            self._token = str(uuid.uuid4().int)
            self.tokens.add(self._token)
        parts = [text[a:b] for a, b in zip([0, *spots], [*spots, len(text)], strict=True)]
        return self._token.join(parts)

    def restore(self, value: Any) -> Any:
        """``value`` without the tokens, in place of the escaped one."""
        if isinstance(value, str):
            for token in self.tokens:
                value = value.replace(token, "")
            return value
        if isinstance(value, list):
            return [self.restore(item) for item in value]
        if isinstance(value, dict):
            return {self.restore(key): self.restore(item) for key, item in value.items()}
        return value


def has_roles(text: str) -> bool:
    """Whether any line of ``text`` opens a message."""
    return bool(markers(text))


def markers(text: str) -> list[tuple[int, int, str]]:
    """Start, end and role of each line of ``text`` that opens a message.

    The same as the matches of ``(?im)^\\s*#?\\s*(role)\\s*:\\s*\\n``, without that pattern's
    cubic time on blank lines.
    """
    found = []
    end = 0
    for match in _OPENING.finditer(text):
        start = _line_start(text, match.start(), end)
        if start is not None:
            end = match.end()
            found.append((start, end, match[1]))
    return found


def _spots(text: str) -> list[int]:
    """Where a token goes: behind the word of each marker, header or piece of one."""
    ends = text.rstrip()[-_LONGEST:].casefold().endswith(ROLES)
    if not (ends or ":" in text) or _is_role(text):
        return []
    spots = {match.end() for match in _FIELD.finditer(text)}
    for match in _MARKER.finditer(text):
        if _line_start(text, match.start(), 0) is not None:
            spots.add(match.end())
    if tail := _TAIL.match(text):
        spots.add(tail.end())
    return sorted(spots)


def _is_role(text: str) -> bool:
    """Whether ``text`` is nothing but a role, for templates that write ``{{item.role}}:``."""
    return len(text) < 2 * _LONGEST and text.strip().lower() in ROLES and "\n" not in text


def _line_start(text: str, position: int, lowest: int) -> int | None:
    """The first line start from which only white space and one ``#`` lead to ``position``."""
    spaces = _back_over_spaces(text, position, lowest)
    if spaces > lowest and text[spaces - 1] == "#":
        before = _back_over_spaces(text, spaces - 1, lowest)
        if (start := _first_line(text, before, spaces - 1, lowest)) is not None:
            return start
    return _first_line(text, spaces, position, lowest)


def _first_line(text: str, begin: int, end: int, lowest: int) -> int | None:
    if begin == lowest:
        return begin
    newline = text.find("\n", begin, end)
    return newline + 1 if newline >= 0 else None


def _back_over_spaces(text: str, position: int, lowest: int) -> int:
    while position > lowest and text[position - 1].isspace():
        position -= 1
    return position


def _same(old: Iterable[Any], new: Iterable[Any]) -> bool:
    return all(
        len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))
        for a, b in zip(old, new, strict=True)
    )


def _restored(text: str, escaped: str, tokens: frozenset[str]) -> PromptText:
    return PromptText(text, escaped=escaped, tokens=tokens)
