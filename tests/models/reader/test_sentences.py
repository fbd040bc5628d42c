from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.models.reader.blocks import Kind
from flowgrade.models.reader.sentences import split


def texts(context: str) -> list[str]:
    return [context[piece.start : piece.end] for piece in split(context)]


def introductions(context: str, wanted: str) -> list[str]:
    pieces = split(context)
    found = next(one for one in pieces if wanted in context[one.start : one.end])
    return [context[pieces[lead].start : pieces[lead].end] for lead in found.leads]


@pytest.mark.parametrize(
    "sentence",
    [
        "Dr. Smith approved it, e.g. for Mr. Jones, at 10.30 a.m. on Monday.",
        "The part costs 3.50 EUR (approx. 4 USD) in the U.S. and No. 5 is free.",
        "See https://contoso.example/help?id=3.html for details.",
        "J. R. Miller of Contoso Inc. wrote Fig. 3 of Vol. 2.",
        "Wait... then press the button.",
        'He said "Stop." and left.',
    ],
)
def test_a_full_stop_inside_a_sentence_does_not_end_it(sentence: str) -> None:
    assert texts(f"{sentence} The next one follows.") == [sentence, "The next one follows."]


@pytest.mark.parametrize(
    "ending", [".", "!", "?", '."', ".)", ".[12]", "\u2026", " in the U.S.", " at 5 p.m."]
)
def test_a_sentence_ends_with_its_closing_marks(ending: str) -> None:
    assert texts(f"It works{ending} The next one follows.")[0] == f"It works{ending}"


def test_lines_of_a_wrapped_paragraph_stay_together() -> None:
    context = (
        "The warranty of a frame lasts for ten years from the day on which\n"
        "the bicycle was bought. Wheels have two years."
    )
    assert len(texts(context)) == 2


def test_short_lines_stand_alone() -> None:
    context = "Phone: 030 1234\nEmail: help@contoso.example\nHours: 9:00 to 17:00"
    assert texts(context) == context.splitlines()


def test_list_items_are_pieces_that_their_lead_in_introduces() -> None:
    context = "To return goods:\n\n1. Print the label.\n2. Pack the goods.\n- Call us.\n\nBye now."
    assert texts(context)[1:4] == ["1. Print the label.", "2. Pack the goods.", "- Call us."]
    assert introductions(context, "Pack") == ["To return goods:"]
    assert introductions(context, "Bye") == []


def test_headings_introduce_what_stands_below_them() -> None:
    context = "# Help\nHi.\n## Returns\nThirty days.\n## Warranty\nTwo years.\n# Legal\nNone."
    assert introductions(context, "Thirty") == ["# Help", "## Returns"]
    assert introductions(context, "Two") == ["# Help", "## Warranty"]
    assert introductions(context, "None") == ["# Legal"]


@pytest.mark.parametrize(
    "heading", ["Returns\n=======", "Returns\n-------", "Title: Returns", "**Returns**\n"]
)
def test_headings_are_recognised_without_hashes(heading: str) -> None:
    assert len(introductions(f"{heading}\nThirty days are given to everyone.", "Thirty")) == 1


def test_rows_of_a_table_are_introduced_by_its_header() -> None:
    context = "| Plan | Price |\n|---|---|\n| Basic | 10 EUR |\n| Pro | 20 EUR |"
    assert texts(context) == ["Plan | Price", "Basic | 10 EUR", "Pro | 20 EUR"]
    assert introductions(context, "Pro") == ["Plan | Price"]


def test_a_question_introduces_its_answer() -> None:
    context = "Q: Is it free?\nA: Yes.\n\nQ: Is it fast?\nA: Rather."
    assert introductions(context, "Yes") == ["Q: Is it free?"]
    assert introductions(context, "Rather") == ["Q: Is it fast?"]


def test_lines_of_code_stay_as_they_are() -> None:
    context = "Run this:\n```\n# build. Then test\nmake all\n```\nDone."
    assert "# build. Then test" in texts(context)
    assert introductions(context, "Done") == []


def test_a_run_without_full_stops_is_cut_at_spaces() -> None:
    pieces = texts("word " * 1_000)
    assert max(map(len, pieces)) <= 1_000
    assert not any(piece.startswith("ord") for piece in pieces)


def test_japanese_sentences_end_without_a_space() -> None:
    assert texts("保証は二年です。返品は無料です。") == ["保証は二年です。", "返品は無料です。"]


def test_a_line_that_says_something_is_no_heading() -> None:
    context = "the printer is on floor 3\n\nCoffee is on floor 2."
    assert split(context)[0].kind is Kind.PARAGRAPH


@given(st.text(alphabet="aB1 .?!:\n#|-*>`=\u3002\"')[]e\u0301\r\t", max_size=200) | st.text())
def test_pieces_are_in_order_apart_and_not_blank_and_no_word_is_lost(context: str) -> None:
    pieces = split(context)
    end = 0
    for index, piece in enumerate(pieces):
        assert end <= piece.start <= piece.body <= piece.end
        assert context[piece.start : piece.end].strip()
        assert all(lead < index for lead in piece.leads)
        end = piece.end
    kept = "".join(texts(context))
    assert sum(kept.count(letter) for letter in "aB1") == sum(map(context.count, "aB1"))
