"""Outline: writes a document's text piece by piece and notes where its sections begin."""

from __future__ import annotations

from collections.abc import Mapping

from flowgrade.records import Json
from flowgrade.retrieval.document import Document, Section
from flowgrade.retrieval.loading.decoding import clean, too_long
from flowgrade.retrieval.loading.loader import Origin

LONGEST_HEADING = 300
"""Characters that are kept of a heading: it comes again with every chunk below it."""


class Outline:
    """The text so far. Raises LoadError as soon as it goes above the limit."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._pieces: list[str] = []
        self._length = 0
        self._sections: list[Section] = []
        self._headings: list[tuple[int, str]] = []
        self._page: int | None = None
        self._begins = False

    @property
    def first_heading(self) -> str | None:
        """The first heading that was written."""
        return next((s.headings[-1] for s in self._sections if s.headings), None)

    @property
    def is_blank(self) -> bool:
        """Whether nothing was written yet."""
        return not self._pieces

    def heading(self, level: int, text: str) -> None:
        """Begin a section under the headings of lower levels; its heading is in the text too."""
        shown = " ".join(clean(text).split())[:LONGEST_HEADING]
        if not shown:
            return
        self._headings = [h for h in self._headings if h[0] < level]
        self._headings.append((level, shown))
        self._begins = True
        self.paragraph(shown)

    def page(self, number: int) -> None:
        """Begin a page or slide."""
        self._page = number
        self._begins = True

    def top(self) -> None:
        """Begin a section that is under no heading."""
        self._headings = []
        self._begins = True

    def paragraph(self, text: str, separator: str = "\n\n") -> None:
        """Add text; nothing where it is blank."""
        shown = clean(text).strip()
        if not shown:
            return
        if self._pieces:
            self._write(separator)
        if self._begins:
            headings = tuple(heading for _, heading in self._headings)
            self._sections.append(Section(start=self._length, headings=headings, page=self._page))
            self._begins = False
        self._write(shown)

    def document(
        self, *, title: str | None = None, metadata: Mapping[str, Json] | None = None
    ) -> Document:
        """What was written."""
        return Document(
            id=self._origin.id,
            text="".join(self._pieces),
            title=title or self.first_heading or self._origin.name,
            source=self._origin.source,
            sections=tuple(self._sections),
            metadata=metadata or {},
        )

    def _write(self, text: str) -> None:
        self._length += len(text)
        if self._length > self._origin.limits.text_characters:
            raise too_long(self._origin)
        self._pieces.append(text)
