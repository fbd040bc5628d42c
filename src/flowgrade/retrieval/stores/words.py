"""Words: a text as the terms that keyword search counts."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import Stemmer  # type: ignore[import-not-found]

from flowgrade.errors import InputError

# Scripts that are written without spaces give a term for each character.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_LONGEST = 64  # characters that count of a word; what is longer is data that fell into a text
_REMEMBERED = 500_000  # stems; some 50 MB


class Words:
    """Cuts texts of one language into terms: no case, no diacritics, stems."""

    def __init__(self, language: str) -> None:
        self._stem = _stemmer(language)
        self._terms: dict[str, str] = {}

    def terms(self, text: str) -> list[str]:
        """The terms of ``text`` in order, repetitions too."""
        known = self._terms
        words: list[str] = _WORD.findall(_plain(text))
        try:
            return [known[word] for word in words]
        except KeyError:
            return [known[word] if word in known else self._term(word) for word in words]

    def _term(self, word: str) -> str:
        term = word[:_LONGEST]
        if self._stem is not None:
            term = self._stem.stemWord(term)
        if len(self._terms) >= _REMEMBERED:
            self._terms.clear()
        self._terms[word] = term
        return term


@cache
def languages() -> tuple[str, ...]:
    """What ``language`` can be, besides ``none``."""
    return tuple(sorted(Stemmer.algorithms()))


def _stemmer(language: str) -> Stemmer.Stemmer | None:
    if language == "none":
        return None
    if language not in languages():
        raise InputError(
            f"There are no stems for the language '{language}'.",
            hint=f"Languages are: {', '.join(languages())}; or none.",
        )
    # Its own memory is small and slower than the dictionary above.
    return Stemmer.Stemmer(language, 0)


def _plain(text: str) -> str:
    text = text.lower()
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(each for each in decomposed if not unicodedata.combining(each))
