"""Choose among the ranked pieces those that make up the answer."""

from __future__ import annotations

from flowgrade.models.reader.blocks import Kind
from flowgrade.models.reader.hints import STRICT, meets, refers_back
from flowgrade.models.reader.page import Page
from flowgrade.models.reader.query import Query
from flowgrade.models.reader.scoring import Candidate, rarity
from flowgrade.models.reader.sentences import Piece

# What a further sentence must add, as a share of the question's weight; measured. More is asked
# of it once the best sentence has the number, date or name that the question wants.
GAIN = 0.1
GAIN_ONCE_FOUND = 0.3
CLOSE = 0.5  # share of the best score that a further sentence must reach
_RUNNERS_UP = 8  # candidates that are considered as a further sentence


def choose(
    query: Query, page: Page, ranked: list[Candidate], max_sentences: int
) -> list[Candidate]:
    """Return the best candidate and those that add to it, in the order of the context.

    ``ranked`` must not be empty.
    """
    best = ranked[0]
    if query.form == "manner" and page.pieces[best.index].kind is Kind.ITEM:
        return _steps(page, ranked, max_sentences)
    found = query.form in STRICT and fits(query, page, best)
    weights = rarity(query, page)
    least = (GAIN_ONCE_FOUND if found else GAIN) * sum(weights.values())
    chosen = [best]
    while len(chosen) < max_sentences:
        further = _needed(page, ranked, chosen[-1])
        if further is None or further in chosen:
            further = _adding(ranked, chosen, weights, least)
        if further is None:
            break
        chosen.append(further)
    return sorted(chosen, key=lambda one: one.index)


def fits(query: Query, page: Page, candidate: Candidate) -> bool:
    """Say whether a candidate has the number, date, name or the like that a question asks for."""
    form = query.form
    if form is None or form not in STRICT:
        return True
    return meets(form, page.body(candidate.index), query.words.keys() | query.background.keys())


def _steps(page: Page, ranked: list[Candidate], max_sentences: int) -> list[Candidate]:
    """Return the steps of the list that holds the best candidate, from the first one."""
    pieces = page.pieces
    first = ranked[0].index
    while first and _same_list(pieces[first - 1], pieces[first]):
        first -= 1
    end = first + 1
    while end < min(len(pieces), first + max_sentences) and _same_list(pieces[end], pieces[first]):
        end += 1
    return [_candidate(ranked, index) for index in range(first, end)]


def _same_list(one: Piece, other: Piece) -> bool:
    return one.kind is other.kind is Kind.ITEM and one.leads == other.leads


def _needed(page: Page, ranked: list[Candidate], last: Candidate) -> Candidate | None:
    """Return the neighbour without which the last choice cannot be understood, if there is one.

    That is the sentence before one that begins with a pronoun, and what follows a colon.
    """
    pieces, index = page.pieces, last.index
    if page.body(index).endswith((":", "\uff1a")) and index + 1 < len(pieces):
        return _candidate(ranked, index + 1)
    borrowed = last.credits.keys() - page.sets[index]
    if borrowed and index and refers_back(page.body(index)):
        before = pieces[index - 1]
        if before.block == pieces[index].block and not before.asks:
            return _candidate(ranked, index - 1)
    return None


def _adding(
    ranked: list[Candidate], chosen: list[Candidate], weights: dict[str, float], least: float
) -> Candidate | None:
    """Return the candidate that adds most question words to those chosen, if more than
    ``least``."""
    best, most = None, least
    for one in ranked[1 : _RUNNERS_UP + 1]:
        if one.score < CLOSE * ranked[0].score:
            break
        gain = sum(
            weights[key] * max(0.0, share - max(other.credits.get(key, 0.0) for other in chosen))
            for key, share in one.credits.items()
        )
        if gain > most and one not in chosen:
            best, most = one, gain
    return best


def _candidate(ranked: list[Candidate], index: int) -> Candidate:
    """Return the candidate of a piece; one that has nothing to do with the question scores 0."""
    return next((one for one in ranked if one.index == index), Candidate(index, 0.0, {}))
