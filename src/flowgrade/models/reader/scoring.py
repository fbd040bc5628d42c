"""Score each piece of a context by how well it answers a question.

The score of a piece is the share of the question's words that it contains, each word weighted by
how rare it is in the context (inverse document frequency over the pieces, smoothed as in BM25:
Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009). Words found only as a
synonym, in a heading above or in a sentence before earn part of their weight. Pairs of
neighbouring words and what the question's form asks for add to it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from itertools import chain

from flowgrade.models.reader.blocks import Kind
from flowgrade.models.reader.hints import WORTH, meets, refers_back
from flowgrade.models.reader.page import Page
from flowgrade.models.reader.query import Query
from flowgrade.models.reader.synonyms import alternatives
from flowgrade.records import Record

# Measured on public development data (SQuAD 1.1), where changing one by half moves the share of
# right sentences by less than a percentage point; that data has no headings and no lists, so LEAD,
# HEADING and QUESTION are set by judgement.
# Shares of a word's weight, by where it is found.
SYNONYM = 0.4
LEAD = 0.5
BEFORE = 0.4
EARLIER = 0.2
# Bonuses, as shares of the whole weight of the question.
PAIR = 0.1
SUBJECT = 0.1
REFERENCE = 0.03
# Factors on the score of what seldom answers by itself.
HEADING = 0.5
QUESTION = 0.3
# How much a longer piece loses, per doubling of its words.
LENGTH = 0.1
# Words in a question of usual length: what the form of an answer is worth counts against them.
USUAL = 4


class Candidate(Record, kw_only=False):
    """A piece with its score and the share of each question word that it accounts for."""

    index: int
    score: float
    credits: dict[str, float]


class _Search(Record, kw_only=False):
    """A query over a page, with what is the same for every piece."""

    query: Query
    page: Page
    weights: dict[str, float]
    total: float
    known: frozenset[str]
    others: dict[str, frozenset[str]]


def rank(query: Query, page: Page) -> list[Candidate]:
    """Return the pieces that have to do with the question, best first; equals in order."""
    weights = rarity(query, page)
    others = {key: alike for key in weights if (alike := alternatives(key))}
    search = _Search(query, page, weights, sum(weights.values()), frozenset(weights), others)
    leading = _introducing(page)
    found = [
        Candidate(index, _score(search, index, credit), credit)
        for index, credit in _matches(search)
        if index not in leading
    ]
    found.sort(key=lambda candidate: -candidate.score)
    return found


def rarity(query: Query, page: Page) -> dict[str, float]:
    """Return the weight of each word of the query in this context."""
    weights = query.words | query.background
    count = len(page.sets) + 1.0
    frequency = Counter(chain.from_iterable(map(weights.keys().__and__, page.sets)))
    return {
        key: weight * math.log(1.0 + count / (frequency[key] + 0.5))
        for key, weight in weights.items()
    }


def _introducing(page: Page) -> set[int]:
    """Return the indexes of the headings, headers and questions that introduce other pieces."""
    pieces = page.pieces
    leads = {lead for piece in pieces for lead in piece.leads}
    return {
        index
        for index in leads
        if pieces[index].asks or pieces[index].kind in (Kind.HEADING, Kind.HEADER)
    }


def _matches(search: _Search) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield each piece that accounts for a question word, with the share of each word."""
    page, known = search.page, search.known
    block, earlier, before = -1, set[str](), set[str]()
    for index, (piece, keys) in enumerate(zip(page.pieces, page.sets, strict=True)):
        if piece.block != block:
            block, earlier, before = piece.block, set(), set()
        own = known & keys
        credit = dict.fromkeys(own, 1.0)
        missing = known - own
        if missing:
            _lend(credit, earlier & missing, EARLIER)
            _lend(credit, before & missing, BEFORE)
            _lend(credit, _alike(search, missing, keys), SYNONYM)
            for lead in piece.leads:
                _lend(credit, _alike(search, missing, page.sets[lead]), LEAD * SYNONYM)
                _lend(credit, missing & page.sets[lead], LEAD)
        if credit:
            # Sets have no order of their own, and sums of floats depend on it.
            yield index, {key: credit[key] for key in search.weights if key in credit}
        earlier |= own
        before = set(own)


def _lend(credit: dict[str, float], found: set[str] | frozenset[str], share: float) -> None:
    """Add a source to the shares of the words found in it; sources complete one another."""
    for key in found:
        credit[key] = share + (1.0 - share) * credit.get(key, 0.0)


def _alike(search: _Search, missing: frozenset[str], keys: set[str]) -> set[str]:
    """Return the missing words for which the piece has a synonym."""
    others = search.others
    return {key for key in missing & others.keys() if not keys.isdisjoint(others[key])}


def _score(search: _Search, index: int, credit: dict[str, float]) -> float:
    """Return the score of a piece, near 0..1 and above it with bonuses."""
    query, page, weights = search.query, search.page, search.weights
    keys, piece = page.keys[index], page.pieces[index]
    score = sum(weights[key] * share for key, share in credit.items())
    if query.pairs and len(credit) > 1:
        found = set(zip(keys, keys[1:], strict=False))
        for first, second in query.pairs:
            if (first, second) in found:
                score += PAIR * (weights[first] + weights[second]) / 2
    score = score / search.total + _bonus(search, index, credit)
    if piece.kind in (Kind.HEADING, Kind.HEADER):
        score *= HEADING
    if piece.asks:
        score *= QUESTION
    return score / (1.0 + LENGTH * math.log2(1.0 + len(keys)))


def _bonus(search: _Search, index: int, credit: dict[str, float]) -> float:
    """Return what the form of the piece adds: the kind of answer asked for, the subject first."""
    query, page = search.query, search.page
    body = page.body(index)
    bonus = 0.0
    if query.form and meets(query.form, body, search.known):
        bonus += WORTH[query.form] * USUAL / max(2, len(query.words))
    if query.form == "meaning" and page.keys[index] and page.keys[index][0] in search.known:
        bonus += SUBJECT
    if min(credit.values()) < 1.0 and refers_back(body):
        bonus += REFERENCE
    return bonus
