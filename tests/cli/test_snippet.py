"""The part of a passage that is shown, and what of it is marked."""

from __future__ import annotations

from flowgrade.cli.index.snippet import marked, snippet


def test_a_snippet_is_the_part_with_the_words_of_the_question() -> None:
    text = f"{'Nothing of note. ' * 30}The warranty lasts two years. {'More of this. ' * 30}"
    found = snippet(text, "How long do warranties last?", 80)
    assert "warranty lasts two years" in found
    assert found.startswith("…")
    assert found.endswith("…")
    assert len(found) <= 82
    assert snippet("short\n text", "anything", 80) == "short text"


def test_words_of_the_question_are_marked_in_all_their_forms() -> None:
    shown = marked("The warranty of warm cars", "Which warranties?")
    assert "\x1b[" in shown
    assert "\x1b[0m of warm cars" in shown
