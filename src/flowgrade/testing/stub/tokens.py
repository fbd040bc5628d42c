"""The stub's tokens: every word and every punctuation mark is one.

A word is a run of letters, digits and underscores. These are not the counts of any real model,
but they are the same on every machine and grow with the text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice

_TOKEN = re.compile(r"\w+|[^\w\s]")
_TOKEN_WITH_SPACE = re.compile(r"\s*(?:\w+|[^\w\s])(?:\s+\Z)?|\s+\Z")
_PIECE = re.compile(r"\s*\S+(?:\s+\Z)?|\s+\Z")
_CACHED_LENGTH = 20_000


def count_tokens(text: str) -> int:
    """How many words and punctuation marks ``text`` has."""
    # System prompts come again with every call; very long texts are not worth their memory.
    return _count_cached(text) if len(text) <= _CACHED_LENGTH else len(_TOKEN.findall(text))


def first_tokens(text: str, limit: int) -> str:
    """``text`` up to the end of its token number ``limit``; the same text when it has no more."""
    ends = [match.end() for match in islice(_TOKEN.finditer(text), limit + 1)]
    if len(ends) <= limit:
        return text
    return text[: ends[limit - 1]] if limit else ""


def split_tokens(text: str) -> list[str]:
    """The tokens with the space before them; joined they are ``text`` again."""
    return _TOKEN_WITH_SPACE.findall(text)


def split_words(text: str) -> list[str]:
    """The words with the space before them; joined they are ``text`` again."""
    return _PIECE.findall(text)


@lru_cache(maxsize=256)
def _count_cached(text: str) -> int:
    return len(_TOKEN.findall(text))
