"""What holds for every text, every chunker and every size."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.chunking.chunker import ChunkSettings
from flowgrade.retrieval.document import Document, Section
from tests.retrieval.chunking.samples import NAMES, count_words, cut

WORDS = st.sampled_from(
    [
        "a",
        "Word",
        "longerword",
        "end.",
        "Really?",
        "e.g.",
        "\n",
        "\n\n",
        "# H",
        "- x",
        "日本。",
        "…" * 9,
    ]
)
TEXTS = st.one_of(
    st.lists(WORDS, max_size=60).map(" ".join),
    st.text(alphabet="aB. \n\t!?#-é\u3000", max_size=200),
)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(TEXTS)
    starts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=4)))
    sections = tuple(
        Section(
            start=start,
            headings=draw(st.sampled_from([(), ("H",), ("H", "a"), ("B",)])),
            page=draw(st.sampled_from([None, 1, 2])),
        )
        for start in starts
    )
    return Document(id="d", text=text, sections=sections)


SETTINGS = st.builds(
    lambda name, size, overlap: ChunkSettings(
        chunker=name, size=size, overlap=min(overlap, size - 1)
    ),
    st.sampled_from(NAMES),
    st.integers(1, 30),
    st.integers(0, 9),
)


def own(chunk: Chunk) -> str:
    return chunk.indexed


@given(documents(), SETTINGS)
def test_positions_are_exact_and_numbers_run_from_zero(
    document: Document, settings: ChunkSettings
) -> None:
    for number, chunk in enumerate(cut(document, settings)):
        assert document.text[chunk.start : chunk.end] == chunk.text
        assert chunk.text == chunk.text.strip() != ""
        assert (chunk.number, chunk.id) == (number, f"d#{number}")
        assert own(chunk) in chunk.text


@given(documents(), SETTINGS)
def test_chunks_hold_all_that_is_not_white_in_order(
    document: Document, settings: ChunkSettings
) -> None:
    chunks = cut(document, settings)
    covered = {place for chunk in chunks for place in range(chunk.start, chunk.end)}
    assert all(
        place in covered or character.isspace() for place, character in enumerate(document.text)
    )
    assert all(one.start <= other.start and one.end <= other.end for one, other in pairwise(chunks))
    if settings.chunker != "tokens":  # the others search everything exactly once
        searched = "".join("".join(own(chunk).split()) for chunk in chunks)
        assert searched == "".join(document.text.split())


@given(documents(), SETTINGS)
def test_what_is_searched_has_at_most_the_size(document: Document, settings: ChunkSettings) -> None:
    for chunk in cut(document, settings):
        assert count_words(own(chunk)) <= settings.size or len(own(chunk)) == 1


@given(documents(), SETTINGS)
def test_the_same_document_is_always_cut_the_same(
    document: Document, settings: ChunkSettings
) -> None:
    assert list(cut(document, settings)) == list(cut(document, settings))


@given(documents(), SETTINGS)
def test_no_chunk_but_of_tokens_holds_text_of_two_sections_that_are_side_by_side(
    document: Document, settings: ChunkSettings
) -> None:
    if settings.chunker == "tokens":
        return
    for chunk in cut(document, settings):
        inside = [s for s in document.sections if chunk.start < s.start < chunk.end]
        for section in inside:
            below = section.headings[: len(chunk.headings)] == chunk.headings
            above = chunk.headings[: len(section.headings)] == section.headings
            assert below or above
