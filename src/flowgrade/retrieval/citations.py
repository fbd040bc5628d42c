"""Citations: does an answer cite passages that exist, everywhere, and do they support it?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from flowgrade.records import Json, JsonObject, Record
from flowgrade.retrieval.citation_marks import sentences_of
from flowgrade.retrieval.result import Hit
from flowgrade.retrieval.stores.words import Words

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix

THRESHOLD = 0.5
"""Share of a sentence's words that the cited passages must have, or cosine that they must reach."""

Support = Callable[[str, str], float]
"""How well a passage, the second, supports a sentence, from 0 to 1."""


class Citation(Record):
    """A mark in an answer."""

    mark: str
    """As it stands there, without brackets."""
    passage: int | None
    """Number of the passage, from 1; None when there is no such passage."""
    support: float | None = None
    """How well that passage alone supports the sentence."""


class CitedSentence(Record):
    """A sentence of the answer, with its marks."""

    text: str
    """Without the marks."""
    citations: tuple[Citation, ...]
    support: float | None
    """Of the passages it cites, together; None where it cites none that exists."""
    supported: bool | None
    """Whether that reaches the threshold."""


class CitationCheck(Record):
    """What is right and wrong with an answer's citations."""

    sentences: tuple[CitedSentence, ...]
    threshold: float

    @property
    def unknown(self) -> tuple[str, ...]:
        """Marks that name no passage."""
        marks = [c.mark for s in self.sentences for c in s.citations if c.passage is None]
        return tuple(dict.fromkeys(marks))

    @property
    def cited(self) -> tuple[int, ...]:
        """Numbers of the passages that are cited, in order."""
        found = {c.passage for s in self.sentences for c in s.citations if c.passage is not None}
        return tuple(sorted(found))

    @property
    def uncited(self) -> tuple[str, ...]:
        """Sentences without a citation of a passage that exists."""
        return tuple(s.text for s in self.sentences if s.support is None)

    @property
    def unsupported(self) -> tuple[str, ...]:
        """Sentences that their passages do not support."""
        return tuple(s.text for s in self.sentences if s.supported is False)

    @property
    def ok(self) -> bool:
        """Whether every sentence cites, only passages that exist, and they support it."""
        return bool(self.sentences) and not (self.unknown or self.uncited or self.unsupported)

    def as_json(self) -> JsonObject:
        """The check as the node ``cite`` gives it."""
        count = len(self.sentences)
        return {
            "ok": self.ok,
            "cited": list(self.cited),
            "unknown": list(self.unknown),
            "uncited": list(self.uncited),
            "unsupported": list(self.unsupported),
            "coverage": 1 - len(self.uncited) / count if count else None,
            "support": sum(s.supported is True for s in self.sentences) / count if count else None,
            "sentences": [
                {
                    "text": one.text,
                    "citations": [[c.mark, c.passage, c.support] for c in one.citations],
                    "support": one.support,
                    "supported": one.supported,
                }
                for one in self.sentences
            ],
        }


def check_citations(
    answer: str,
    passages: Sequence[str | Mapping[str, Json] | Hit],
    *,
    threshold: float = THRESHOLD,
    support: Support | None = None,
) -> CitationCheck:
    """Check the citations in ``answer``, such as [1], [2, 3], [1-3] or [handbook.md#4].

    A passage is named by its number, from 1, or by the id of its chunk or document. ``support``
    scores one passage; without it, a sentence's score is the share of its words that stand in
    the passages it cites together, without words such as "the" and "is", and by their stems. This
    sees what was made up, not what was turned into its opposite. Headings, and lines that end with
    a colon, need no citation.
    """
    texts = [_text(passage) for passage in passages]
    known = _names(passages)
    sentences = []
    for text, marks in sentences_of(answer, known):
        cited = [Citation(mark=mark, passage=number) for mark, number in marks]
        sentences.append(_judged(text, cited, texts, threshold, support))
    return CitationCheck(sentences=tuple(sentences), threshold=threshold)


async def check_citations_by_meaning(
    answer: str,
    passages: Sequence[str | Mapping[str, Json] | Hit],
    embed: Callable[[Sequence[str]], Awaitable[Matrix]],
    *,
    threshold: float = THRESHOLD,
) -> CitationCheck:
    """The same with the cosine of sentence and passage, by vectors that ``embed`` makes."""
    texts = [_text(passage) for passage in passages]
    sentences = [text for text, _ in sentences_of(answer, _names(passages))]
    every = list(dict.fromkeys([*sentences, *texts]))
    if not every:
        return check_citations(answer, passages, threshold=threshold)
    vectors = dict(zip(every, await embed(every), strict=True))

    def cosine(sentence: str, passage: str) -> float:
        return max(0.0, float(vectors[sentence] @ vectors[passage]))

    return check_citations(answer, passages, threshold=threshold, support=cosine)


def word_support(sentence: str, passage: str) -> float:
    """The share of the sentence's words that stand in the passage; 1 for one without any."""
    wanted = set(_words().asked(sentence))
    return len(wanted & set(_words().terms(passage))) / len(wanted) if wanted else 1.0


def _judged(
    text: str,
    cited: Sequence[Citation],
    texts: Sequence[str],
    threshold: float,
    support: Support | None,
) -> CitedSentence:
    measure = support or word_support
    scored = tuple(
        c
        if c.passage is None
        else Citation(
            mark=c.mark, passage=c.passage, support=round(measure(text, texts[c.passage - 1]), 4)
        )
        for c in cited
    )
    real = [c for c in scored if c.passage is not None]
    if not real:
        return CitedSentence(text=text, citations=scored, support=None, supported=None)
    if support is None:
        together = " ".join(texts[c.passage - 1] for c in real if c.passage is not None)
        value = round(word_support(text, together), 4)
    else:
        value = max(c.support or 0.0 for c in real)
    return CitedSentence(text=text, citations=scored, support=value, supported=value >= threshold)


def _names(passages: Sequence[str | Mapping[str, Json] | Hit]) -> dict[str, int]:
    """What passages are called, with their numbers; of a document its first passage."""
    found: dict[str, int] = {}
    for number, passage in enumerate(passages, 1):
        if isinstance(passage, Hit):
            ids = [passage.chunk.id, passage.chunk.document]
        elif isinstance(passage, Mapping):
            ids = [str(passage[key]) for key in ("id", "document") if passage.get(key)]
        else:
            ids = []
        for id in ids:
            found.setdefault(id, number)
    return found | {str(number): number for number in range(1, len(passages) + 1)}


def _text(passage: str | Mapping[str, Json] | Hit) -> str:
    if isinstance(passage, Hit):
        return "\n".join(part for part in (passage.chunk.title, passage.text) if part)
    if isinstance(passage, Mapping):
        parts = (passage.get("title"), passage.get("text"))
        return "\n".join(str(part) for part in parts if part)
    return str(passage)


@cache
def _words() -> Words:
    """The words of keyword search; of another language than English it cuts off less."""
    return Words("english")
