from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.models.reader.stems import stem


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ("return returns returned returning", "return"),
        ("deliver delivers delivered delivering", "deliv"),
        ("ship ships shipped shipping", "ship"),
        ("agree agreed agreeing", "agre"),
        ("file filed filing files", "file"),
        ("relate related relation relational", "relat"),
        ("happy happiness", "happi"),
        ("adjust adjustable adjustment adjusted", "adjust"),
        ("control controlled controlling controls", "control"),
    ],
)
def test_the_forms_of_a_word_share_a_stem(forms: str, expected: str) -> None:
    assert {stem(form) for form in forms.split()} == {expected}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("caresses", "caress"),
        ("ponies", "poni"),
        ("feed", "feed"),
        ("bled", "bled"),
        ("sing", "sing"),
        ("hopping", "hop"),
        ("falling", "fall"),
        ("sky", "sky"),
        ("adoption", "adopt"),
        ("rate", "rate"),
        ("cease", "ceas"),
        ("roll", "roll"),
    ],
)
def test_each_step_of_the_published_rules_holds(word: str, expected: str) -> None:
    assert stem(word) == expected


@pytest.mark.parametrize("pair", [("new", "news"), ("organ", "organise"), ("universe", "unify")])
def test_different_words_keep_different_stems_or_are_known_to_fall_together(
    pair: tuple[str, str],
) -> None:
    known_confusions = {("new", "news")}
    assert (stem(pair[0]) == stem(pair[1])) is (pair in known_confusions)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", max_size=20))
def test_a_stem_is_never_empty_nor_longer_than_its_word(word: str) -> None:
    found = stem(word)
    assert len(found) <= len(word)
    assert bool(found) is bool(word)
