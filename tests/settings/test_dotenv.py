"""``.env`` files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.errors import SettingsError
from flowgrade.settings.dotenv import parse_dotenv


def parse(text: str) -> dict[str, str]:
    return parse_dotenv(text, file=".env")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("A=", ""),
        ("  A = b  ", "b"),
        ("export A=b", "b"),
        ("export\tA=b", "b"),
        ("A=b c", "b c"),
        ("A=b=c", "b=c"),
        ("A=b # a comment", "b"),
        ("A=b\t# a comment", "b"),
        ("A=b#c", "b#c"),
        ("A=#c", "#c"),
        ("A= # nothing but a comment", ""),
        ("A='b'", "b"),
        ("A='b' # a comment", "b"),
        ("A='b # c'", "b # c"),
        ("A='a\\nb'", "a\\nb"),
        ("A=''", ""),
        ('A=""', ""),
        ('A="b # c" # d', "b # c"),
        (r'A="a\nb\tc\"d\\e\x"', 'a\nb\tc"d\\e\\x'),
        ("A=it's", "it's"),
        ("A=\u2028b", "b"),
        ("A=b\u2028c", "b\u2028c"),
        ("A=b\x0cc", "b\x0cc"),
        ("A=päss", "päss"),
        ("A=${B}", "${B}"),
    ],
)
def test_a_value_is_read(line: str, value: str) -> None:
    assert parse(line) == {"A": value}


def test_lines_end_as_on_any_system() -> None:
    assert parse("A=1\r\nB=2\rC=3\n\n  \n# D=4\n  # E=5\n") == {"A": "1", "B": "2", "C": "3"}


def test_the_last_of_two_values_counts() -> None:
    assert parse("A=1\nA=2") == {"A": "2"}


def test_a_byte_order_mark_belongs_to_no_name() -> None:
    assert parse("\ufeffA=1") == {"A": "1"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("no equals sign sk-secret", "NAME=value"),
        ("=sk-secret", "NAME=value"),
        ("1A=sk-secret", "NAME=value"),
        ("A B=sk-secret", "NAME=value"),
        ("A='sk-secret", "not closed"),
        ('A="sk-secret', "not closed"),
        ('A="sk-secret\\"', "not closed"),
        ("A='sk-secret'more", "behind"),
        ('A="sk-secret"#more', "behind"),
    ],
)
def test_a_bad_line_is_named_and_not_shown(line: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(f"GOOD=1\n\n{line}\n")
    assert words in caught.value.message
    assert str(caught.value).startswith(".env:3: ")
    assert "sk-secret" not in str(caught.value)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n'")))
def test_single_quotes_keep_any_text(text: str) -> None:
    assert parse(f"A='{text}'") == {"A": text}


@given(st.text())
def test_any_text_is_read_or_refused_with_its_line(text: str) -> None:
    line = None
    try:
        parse(text)
    except SettingsError as error:
        line = error.place.line if error.place else -1
    assert line is None or 1 <= line <= text.count("\n") + text.count("\r") + 1
