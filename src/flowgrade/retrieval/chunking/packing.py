"""Neighbouring pieces of a text put together up to a number of tokens."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from flowgrade.retrieval.chunking.chunker import CountTokens
from flowgrade.retrieval.chunking.spans import (
    Atom,
    Span,
    fragments,
    paragraphs,
    pieces,
    sentences,
)


def packed(text: str, span: Span, size: int, count: CountTokens) -> Iterator[Span]:
    """``span`` as few stretches of at most ``size`` tokens, of about one length.

    A part of a sentence that is too long does not go together with other sentences.
    """
    together: list[Atom] = []
    for piece, tokens in pieces(text, span, size, count, (paragraphs, sentences)):
        if tokens <= size:
            together.append((piece, tokens))
            continue
        yield from _shared(text, together, size, count)
        together = []
        yield from _shared(text, list(fragments(text, piece, size, count)), size, count)
    yield from _shared(text, together, size, count)


def _shared(text: str, found: list[Atom], size: int, count: CountTokens) -> Iterator[Span]:
    remaining = sum(tokens for _, tokens in found)
    # Chunks end nearest to an even share when half a piece more is let in.
    slack = remaining / (2 * len(found)) if found else 0
    first = 0
    while first < len(found):
        budget = size
        if remaining > size:
            budget = min(size, math.ceil(remaining / math.ceil(remaining / size) + slack))
        last = taken(text, found, first, budget, count)
        yield Span(found[first][0].start, found[last - 1][0].end)
        remaining -= sum(tokens for _, tokens in found[first:last])
        first = last


def taken(text: str, found: Sequence[Atom], first: int, budget: int, count: CountTokens) -> int:
    """The end of the most pieces from ``first`` on that have ``budget`` tokens; at least one.

    The tokens of pieces add up only about, so what is taken is counted as a whole.
    """
    last, tokens = first + 1, found[first][1]
    while last < len(found):
        longer = _within(found, last, budget - tokens)
        if longer == last:
            break
        exact = _counted(text, found, first, longer, count)
        while exact > budget and longer > last:
            longer -= 1
            exact = _counted(text, found, first, longer, count)
        if longer == last:
            break
        last, tokens = longer, exact
    return last


def _within(found: Sequence[Atom], first: int, room: int) -> int:
    last = first
    while last < len(found) and found[last][1] <= room:
        room -= found[last][1]
        last += 1
    return last


def _counted(text: str, found: Sequence[Atom], first: int, last: int, count: CountTokens) -> int:
    return count(text[found[first][0].start : found[last - 1][0].end])
