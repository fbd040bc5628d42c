"""A conformance kit for chunkers: what every one of them has to do.

Subclass ``ChunkerConformance`` in a test module, fill in its methods, and pytest runs its tests.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import re
from collections.abc import Sequence

from flowgrade.errors import InputError
from flowgrade.records import replace
from flowgrade.retrieval import Chunk, Chunker, ChunkSettings, Document, Section

_TEXT = (
    "# Tea\n\nGreen tea is brewed at eighty degrees. It needs two minutes.\n\n- black: three\n"
    "- white: four\n\n## Cups\n\nA cup holds a quarter of a litre, or less; the rest is for the "
    "guests who come late, as they do. Rinse it!\n\n\u3000\n# Coffee\n\n"
    + "Grind. " * 40
    + "…" * 99
)
_SECTIONS = (
    Section(start=0, headings=("Tea",), page=1),
    Section(start=_TEXT.index("## Cups"), headings=("Tea", "Cups"), page=1),
    Section(start=_TEXT.index("# Coffee"), headings=("Coffee",), page=2),
)
_TOKEN = re.compile(r"\w+|[^\w\s]")


class ChunkerConformance:
    """The tests that a chunker has to pass; a subclass says which one and its settings."""

    def chunker(self) -> Chunker:
        """The chunker, as its entry point names it."""
        raise NotImplementedError

    def settings(self) -> ChunkSettings:
        """Settings that it can use, of some 20 tokens."""
        raise NotImplementedError

    def test_it_has_the_members_of_a_chunker(self) -> None:
        assert isinstance(self.chunker(), Chunker)

    def test_it_takes_its_settings_and_refuses_a_size_of_nothing(self) -> None:
        self.chunker().check(self.settings())
        try:
            self.chunker().check(replace(self.settings(), size=0))
        except InputError:
            return
        raise AssertionError("a size of 0 was taken")

    def test_chunks_are_exact_parts_of_the_text(self) -> None:
        for chunk in self._chunks():
            assert _TEXT[chunk.start : chunk.end] == chunk.text
            assert chunk.text.strip()
            assert chunk.indexed.strip()

    def test_all_that_is_not_white_is_in_a_chunk(self) -> None:
        held = {place for one in self._chunks() for place in range(one.start, one.end)}
        missing = [c for place, c in enumerate(_TEXT) if place not in held and not c.isspace()]
        assert missing == []

    def test_chunks_are_numbered_in_order_and_named_by_their_document(self) -> None:
        found = self._chunks()
        assert [chunk.id for chunk in found] == [f"tea#{number}" for number in range(len(found))]
        assert [chunk.number for chunk in found] == list(range(len(found)))
        assert [chunk.start for chunk in found] == sorted(chunk.start for chunk in found)

    def test_what_is_searched_has_at_most_the_size(self) -> None:
        size = self.settings().size
        assert [c.indexed for c in self._chunks() if _count(c.indexed) > size] == []

    def test_chunks_have_what_citations_say(self) -> None:
        for chunk in self._chunks():
            own = (chunk.document, chunk.title, chunk.source, chunk.metadata)
            assert own == ("tea", "Tea", "tea.md", {"kind": "drink"})
            assert chunk.page in (1, 2)
        assert self._chunks()[-1].headings == ("Coffee",)

    def test_the_same_document_is_always_cut_the_same(self) -> None:
        assert list(self._chunks()) == list(self._chunks())

    def test_a_document_without_text_has_no_chunks(self) -> None:
        for text in ("", " \n\t\n"):
            empty = Document(id="empty", text=text)
            assert list(self.chunker().chunks(empty, self.settings(), _count)) == []

    def _chunks(self) -> Sequence[Chunk]:
        document = Document(
            id="tea",
            text=_TEXT,
            title="Tea",
            source="tea.md",
            sections=_SECTIONS,
            metadata={"kind": "drink"},
        )
        return self.chunker().chunks(document, self.settings(), _count)


def _count(text: str) -> int:
    return len(_TOKEN.findall(text))
