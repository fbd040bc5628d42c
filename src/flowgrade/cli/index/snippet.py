"""The part of a passage that says why it was found."""

from __future__ import annotations

import re

import click

_WORD = re.compile(r"\w+")
_SHORT = 3  # letters; shorter words mark half of the text
_ENDINGS = 3  # letters in which forms of a word may differ


def snippet(text: str, question: str, width: int) -> str:
    """``text`` on one line, cut to the ``width`` characters that have the most words in common."""
    line = " ".join(text.split())
    if len(line) <= width:
        return line
    places = [match.start() for match in _matches(line, question)]
    start = max(places, key=lambda at: (_within(places, at, width), -at), default=0)
    start = min(max(0, start - width // 8), len(line) - width)
    end = start + width
    if start > 0:
        start = line.find(" ", start, end) + 1 or start
    if end < len(line):
        end = max(line.rfind(" ", start, end), start + width // 2)
    return f"{'…' if start else ''}{line[start:end]}{'…' if end < len(line) else ''}"


def marked(text: str, question: str) -> str:
    """``text`` with the words of the question in bold."""
    parts, last = [], 0
    for match in _matches(text, question):
        parts += [text[last : match.start()], click.style(match[0], bold=True, fg="yellow")]
        last = match.end()
    return "".join([*parts, text[last:]])


def _matches(text: str, question: str) -> list[re.Match[str]]:
    words = {word.lower() for word in _WORD.findall(question) if len(word) > _SHORT}
    return [match for match in _WORD.finditer(text) if _is_one_of(match[0].lower(), words)]


def _is_one_of(word: str, words: set[str]) -> bool:
    """Whether it is one of the words, or another form of one: they begin alike."""
    if word in words:
        return True
    if len(word) <= _SHORT:
        return False
    for other in words:
        stem = max(_SHORT + 1, min(len(word), len(other)) - _ENDINGS)
        if word[:stem] == other[:stem] and abs(len(word) - len(other)) <= _ENDINGS:
            return True
    return False


def _within(places: list[int], start: int, width: int) -> int:
    return sum(start <= place < start + width for place in places)
