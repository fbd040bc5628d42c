"""What a question looks for: weighted words, neighbouring pairs and the form of the answer."""

from __future__ import annotations

import re

from flowgrade.models.reader.hints import hint
from flowgrade.models.reader.words import content_keys
from flowgrade.records import Record

LIGHT_WEIGHT = 0.75
BACKGROUND_WEIGHT = 0.5
_MOST = 60  # words of a question that are looked for; bounds the work on a pasted text

_SENTENCE = re.compile(r"[^.!?\n]*(?:[.!?](?!\s)[^.!?\n]*)*[.!?]*")
# These ask for a form of answer; that they stand in the context says nothing.
_MEASURE = re.compile(r"\bhow (?:long|soon|quickly|fast|often|far|many|much)\b", re.I)
# Words that carry little of a question's meaning although they are no stop words.
_LIGHT_TEXT = """
name type kind call year time number peopl person place happen mean exampl thing form work differ
refer consid describ known know caus result includ becom 1 2 1st
"""
_LIGHT = frozenset(_LIGHT_TEXT.split())


class Query(Record, kw_only=False):
    """The words a question looks for, by weight, and the form of its answer.

    ``words`` must be found for the question to be answered; ``background`` only helps to choose
    (what stands around the question, or the turn before it).
    """

    text: str
    words: dict[str, float]
    background: dict[str, float]
    pairs: tuple[tuple[str, str], ...]
    form: str | None


def understand(question: str, *, earlier: str = "") -> Query:
    """Return what a question looks for; the words of an ``earlier`` turn count as background."""
    asked, around = _parts(question)
    keys = content_keys(_MEASURE.sub(" ", asked))[:_MOST]
    if not keys:
        asked, around = question, ""
        keys = content_keys(question)[:_MOST]
    words = {key: _weight(key) for key in keys}
    background = {
        key: BACKGROUND_WEIGHT * _weight(key)
        for key in content_keys(f"{earlier}\n{around}")[:_MOST]
        if key not in words
    }
    pairs = tuple(dict.fromkeys(zip(keys, keys[1:], strict=False)))
    return Query(asked, words, background, pairs, hint(asked) or hint(earlier))


def _weight(key: str) -> float:
    return LIGHT_WEIGHT if key in _LIGHT else 1.0


def _parts(question: str) -> tuple[str, str]:
    """Return the sentences that ask, and those that stand around them."""
    asked = question.strip()
    if "?" not in asked[:-1] and "." not in asked[:-1] and "\n" not in asked:
        return asked, ""
    sentences = [part.strip() for part in _SENTENCE.findall(asked) if part.strip()]
    asking = [part for part in sentences if part.endswith("?")]
    if not asking:
        return asked, ""
    return " ".join(asking), " ".join(part for part in sentences if not part.endswith("?"))
