"""Chunk: the part of a document that is found, shown and cited."""

from __future__ import annotations

from collections.abc import Mapping

from flowgrade.records import Json, Record, field


class Chunk(Record):
    """A part of a document as an index keeps it."""

    id: str
    """``<document>#<number>``, unique in its index and the same whenever the document is."""
    document: str
    """Id of its document."""
    number: int
    """Its place among the chunks of its document, from 0."""
    text: str
    """What is shown and given to a model: characters ``start`` to ``end`` of the document."""
    start: int
    end: int
    title: str | None = None
    source: str | None = None
    headings: tuple[str, ...] = ()
    page: int | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    """Of its document."""
    searched: str | None = None
    """What is indexed in place of ``text``: of a sentence window the sentence, of a parent the
    child; None when it is ``text`` itself."""

    @property
    def indexed(self) -> str:
        """The text that is searched, without title and headings."""
        return self.text if self.searched is None else self.searched

    @property
    def passage(self) -> str:
        """What is embedded and searched by words: title, headings, then the text."""
        above = [part for part in (self.title, *self.headings) if part]
        return "\n".join([*dict.fromkeys(above), self.indexed])
