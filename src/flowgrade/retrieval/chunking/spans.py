"""Stretches of a text: where its paragraphs, sentences, lines and words begin and end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from flowgrade.retrieval.chunking.chunker import CountTokens


class Span(NamedTuple):
    """Characters ``start`` to ``end`` of a text, neither of them white."""

    start: int
    end: int


_BLANK_LINES = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
_ITEM = r"[^\S\n]*(?:[-*+•|>]|\d{1,3}[.)])[^\S\n]"
_SENTENCE_END = re.compile(
    rf"(?<=[.!?…])[\"'”’»)\]]*\s+(?=[^\sa-z])|(?<=[。！？])|\n(?={_ITEM}|\|)"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|No|Nr|Fig|Eq|vs|etc|cf|ca|approx|"
    r"e\.g|i\.e|z\.B|d\.h|bzw|vgl|resp|Inc|Ltd|Co|al|Vol|pp?)\.$"
)
_LINE = re.compile(r"\n")
_WORD = re.compile(r"\S+")
_PIECE = 4
"""Characters a token, about: where cutting a word without end begins."""


def trimmed(text: str, start: int, end: int) -> Span | None:
    """The span without the white space at its ends; None when there is nothing else."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end) if start < end else None


def paragraphs(text: str, span: Span) -> Iterator[Span]:
    """What blank lines separate."""
    return _between(text, span, _BLANK_LINES)


def sentences(text: str, span: Span) -> Iterator[Span]:
    """Sentences, items of lists and rows of tables."""
    start = span.start
    for match in _SENTENCE_END.finditer(text, span.start, span.end):
        before = text[max(start, match.start() - 12) : match.start()]
        if before.endswith(".") and _ABBREVIATION.search(before):
            continue
        closing = match.end() - len(match[0].lstrip("\"'”’»)]"))
        if found := trimmed(text, start, closing):
            yield found
        start = match.end()
    if found := trimmed(text, start, span.end):
        yield found


def lines(text: str, span: Span) -> Iterator[Span]:
    """The lines that are not blank."""
    return _between(text, span, _LINE)


def words(text: str, span: Span) -> Iterator[Span]:
    """What white space separates."""
    return (Span(*match.span()) for match in _WORD.finditer(text, span.start, span.end))


def _between(text: str, span: Span, separator: re.Pattern[str]) -> Iterator[Span]:
    start = span.start
    for match in separator.finditer(text, span.start, span.end):
        if found := trimmed(text, start, match.start()):
            yield found
        start = match.end()
    if found := trimmed(text, start, span.end):
        yield found


Cut = Callable[[str, Span], Iterator[Span]]
Atom = tuple[Span, int]
"""A piece and its tokens."""


def pieces(
    text: str, span: Span, size: int, count: CountTokens, cuts: Sequence[Cut]
) -> Iterator[Atom]:
    """The largest pieces of at most ``size`` tokens that ``cuts`` make, coarsest first.

    What even the finest leaves longer comes as it is.
    """
    tokens = size + 1
    if span.end - span.start <= size * 20:  # no use in counting what is far too long
        tokens = count(text[span.start : span.end])
    if tokens <= size or not cuts:
        yield span, tokens
        return
    for piece in cuts[0](text, span):
        yield from pieces(text, piece, size, count, cuts[1:])


def fragments(text: str, span: Span, size: int, count: CountTokens) -> Iterator[Atom]:
    """The lines of a sentence, or its words, or their characters.

    Only a single character can have more than ``size`` tokens.
    """
    for piece, tokens in pieces(text, span, size, count, (lines, words)):
        if tokens <= size:
            yield piece, tokens
        else:
            yield from _characters(text, piece, size, count)


def _characters(text: str, span: Span, size: int, count: CountTokens) -> Iterator[Atom]:
    start = span.start
    while start < span.end:
        length = min(size * _PIECE, span.end - start)
        tokens = count(text[start : start + length])
        while tokens > size and length > 1:
            length //= 2
            tokens = count(text[start : start + length])
        yield Span(start, start + length), tokens
        start += length
