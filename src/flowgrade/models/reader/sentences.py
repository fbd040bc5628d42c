"""Split text into sentences, list items, table rows and headings, with their places in it.

Nothing is rewritten: every piece is a slice of the text. A piece knows the pieces that introduce
it: the headings above it, the header of its table, the line that leads into its list, the question
that it follows in a list of questions and answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from flowgrade.models.reader.blocks import Block, Kind, blocks, item_body


class Piece(NamedTuple):
    """A slice of the text that can be an answer by itself.

    ``start`` and ``end`` are character offsets; ``body`` is where the words begin after a list
    marker; ``block`` counts the blocks of the text; ``leads`` are the indexes of the pieces that
    introduce this one.
    """

    kind: Kind
    start: int
    end: int
    body: int
    block: int
    asks: bool
    leads: tuple[int, ...]


_LONGEST = 1_000  # characters; a longer run without a full stop is cut at a space
_ANSWERS = 3  # pieces after a question that are taken to answer it

_STOP = re.compile(
    r"(?<![.!?\u2026])[.!?\u2026]++[\"'\u201d\u2019)\]*_]*+(?:\[\w{1,4}\])*+(?=\s)"
    r"|[\u3002\uff01\uff1f]+[\u300d\u300f\u201d]*"
)
_NEXT = re.compile(r"\s*[\"'\u201c\u2018(\[*_]*")
_BEFORE = re.compile(r"[^\W_](?:[\w.]*\w)?$")
_FIRST_WORD = re.compile(r"\w+")
_ABBREVIATIONS_TEXT = """
mr mrs ms mx dr prof st rev hon gen col sgt capt lt maj cmdr adm gov sen rep pres messrs vs e.g
i.e eg ie cf viz approx ca c no nos nr fig figs vol pp p ch sec art eq ed eds dept div assn tel
ext min max avg incl excl resp jan feb mar apr jun jul aug sept sep oct nov dec mon tue tues wed
thu thur thurs fri mt ft ave blvd
"""
_ABBREVIATIONS = frozenset(_ABBREVIATIONS_TEXT.split())
# These may also end a sentence, and do when a word that opens sentences follows.
_EITHER_TEXT = "u.s u.k u.n e.u d.c ph.d m.sc b.sc a.m p.m inc ltd co corp jr sr al est etc bros"
_EITHER = frozenset(_EITHER_TEXT.split())
_OPENERS_TEXT = """
The A An This That These Those It He She They We You I In On At By For From To As If When While
After Before Since Although However But And Or So Then There Here Its His Her Their Our Your My
Some Most Many Each All No Not With Under During Please Both Such What Who How Why
"""
_OPENERS = frozenset(_OPENERS_TEXT.split())


def split(text: str) -> list[Piece]:
    """Return the pieces of the text in order; they do not overlap and none is blank."""
    pieces: list[Piece] = []
    introduction = _Introduction()
    for number, block in enumerate(blocks(text)):
        introduction.enter(block, len(pieces))
        for start, end in _spans(text, block):
            asks = text[end - 1] in "?\uff1f"
            body = item_body(text, start, end) if block.kind is Kind.ITEM else start
            leads = introduction.leads(len(pieces), asks=asks, colon=text[end - 1] in ":\uff1a")
            pieces.append(Piece(block.kind, start, end, body, number, asks, leads))
    return pieces


class _Introduction:
    """What introduces the next piece: headings, a lead-in or table header, a question."""

    def __init__(self) -> None:
        self._headings: list[tuple[int, int]] = []  # level, index of the piece
        self._opening: tuple[int, ...] = ()
        self._question: tuple[int, ...] = ()
        self._left = 0
        self._kind = Kind.PARAGRAPH

    def enter(self, block: Block, index: int) -> None:
        """Take note of the block whose first piece has this index."""
        if block.kind is Kind.HEADING:
            while self._headings and self._headings[-1][0] >= block.level:
                self._headings.pop()
            self._headings.append((block.level, index))
            self._question = ()
        if block.kind is Kind.HEADER or block.kind not in (Kind.ITEM, Kind.ROW):
            self._opening = ()
        self._kind = block.kind

    def leads(self, index: int, *, asks: bool, colon: bool) -> tuple[int, ...]:
        """Return the indexes of what introduces the piece, and count the piece."""
        headings = tuple(found for _, found in self._headings if found != index)
        if self._kind is Kind.HEADING:
            return headings
        leads = headings + self._opening
        if asks:
            self._question, self._left = (index,), _ANSWERS
        elif self._left:
            leads += self._question
            self._left -= 1
        if colon or self._kind is Kind.HEADER:
            self._opening = (index,)
        return leads


def _spans(text: str, block: Block) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each sentence of a block."""
    start, end = block.start, block.end
    if block.kind in (Kind.ROW, Kind.HEADER):
        yield from _bounded(text, *_cells(text, start, end))
        return
    if block.kind is not Kind.HEADING:
        first = item_body(text, start, end) if block.kind is Kind.ITEM else start
        for stop in _STOP.finditer(text, first, end):
            if _ends(text, first, stop, end):
                yield from _bounded(text, start, stop.end())
                start = _skip_space(text, stop.end(), end)
    if start < end:
        yield from _bounded(text, start, end)


def _ends(text: str, first: int, stop: re.Match[str], end: int) -> bool:
    """Say whether a sentence ends at these marks, by the word before and what follows."""
    opening = _NEXT.match(text, stop.end(), end)
    following = opening.end() if opening else end
    if following >= end or text[stop.start()] in "\u3002\uff01\uff1f":
        return True
    if text[following].islower():
        return False
    if stop.group()[0] != "." or stop.group().startswith(".."):
        return True
    before = _BEFORE.search(text, max(first, stop.start() - 12), stop.start())
    if before is None:
        return True
    word = before.group().lower()
    if word in _EITHER or (len(word) == 1 and word.isalpha()):
        opener = _FIRST_WORD.match(text, following, end)
        return opener is not None and opener.group() in _OPENERS
    return word not in _ABBREVIATIONS


def _bounded(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the span, cut at spaces where it is too long."""
    while end - start > _LONGEST:
        cut = max(
            text.rfind(" ", start, start + _LONGEST), text.rfind("\n", start, start + _LONGEST)
        )
        cut = cut if cut > start else start + _LONGEST
        yield start, cut
        start = _skip_space(text, cut, end)
    if start < end:
        yield start, end


def _skip_space(text: str, start: int, end: int) -> int:
    while start < end and text[start].isspace():
        start += 1
    return start


def _cells(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of a table row without its outer bars."""
    row = text[start:end]
    return end - len(row.lstrip("| \t")), start + len(row.rstrip("| \t"))
