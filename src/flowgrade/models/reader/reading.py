"""Read a context for a question: choose the sentences that answer it, or say that none does.

Extractive: every word of an answer stands in the context as it is. Nothing is generated, nothing
is inferred, no model is loaded.
"""

from __future__ import annotations

from flowgrade.errors import UsageError
from flowgrade.models.reader.choosing import choose, fits
from flowgrade.models.reader.page import Page, open_page
from flowgrade.models.reader.query import Query, understand
from flowgrade.models.reader.scoring import Candidate, rank
from flowgrade.records import Record

NO_ANSWER = "The context does not answer the question."

THRESHOLD = 0.38  # confidence below which the context is taken not to answer; measured
UNMET = 0.75  # factor on the confidence if the best sentence lacks the number, date, ... asked for


class Sentence(Record):
    """A sentence of the context as it stands there, between two character offsets.

    ``score`` ranks the sentences of one reading; it is at least 0 and may exceed 1.
    """

    text: str
    start: int
    end: int
    score: float


class Reading(Record):
    """What the context says to a question: sentences of it, or that it does not answer.

    ``score`` is the confidence in 0..1 that the context answers the question: how much of the
    question the best sentence and the whole context account for. It is no probability.
    """

    answer: str
    sentences: tuple[Sentence, ...]
    score: float
    answered: bool


def read(question: str, context: str, *, max_sentences: int = 2) -> Reading:
    """Return the sentences of the context that best answer the question, word for word.

    The answer is NO_ANSWER, without sentences, where the context says too little about what the
    question asks. Raises UsageError if ``max_sentences`` is below 1, and nothing for any text.
    """
    return read_query(understand(question), context, max_sentences=max_sentences)


def read_query(query: Query, context: str, *, max_sentences: int = 2) -> Reading:
    """Return the sentences of the context that best answer a question already understood."""
    if max_sentences < 1:
        raise UsageError(
            f"max_sentences is {max_sentences}; a reading needs at least one sentence.",
            hint="Pass max_sentences=1 or more.",
        )
    if not query.words:
        return _refusal(0.0)
    page = open_page(context)
    ranked = rank(query, page)
    if not ranked:
        return _refusal(0.0)
    score = _confidence(query, page, ranked[0])
    if score < THRESHOLD:
        return _refusal(score)
    chosen = choose(query, page, ranked, max_sentences)
    sentences = tuple(_sentence(page, one) for one in chosen)
    answer = " ".join(sentence.text for sentence in sentences)
    return Reading(answer=answer, sentences=sentences, score=score, answered=True)


def _confidence(query: Query, page: Page, best: Candidate) -> float:
    """Return how sure it is, in 0..1, that the context answers the question.

    The mean of two shares of the question's words: those that the best candidate accounts for, and
    those that stand anywhere in the context. Rarity in the context plays no part, since in a
    context of one sentence every word found is common and every word missing is rare.
    """
    weights = query.words | {
        key: weight for key, weight in query.background.items() if key in best.credits
    }
    near = sum(weights[key] * share for key, share in best.credits.items())
    anywhere = sum(
        weight
        for key, weight in weights.items()
        if key in best.credits or any(key in keys for keys in page.sets)
    )
    share = (near + anywhere) / (2.0 * sum(weights.values()))
    return min(1.0, share if fits(query, page, best) else UNMET * share)


def _sentence(page: Page, one: Candidate) -> Sentence:
    piece = page.pieces[one.index]
    return Sentence(text=page.words(one.index), start=piece.start, end=piece.end, score=one.score)


def _refusal(score: float) -> Reading:
    return Reading(answer=NO_ANSWER, sentences=(), score=score, answered=False)
