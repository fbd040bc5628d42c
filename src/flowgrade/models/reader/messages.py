"""Read chat messages: find the context and the question in them, then the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flowgrade.models.reader.query import understand
from flowgrade.models.reader.reading import Reading, read_query

_CONTEXT = re.compile(r"<context>(.*?)</context>", re.I | re.S)
_QUESTION = re.compile(r"^[ \t>*#]*question[ \t]*:[ \t*]*", re.I | re.M)
_ANSWER = re.compile(r"\n[ \t>*#]*answer[ \t]*:[ \t*]*\Z", re.I)
_FEW = 3  # content words; a question with fewer leans on the turn before


def read_messages(messages: Sequence[dict[str, Any]], *, max_sentences: int = 2) -> Reading:
    """Return what the context in the messages says to the last question in them.

    The messages have the shape of the OpenAI chat protocol: ``role``, and ``content`` as text or
    as a list of parts. The offsets of the sentences count in the text of ``find_context``.
    """
    question, earlier = find_question(messages)
    query = understand(question)
    if earlier and len(query.words) < _FEW:
        query = understand(question, earlier=earlier)
    return read_query(query, find_context(messages), max_sentences=max_sentences)


def find_context(messages: Sequence[dict[str, Any]]) -> str:
    """Return what stands between <context> tags, else the text of the system messages."""
    found = [block.strip() for text in map(_text, messages) for block in _CONTEXT.findall(text)]
    if not found:
        found = [_text(one) for one in messages if one.get("role") in ("system", "developer")]
    return "\n\n".join(found)


def find_question(messages: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """Return the question of the last user message, and that of the user message before it."""
    asked = [_question(_text(one)) for one in messages if one.get("role") == "user"]
    return (asked[-1] if asked else ""), (asked[-2] if len(asked) > 1 else "")


def _question(text: str) -> str:
    """Return the text without context, and what follows the last "Question:" if there is one."""
    text = _CONTEXT.sub("\n", text).strip()
    labels = list(_QUESTION.finditer(text))
    if labels:
        text = text[labels[-1].end() :]
    return _ANSWER.sub("", text).strip()


def _text(message: dict[str, Any]) -> str:
    """Return the text of a message; parts that are no text, such as images, are left out."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [part["text"] for part in content if isinstance(part, dict) and "text" in part]
    return "\n".join(text for text in texts if isinstance(text, str))
