"""The sentences of an answer, and the marks with which they cite passages."""

from __future__ import annotations

import re
from collections.abc import Mapping

Marks = list[tuple[str, int | None]]
"""Marks as they stand in the text, with the number of the passage that each names."""

_MARK = re.compile(r"\[\^?([^\[\]\n]{1,200})\](?!\()")  # [text](address) is a link
_NUMBERS = re.compile(r"\d{1,4}(?:\s*[,;–-]\s*\d{1,4})*")
_LIKE_AN_ID = re.compile(r"(?=.*[\d/#._-])\S+")
_BREAK = re.compile(r"[.!?…][\"'”’)]*\s+|[。！？]\s*|\n+")
_SHORT = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|no|dr|mr|mrs|ms|st|prof|approx|fig|[a-z])\.|^\s*\d{1,3}\.)\s+\Z", re.I
)
"""What ends with a full stop and ends no sentence: abbreviations, numbers of a list."""
_BULLET = re.compile(r"^(?:[-*+>•]|\d{1,3}[.)])\s+")
_CODE = re.compile(r"`[^`\n]+`")
_HIDDEN = str.maketrans("[]", "\ue000\ue001")  # of a private area: no text has them
_SHOWN = str.maketrans("\ue000\ue001", "[]")


def sentences_of(answer: str, known: Mapping[str, int]) -> list[tuple[str, Marks]]:
    """The sentences without their marks, and the marks; one behind a full stop belongs to it.

    ``known`` has what passages are called, with their numbers. Brackets in code are no marks;
    headings, and lines that end with a colon, are no sentences unless they cite.
    """
    found: list[tuple[str, Marks]] = []
    for piece in _pieces(_CODE.sub(lambda match: match[0].translate(_HIDDEN), answer)):
        first = _MARK.match(piece) if found and not found[-1][1] else None
        while first and (marks := _marks(first[1], known)):
            found[-1][1].extend(marks)
            piece = piece[first.end() :].lstrip(" .,;")
            first = _MARK.match(piece)
        marks = [m for match in _MARK.finditer(piece) for m in _marks(match[1], known)]
        text = _MARK.sub(lambda match: "" if _marks(match[1], known) else match[0], piece)
        text = re.sub(r"\s+([.,;:!?])", r"\1", " ".join(text.split()))
        if not re.search(r"\w", text):
            if marks and found:
                found[-1][1].extend(marks)
        elif marks or not text.startswith("#") and not text.endswith(":"):
            found.append((_BULLET.sub("", text).translate(_SHOWN), marks))
    return found


def _pieces(answer: str) -> list[str]:
    """The text cut behind its sentences and lines, not behind an abbreviation."""
    found: list[str] = []
    start = 0
    for match in _BREAK.finditer(answer):
        piece = answer[start : match.end()]
        follows = answer[match.end() : match.end() + 1]
        if "\n" not in match[0] and (follows.islower() or _SHORT.search(piece)):
            continue
        found.append(piece.strip())
        start = match.end()
    return [*found, answer[start:].strip()]


def _marks(inside: str, known: Mapping[str, int]) -> Marks:
    """The passages that a bracket names; nothing for brackets that are no citation."""
    inside = inside.strip()
    if inside in known:
        return [(inside, known[inside])]
    if _NUMBERS.fullmatch(inside):
        return [(str(n), known.get(str(n))) for n in _numbers(inside)]
    parts = [part.strip() for part in re.split(r"[,;]", inside)]
    if any(part in known for part in parts) or all(map(_LIKE_AN_ID.fullmatch, parts)):
        return [(part, known.get(part)) for part in parts if part]
    return []


def _numbers(inside: str) -> list[int]:
    found: list[int] = []
    for part in re.split(r"[,;]", inside):
        first, *last = [int(one) for one in re.split(r"[–-]", part) if one.strip()]
        end = last[-1] if last else first
        found += range(first, end + 1) if first <= end < first + 100 else [first, end]
    return found
