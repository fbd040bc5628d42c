"""The chunker ``sentences``: a sentence is searched, its neighbours are shown with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.chunking.checking import check_settings, whole_number
from flowgrade.retrieval.chunking.chunker import ChunkSettings, CountTokens
from flowgrade.retrieval.chunking.regions import Places, Region, chunk_of, is_heading, regions
from flowgrade.retrieval.chunking.spans import Span, fragments, paragraphs, sentences
from flowgrade.retrieval.document import Document

WINDOW = 2
"""Sentences shown on each side when the option ``window`` says nothing else."""


class SentencesChunker:
    """One chunk for each sentence; its text is the window around it, under the same heading."""

    def check(self, settings: ChunkSettings) -> None:
        """Raises InputError for a window that is not a whole number from 0 on."""
        check_settings(settings, ("window",))
        whole_number(settings, "window", WINDOW, least=0)

    def chunks(
        self, document: Document, settings: ChunkSettings, count: CountTokens
    ) -> Sequence[Chunk]:
        """A chunk for each sentence; what has more than ``size`` tokens is cut."""
        window = whole_number(settings, "window", WINDOW, least=0)
        places = Places(document)
        text = document.text
        found: list[Chunk] = []
        for region in regions(document):
            spans = list(_sentences(text, region, settings.size, count))
            spans = _with_heading(text, region, spans, settings.size, count)
            for index, own in enumerate(spans):
                near = spans[max(0, index - window) : index + window + 1]
                chunk = chunk_of(
                    document,
                    len(found),
                    Span(near[0].start, near[-1].end),
                    places.at(own.start),
                    headings=region.headings,
                    searched=text[own.start : own.end],
                )
                found.append(chunk)
        return found


def _with_heading(
    text: str, region: Region, spans: list[Span], size: int, count: CountTokens
) -> list[Span]:
    """The spans, the headings at their start put together with the sentence that follows."""
    start, first = spans[0].start, 0
    while first + 1 < len(spans) and any(
        is_heading(text[spans[first].start : spans[first].end], one) for one in region.headings
    ):
        if count(text[start : spans[first + 1].end]) > size:
            return spans
        first += 1
    return [Span(start, spans[first].end), *spans[first + 1 :]]


def _sentences(text: str, region: Region, size: int, count: CountTokens) -> Iterator[Span]:
    for paragraph in paragraphs(text, region.span):
        for sentence in sentences(text, paragraph):
            for span, _ in fragments(text, sentence, size, count):
                yield span


CHUNKER = SentencesChunker()
