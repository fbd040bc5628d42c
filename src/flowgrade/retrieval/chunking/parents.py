"""The chunker ``parents``: small chunks are searched, the larger one around them is shown."""

from __future__ import annotations

from collections.abc import Sequence

from flowgrade.errors import InputError
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.chunking.checking import check_settings, whole_number
from flowgrade.retrieval.chunking.chunker import ChunkSettings, CountTokens
from flowgrade.retrieval.chunking.packing import packed
from flowgrade.retrieval.chunking.regions import Places, chunk_of, regions
from flowgrade.retrieval.document import Document

_CHILDREN = 4
"""How many children a parent has room for when ``parent_size`` says nothing else."""


class ParentsChunker:
    """One chunk for each child of ``size`` tokens; its text is the parent's."""

    def check(self, settings: ChunkSettings) -> None:
        """Raises InputError for a parent that is smaller than its children."""
        check_settings(settings, ("parent_size",))
        if _parent_size(settings) < settings.size:
            raise InputError(
                f"The parent_size of {_parent_size(settings)} tokens is below the size of "
                f"{settings.size}.",
                hint="'size' is that of the children, which are searched.",
            )

    def chunks(
        self, document: Document, settings: ChunkSettings, count: CountTokens
    ) -> Sequence[Chunk]:
        """The children in order; neither they nor parents go beyond a heading."""
        places = Places(document)
        text = document.text
        found: list[Chunk] = []
        for region in regions(document):
            for parent in packed(text, region.span, _parent_size(settings), count):
                for child in packed(text, parent, settings.size, count):
                    chunk = chunk_of(
                        document,
                        len(found),
                        parent,
                        places.at(child.start),
                        headings=region.headings,
                        searched=text[child.start : child.end],
                    )
                    found.append(chunk)
        return found


def _parent_size(settings: ChunkSettings) -> int:
    return whole_number(settings, "parent_size", settings.size * _CHILDREN, least=1)


CHUNKER = ParentsChunker()
