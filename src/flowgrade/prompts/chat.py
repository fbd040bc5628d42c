"""Split rendered text into the messages of a chat, exactly as prompt flow splits it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from flowgrade.errors import TemplateError
from flowgrade.prompts.escaping import ROLES, markers
from flowgrade.prompts.images import Image

Dialect = Literal["node", "prompty"]
"""Whose rules hold where prompt flow has two: those of its llm node or those of Prompty."""

_NAME_AND_CONTENT, _ID_AND_CONTENT = (
    # Possessive, because user text stands in these blocks and must not cost more than linear time.
    re.compile(
        rf"{field}\s*+:(?=\s*\n)\s*+(\S+)\s*+(?:\#{{1,2}}+\s*+)?content\s*+:\s*+(.*)", re.DOTALL
    )
    for field in ("name", "tool_call_id")
)
_TOOL_CALLS = re.compile(r"tool_calls\s*+:(?=\s*\n)\s*+(?=\[)")
_PLACEHOLDER = re.compile(r"!\[\s*image\s*\]\(\{\{(\s*[^\s{}]+\s*)\}\}\)")
_EXPECTED = "system:, user:, assistant:, function: or tool:"
ROLE_HINT = (
    f"Put a line with {_EXPECTED} before the first text. For a completion model set "
    "'api: completion'."
)


def parse_chat(
    text: str,
    *,
    images: Iterable[Image] = (),
    image_detail: str = "auto",
    dialect: Dialect = "node",
    restore: Callable[[str], str] = str,
) -> list[dict[str, Any]]:
    """The messages of ``text``, in the shape that OpenAI's chat API takes.

    A line ``user:`` (or another role, ``#`` allowed before it) opens a message. Content is
    stripped; where a line is the name of one of ``images`` it becomes a list of parts. A message
    may begin with ``## name:`` and ``## content:`` (``function`` must), a ``tool`` message with
    ``## tool_call_id:``, an assistant's with ``## tool_calls:``. ``restore`` makes error messages
    readable when the text is escaped. Raises TemplateError for text before the first role and for
    a function or tool message without its header.
    """
    named = {str(image): image for image in images}
    messages: list[dict[str, Any]] = []
    for chunk in _chunks(text):
        last = messages[-1] if messages else {}
        if last.get("role") == "tool" and "content" not in last:
            last |= _tool_content(chunk, named, image_detail)
        elif last.get("role") == "assistant" and (calls := _tool_calls(chunk, dialect)) is not None:
            last["tool_calls"] = calls
        elif last and "content" not in last and "tool_calls" not in last:
            last |= _content(chunk, last["role"], named, image_detail)
        elif chunk.strip():
            messages.append({"role": _role(chunk, restore)})
    return messages


def place_images(template: str) -> str:
    """``template`` with each ``![image]({{name}})`` on a line of its own, as ``{{name}}``."""
    return _PLACEHOLDER.sub(lambda found: f"\n{{{{{found[1]}}}}}\n", template)


def _chunks(text: str) -> list[str]:
    """Text, role, text, role, text and so on, as ``re.split`` gives it."""
    chunks = []
    position = 0
    for start, end, role in markers(text):
        chunks += [text[position:start], role]
        position = end
    return [*chunks, text[position:]]


def _role(chunk: str, restore: Callable[[str], str]) -> str:
    role = chunk.strip().lower()
    if role not in ROLES:
        shown = restore(role)
        shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
        raise TemplateError(f"A message must open with a role, not with '{shown}'.", hint=ROLE_HINT)
    return role


def _content(chunk: str, role: str, named: Mapping[str, Image], detail: str) -> dict[str, Any]:
    match = _NAME_AND_CONTENT.search(chunk)
    if match:
        return {"name": match[1], "content": _parts(match[2], named, detail)}
    if role == "function":
        raise TemplateError(
            "A message of the role 'function' has no name.",
            hint="Write '## name:', the name, '## content:' and the content, each on its line.",
        )
    return {"content": _parts(chunk, named, detail)}


def _tool_content(chunk: str, named: Mapping[str, Image], detail: str) -> dict[str, Any]:
    match = _ID_AND_CONTENT.search(chunk)
    if match is None:
        raise TemplateError(
            "A message of the role 'tool' has no tool_call_id.",
            hint="Write '## tool_call_id:', the id, '## content:' and the content, each on its "
            "line.",
        )
    return {"tool_call_id": match[1], "content": _parts(match[2], named, detail)}


def _tool_calls(chunk: str, dialect: Dialect) -> Any:
    """The value behind ``tool_calls:``; None when there is none that can be read.

    The llm node reads up to the first closing bracket, Prompty up to the end of the message.
    """
    match = _TOOL_CALLS.search(chunk)
    if match is None:
        return None
    rest = chunk[match.end() :].rstrip()
    if dialect == "node":
        rest = rest[: rest.find("]") + 1]
    if not rest.endswith("]"):
        return None
    try:
        return ast.literal_eval(rest)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _parts(text: str, named: Mapping[str, Image], detail: str) -> str | list[dict[str, Any]]:
    text = text.strip()
    if not named:
        return text
    lines = [line for line in text.split("\n") if line.strip()]
    if not any(line.strip() in named for line in lines):
        return text
    return [
        named[line.strip()].to_part(detail)
        if line.strip() in named
        else {"type": "text", "text": line}
        for line in lines
    ]
