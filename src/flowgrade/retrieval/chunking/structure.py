"""The chunker ``structure``: by headings, then paragraphs, sentences and words."""

from __future__ import annotations

from collections.abc import Sequence

from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.chunking.checking import check_settings
from flowgrade.retrieval.chunking.chunker import ChunkSettings, CountTokens
from flowgrade.retrieval.chunking.packing import packed
from flowgrade.retrieval.chunking.regions import Places, chunk_of, regions
from flowgrade.retrieval.document import Document


class StructureChunker:
    """Never goes beyond a heading; what is small under one heading stays together."""

    def check(self, settings: ChunkSettings) -> None:
        """Raises InputError for a size below 1 and for options, of which there are none."""
        check_settings(settings)

    def chunks(
        self, document: Document, settings: ChunkSettings, count: CountTokens
    ) -> Sequence[Chunk]:
        """As few chunks as hold the text, of about one length under each heading."""
        places = Places(document)
        found: list[Chunk] = []
        for region in regions(document):
            for span in packed(document.text, region.span, settings.size, count):
                section = places.at(span.start)
                found.append(
                    chunk_of(document, len(found), span, section, headings=region.headings)
                )
        return found


CHUNKER = StructureChunker()
