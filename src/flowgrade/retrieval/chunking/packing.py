"""Neighbouring pieces of a text put together up to a number of tokens."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from flowgrade.retrieval.chunking.chunker import CountTokens
from flowgrade.retrieval.chunking.spans import Span, atoms

Atom = tuple[Span, int]
"""A piece and its tokens."""

_SLACK = 1.1
"""How far above an even share a chunk may go: pieces seldom end where the share does."""


def packed(text: str, span: Span, size: int, count: CountTokens) -> Iterator[Span]:
    """``span`` as few stretches of at most ``size`` tokens, of about one length."""
    pieces = list(atoms(text, span, size, count))
    remaining = sum(tokens for _, tokens in pieces)
    first = 0
    while first < len(pieces):
        share = remaining / math.ceil(remaining / size) if remaining > size else size
        last = taken(text, pieces, first, min(size, math.ceil(share * _SLACK)), count)
        yield Span(pieces[first][0].start, pieces[last - 1][0].end)
        remaining -= sum(tokens for _, tokens in pieces[first:last])
        first = last


def taken(text: str, pieces: Sequence[Atom], first: int, budget: int, count: CountTokens) -> int:
    """The end of the most pieces from ``first`` on that have ``budget`` tokens; at least one.

    The tokens of pieces add up only about, so what is taken is counted as a whole.
    """
    last, tokens = first + 1, pieces[first][1]
    while last < len(pieces):
        longer = _within(pieces, last, budget - tokens)
        if longer == last:
            break
        exact = _counted(text, pieces, first, longer, count)
        while exact > budget and longer > last:
            longer -= 1
            exact = _counted(text, pieces, first, longer, count)
        if longer == last:
            break
        last, tokens = longer, exact
    return last


def _within(pieces: Sequence[Atom], first: int, room: int) -> int:
    last = first
    while last < len(pieces) and pieces[last][1] <= room:
        room -= pieces[last][1]
        last += 1
    return last


def _counted(text: str, pieces: Sequence[Atom], first: int, last: int, count: CountTokens) -> int:
    return count(text[pieces[first][0].start : pieces[last - 1][0].end])
