from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.models.reader import count_tokens
from flowgrade.models.reader.synonyms import alternatives
from flowgrade.models.reader.words import content_keys, key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café", "cafe"),
        ("cafe\u0301", "cafe"),
        ("STRASSE", "Straße"),
        ("customer's", "customer"),
        ("customer\u2019s", "customers"),
        ("bought", "buying"),
        ("thirty", "30"),
        ("e-mail", "emails"),
        ("1,000", "1000"),
    ],
)
def test_ways_to_write_a_word_share_a_key(one: str, other: str) -> None:
    assert content_keys(one) == content_keys(other) != []


def test_stop_words_have_no_key() -> None:
    assert content_keys("How do I do that? I can't, don't you?") == []


def test_capitals_tell_a_name_from_a_stop_word() -> None:
    assert content_keys("Ask IT about it") == content_keys("ask") + ["IT"]


def test_numbers_keep_their_inner_marks() -> None:
    assert content_keys("release 14.2 at 10:30, error 4012.")[1::2] == ["14.2", "error"]
    assert {"10:30", "4012"} <= set(content_keys("release 14.2 at 10:30, error 4012."))


def test_chinese_is_cut_into_characters() -> None:
    assert content_keys("保修期") == ["保", "修", "期"]


def test_words_of_a_group_stand_for_one_another() -> None:
    assert key("defective") in alternatives(key("broken"))
    assert key("fee") in alternatives(key("price"))
    assert key("price") not in alternatives(key("price"))
    assert alternatives(key("xylophone")) == frozenset()


def test_tokens_are_words_and_punctuation_marks() -> None:
    assert count_tokens("Returns are free, aren't they?") == 9
    assert count_tokens(" \n") == 0


@given(st.text(), st.text())
def test_tokens_of_two_texts_add_up(one: str, other: str) -> None:
    assert count_tokens(f"{one} {other}") == count_tokens(one) + count_tokens(other)
