"""Region: what stands under one heading; no chunk by structure goes beyond it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from flowgrade.records import Record
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.chunking.spans import Span, trimmed
from flowgrade.retrieval.document import Document, Section

_MARKS = "#*_=-~ \t\n"
_NO_WORD = re.compile(r"[\W_]+")


class Region(Record, kw_only=False):
    """A stretch of a document and the headings above it."""

    span: Span
    headings: tuple[str, ...]


def regions(document: Document) -> list[Region]:
    """The regions in order; together they hold all that is not white.

    A heading with nothing under it but a deeper one goes with that.
    """
    found: list[Region] = []
    waiting: Region | None = None
    for region in _by_heading(document):
        if waiting is not None:
            if region.headings[: len(waiting.headings)] == waiting.headings:
                span = Span(waiting.span.start, region.span.end)
                region = Region(span, region.headings)
            else:
                found.append(waiting)
            waiting = None
        if _is_bare(document.text, region):
            waiting = region
        else:
            found.append(region)
    return found if waiting is None else [*found, waiting]


def _by_heading(document: Document) -> Iterator[Region]:
    text = document.text
    start, page = 0, None
    headings: tuple[str, ...] = ()
    for section in document.sections:
        # The next page of the same section: what is under a heading goes on.
        if section.headings == headings and section.page != page:
            page = section.page
            continue
        if span := trimmed(text, start, min(section.start, len(text))):
            yield Region(span, headings)
        start, headings, page = section.start, section.headings, section.page
    if span := trimmed(text, start, len(text)):
        yield Region(span, headings)


def is_heading(shown: str, heading: str) -> bool:
    """Whether ``shown`` is the heading as it stands in the text, with its marks."""
    if len(shown) > 2 * len(heading) + 100:  # a heading and its marks are short
        return False
    return _NO_WORD.sub("", shown) == _NO_WORD.sub("", heading)


def _is_bare(text: str, region: Region) -> bool:
    if not region.headings:
        return False
    shown = text[region.span.start : region.span.end].rstrip(_MARKS)
    return is_heading(shown[shown.rfind("\n") + 1 :], region.headings[-1])


class Places:
    """Finds the section that a position is in."""

    def __init__(self, document: Document) -> None:
        self._sections = document.sections
        self._starts = [section.start for section in document.sections]

    def at(self, position: int) -> Section | None:
        """The last section that begins there or before."""
        index = bisect_right(self._starts, position)
        return self._sections[index - 1] if index else None


def chunk_of(
    document: Document,
    number: int,
    span: Span,
    section: Section | None,
    *,
    headings: tuple[str, ...] | None = None,
    searched: str | None = None,
) -> Chunk:
    """The chunk that is ``span`` of ``document``, with what citations say of it."""
    text = document.text[span.start : span.end]
    own = section.headings if section else ()
    return Chunk(
        id=f"{document.id}#{number}",
        document=document.id,
        number=number,
        text=text,
        start=span.start,
        end=span.end,
        title=document.title,
        source=document.source,
        headings=own if headings is None else headings,
        page=section.page if section else None,
        metadata=document.metadata,
        searched=None if searched == text else searched,
    )
