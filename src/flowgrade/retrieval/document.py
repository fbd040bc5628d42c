"""Document: one text that was loaded, with where its parts came from."""

from __future__ import annotations

from collections.abc import Mapping

from flowgrade.records import Json, Record, digest_json, field


class Section(Record):
    """A stretch of a document under one heading, or one of its pages."""

    start: int
    """Position of its first character in the document's text."""
    headings: tuple[str, ...] = ()
    """The headings above it, outermost first."""
    page: int | None = None
    """Page or slide, from 1, where the format has them."""


class Document(Record):
    """A text, and what citations say of it. Equal text and title make an equal digest."""

    id: str
    """Names it within its index: the ``id`` of its row, or its path below the folder."""
    text: str
    title: str | None = None
    source: str | None = None
    """Where it comes from: a path below the folder that was loaded, or an address."""
    sections: tuple[Section, ...] = ()
    """In order of ``start``; none where the format knows none."""
    metadata: Mapping[str, Json] = field(default_factory=dict)
    """What searches can filter by."""

    @property
    def digest(self) -> str:
        """``sha256:…`` over all that an index keeps of it."""
        # A list, as an index of many documents has each of them hashed at each update.
        sections = [[one.start, list(one.headings), one.page] for one in self.sections]
        metadata = self.metadata if type(self.metadata) is dict else dict(self.metadata)
        return digest_json([self.id, self.text, self.title, self.source, sections, metadata])
