"""The stub's tokens are the words and punctuation marks of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.testing.stub.tokens import count_tokens, first_tokens, split_tokens, split_words


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("Hello, world!", 4), ("a_b 12 naïve", 3), ("x " * 20_000, 20_000)]
)
def test_words_and_punctuation_are_counted(text: str, count: int) -> None:
    assert count_tokens(text) == count


@given(st.text())
def test_pieces_join_to_the_text_again(text: str) -> None:
    assert "".join(split_tokens(text)) == text
    assert "".join(split_words(text)) == text


@given(st.text(), st.integers(0, 5))
def test_the_first_tokens_begin_the_text_and_keep_the_limit(text: str, limit: int) -> None:
    short = first_tokens(text, limit)
    assert text.startswith(short)
    assert count_tokens(short) == min(limit, count_tokens(text))
    assert short == text or count_tokens(text) > limit
