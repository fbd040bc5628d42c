"""How each chunker cuts."""

from __future__ import annotations

import pytest

from flowgrade.errors import InputError, NotFoundError
from flowgrade.plugins import plugins
from flowgrade.records import Json
from flowgrade.retrieval.chunking.chunker import CHUNKERS, Chunker
from flowgrade.retrieval.chunking.opening import open_chunker
from flowgrade.retrieval.document import Section
from tests.retrieval.chunking.samples import NAMES, cut, document, settings

GUIDE = "# Guide\n\n## Install\n\nRun it. Wait a bit.\n\nThen look.\n\n## Use\n\nClick here."
SECTIONS = (
    Section(start=0, headings=("Guide",)),
    Section(start=GUIDE.index("## Install"), headings=("Guide", "Install")),
    Section(start=GUIDE.index("## Use"), headings=("Guide", "Use")),
)


def test_every_chunker_is_a_plugin() -> None:
    assert {plugin.name for plugin in plugins(CHUNKERS)} >= set(NAMES)
    assert all(isinstance(open_chunker(settings(name)), Chunker) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_document_without_text_has_no_chunks(name: str) -> None:
    assert list(cut(document(" \n\n\t"), settings(name))) == []
    assert list(cut(document(""), settings(name))) == []


def test_what_is_small_under_one_heading_stays_together_and_no_chunk_crosses_one() -> None:
    chunks = cut(document(GUIDE, *SECTIONS), settings(size=50))
    assert [chunk.headings for chunk in chunks] == [("Guide", "Install"), ("Guide", "Use")]
    assert chunks[1].text == "## Use\n\nClick here."


def test_a_heading_with_only_a_deeper_one_below_goes_with_that() -> None:
    first = cut(document(GUIDE, *SECTIONS), settings(size=50))[0]
    assert first.text.startswith("# Guide\n\n## Install\n\nRun it.")


def test_a_heading_with_nothing_below_is_a_chunk_of_its_own() -> None:
    text = "# One\n\n# Two\n\nText."
    found = document(text, Section(start=0, headings=("One",)), Section(start=7, headings=("Two",)))
    assert [chunk.text for chunk in cut(found, settings())] == ["# One", "# Two\n\nText."]


def test_two_sections_of_the_same_name_are_two() -> None:
    text = "Note\n\nFirst.\n\nNote\n\nSecond."
    found = document(
        text, Section(start=0, headings=("Note",)), Section(start=14, headings=("Note",))
    )
    assert [chunk.text for chunk in cut(found, settings())] == ["Note\n\nFirst.", "Note\n\nSecond."]


def test_paragraphs_are_cut_before_sentences_and_sentences_before_words() -> None:
    text = "One two three. Four five six.\n\nSeven eight nine ten eleven twelve thirteen."
    assert [chunk.text for chunk in cut(document(text), settings(size=8))] == [
        "One two three. Four five six.",
        "Seven eight nine ten eleven twelve thirteen.",
    ]
    assert [chunk.text for chunk in cut(document(text), settings(size=5))] == [
        "One two three.",
        "Four five six.",
        "Seven eight nine ten eleven",
        "twelve thirteen.",
    ]


def test_the_chunks_of_one_heading_are_of_about_one_length() -> None:
    text = " ".join(f"Sentence number {number}." for number in range(22))  # 88 tokens
    lengths = [len(chunk.text.split()) for chunk in cut(document(text), settings(size=80))]
    assert lengths == [33, 33]


def test_an_abbreviation_or_a_number_ends_no_sentence() -> None:
    text = "Dr. Smith paid 3.50 to J. Doe, e.g. Monday. He left! (Why?) Nobody knows."
    chunks = cut(document(text), settings("sentences", window=0))
    assert [chunk.text for chunk in chunks] == [
        "Dr. Smith paid 3.50 to J. Doe, e.g. Monday.",
        "He left!",
        "(Why?)",
        "Nobody knows.",
    ]


def test_items_of_a_list_are_sentences_but_wrapped_lines_are_not() -> None:
    text = "- one\n- two goes\n  on here\n3. three"
    chunks = cut(document(text), settings("sentences", window=0))
    assert [chunk.text for chunk in chunks] == ["- one", "- two goes\n  on here", "3. three"]


def test_a_sentence_is_searched_and_its_window_is_shown() -> None:
    chunks = cut(document("One. Two. Three. Four. Five."), settings("sentences", window=1))
    assert [chunk.searched for chunk in chunks] == ["One.", "Two.", "Three.", "Four.", "Five."]
    assert chunks[0].text == "One. Two."
    assert chunks[2].text == "Two. Three. Four."
    assert chunks[2].indexed == "Three."


def test_a_window_ends_at_a_heading() -> None:
    chunks = cut(document(GUIDE, *SECTIONS), settings("sentences", window=9))
    assert {chunk.headings: chunk.text for chunk in chunks}["Guide", "Use"] == (
        "## Use\n\nClick here."
    )


def test_a_heading_is_searched_with_the_sentence_below_it() -> None:
    chunks = cut(document(GUIDE, *SECTIONS), settings("sentences", window=0))
    assert [chunk.text for chunk in chunks] == [
        "# Guide\n\n## Install\n\nRun it.",
        "Wait a bit.",
        "Then look.",
        "## Use\n\nClick here.",
    ]


def test_children_are_searched_and_their_parent_is_shown() -> None:
    text = "One two three four. Five six seven eight. Nine ten eleven twelve."
    chunks = cut(document(text), settings("parents", size=5, parent_size=10))
    assert [(chunk.searched, chunk.text) for chunk in chunks] == [
        ("One two three four.", "One two three four. Five six seven eight."),
        ("Five six seven eight.", "One two three four. Five six seven eight."),
        (None, "Nine ten eleven twelve."),
    ]


def test_tokens_overlap_at_word_borders() -> None:
    text = " ".join(str(number) for number in range(10, 22))
    chunks = cut(document(text), settings("tokens", size=5, overlap=2))
    assert [chunk.text for chunk in chunks] == [
        "10 11 12 13 14",
        "13 14 15 16 17",
        "16 17 18 19 20",
        "19 20 21",
    ]


def test_chunks_say_where_they_stand() -> None:
    text = "First page.\n\nSecond page."
    found = document(text, Section(start=0, page=1), Section(start=13, page=2))
    chunks = cut(found, settings(size=3))
    assert [(chunk.id, chunk.number, chunk.page) for chunk in chunks] == [
        ("d#0", 0, 1),
        ("d#1", 1, 2),
    ]
    assert (chunks[0].title, chunks[0].source) == ("T", "d.md")


def test_a_word_without_end_is_cut() -> None:
    chunks = cut(document("." * 1000), settings(size=30))
    assert "".join(chunk.text for chunk in chunks) == "." * 1000
    assert max(len(chunk.text) for chunk in chunks) <= 30


@pytest.mark.parametrize(
    ("name", "size", "overlap", "options", "message"),
    [
        ("structure", 0, 0, {}, "size of a chunk is 0"),
        ("structure", 9, 0, {"window": 2}, "has no option 'window'"),
        ("tokens", 9, 9, {}, "overlap of 9 tokens is not below"),
        ("tokens", 9, -1, {}, "overlap of -1 tokens"),
        ("sentences", 9, 0, {"window": -1}, "'window' of the chunker 'sentences' is -1"),
        ("sentences", 9, 0, {"window": True}, "is True"),
        ("sentences", 9, 0, {"windows": 1}, "has no option 'windows'"),
        ("parents", 9, 0, {"parent_size": 8}, "parent_size of 8 tokens is below"),
        ("parents", 9, 0, {"parent_size": "x"}, "is 'x'"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(
    name: str, size: int, overlap: int, options: dict[str, Json], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        open_chunker(settings(name, size, overlap, **options))


def test_an_unknown_chunker_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(NotFoundError) as caught:
        open_chunker(settings("sentence"))
    assert caught.value.hint == "Did you mean 'sentences'?"
