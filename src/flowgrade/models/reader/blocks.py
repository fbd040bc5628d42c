"""Cut text into blocks: paragraphs, list items, table rows, headings.

Plain text and Markdown are read alike. A block is a slice of the text; the lines of a wrapped
paragraph stay together, short lines such as those of an address or a form stand alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """What a block of text is."""

    PARAGRAPH = "paragraph"
    ITEM = "item"
    ROW = "row"
    HEADER = "header"
    HEADING = "heading"


class Block(NamedTuple):
    """A slice of the text: character offsets, and for a heading its level (1 is the highest)."""

    kind: Kind
    start: int
    end: int
    level: int = 0


class _Line(NamedTuple):
    """A line that is not blank, without the space around it; ``gap``: a blank line precedes."""

    start: int
    end: int
    indent: int
    gap: bool


_WRAPPED = 60  # characters; a line at least as long may go on in the next one
_TITLE_LEVEL = 7  # a title without a mark ranks below all marked headings

_LINE = re.compile(r"[^\r\n]+")
_HASHES = re.compile(r"(#{1,6})\s+\S")
_TITLE = re.compile(
    r"(?:\[[^\]\s]{1,12}\]\s*)?(?:\*\*|__)?(?!\d+\b)[^\W_][^.!?:;|\u3002\uff01\uff1f]*[\w)*]$"
)
_NAMED_TITLE = re.compile(r"(?:title|document|section|subject|topic|chapter)\s?:\s*\S", re.I)
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|cannot|may|will|must|should|does|do)\b", re.I
)
_RULER = re.compile(r"[\s|:+=_*~-]*$")
_ROW = re.compile(r"\||[^|]+ \| ")
_ITEM = re.compile(r"(?:[-*+\u2022\u2023\u25aa\u25cf\u2013]|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s+(?=\S)")
_FIELD = re.compile(r"(?:\*\*)?[^\W_][\w /()-]{0,30}:(?:\*\*)?\s")
_FENCES = ("```", "~~~")


def blocks(text: str) -> list[Block]:
    """Return the blocks of the text in order; they do not overlap and none is blank."""
    found: list[Block] = []
    lines = list(_lines(text))
    fenced = False
    for number, line in enumerate(lines):
        words = text[line.start : line.end]
        if words.startswith(_FENCES):
            fenced = not fenced
        elif fenced:
            found.append(Block(Kind.ROW, line.start, line.end))
        elif _RULER.match(words):
            _underline(found, line, words)
        else:
            following = lines[number + 1] if number + 1 < len(lines) else None
            _place(found, _recognise(text, line, following), line, text)
    return found


def item_body(text: str, start: int, end: int) -> int:
    """Return the offset at which a list item's words begin, after its marker."""
    marker = _ITEM.match(text, start, end)
    return marker.end() if marker else start


def _lines(text: str) -> Iterator[_Line]:
    before = 0
    for match in _LINE.finditer(text):
        line = match.group()
        if line.isspace():
            continue
        start = match.start() + len(line) - len(line.lstrip())
        end = match.end() - len(line) + len(line.rstrip())
        gap = before == 0 or text.count("\n", before, match.start()) > 1
        yield _Line(start, end, start - match.start(), gap)
        before = match.end()


def _recognise(text: str, line: _Line, following: _Line | None) -> Block:
    """Return the line as a block of its own, of the kind that its words show."""
    words = text[line.start : line.end]
    kind, level = Kind.PARAGRAPH, 0
    if words[0] == "#" and (hashes := _HASHES.match(words)):
        kind, level = Kind.HEADING, len(hashes.group(1))
    elif following and _NAMED_TITLE.match(words):
        kind, level = Kind.HEADING, 1
    elif _ROW.match(words):
        kind = Kind.ROW
    elif _ITEM.match(words):
        kind = Kind.ITEM
    elif line.gap and following and _is_title(words, text, following):
        kind, level = Kind.HEADING, _TITLE_LEVEL
    return Block(kind, line.start, line.end, level)


def _is_title(words: str, text: str, following: _Line) -> bool:
    """Say whether an unmarked line looks like a heading: short, no full stop, no plain verb."""
    if len(words) >= _WRAPPED or (not following.gap and text[following.start].islower()):
        return False
    return _TITLE.match(words) is not None and _VERB.search(words) is None


def _place(found: list[Block], block: Block, line: _Line, text: str) -> None:
    """Add the block, or add its line to the paragraph or list item before it."""
    if block.kind is Kind.PARAGRAPH and found and not line.gap:
        before = found[-1]
        if before.kind in (Kind.PARAGRAPH, Kind.ITEM) and _continues(text, before, line):
            found[-1] = before._replace(end=line.end)
            return
    found.append(block)


def _continues(text: str, before: Block, line: _Line) -> bool:
    if _FIELD.match(text, line.start, line.end):
        return False
    if text[line.start].islower() or (before.kind is Kind.ITEM and line.indent > 1):
        return True
    opening = max(text.rfind("\n", before.start, before.end) + 1, before.start)
    return before.end - opening >= _WRAPPED


def _underline(found: list[Block], line: _Line, words: str) -> None:
    """Make the block above a ruler a heading or the header of a table."""
    if not found or line.gap:
        return
    above = found[-1]
    if above.kind is Kind.ROW and "|" in words:
        found[-1] = above._replace(kind=Kind.HEADER)
    elif above.kind in (Kind.PARAGRAPH, Kind.HEADING) and words[0] in "=-":
        found[-1] = above._replace(kind=Kind.HEADING, level=1 if words[0] == "=" else 2)
