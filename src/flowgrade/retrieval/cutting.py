"""Cutter: cuts documents as the settings of an index say."""

from __future__ import annotations

from collections.abc import Sequence

from flowgrade.records import Record
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.chunking.chunker import Chunker, ChunkSettings
from flowgrade.retrieval.chunking.counting import TokenCounter, token_counter
from flowgrade.retrieval.chunking.opening import open_chunker
from flowgrade.retrieval.document import Document
from flowgrade.retrieval.settings import IndexSettings


class Cutter(Record):
    """A chunker with its settings and what counts its tokens."""

    chunker: Chunker
    settings: ChunkSettings
    counter: TokenCounter

    def chunks(self, document: Document) -> Sequence[Chunk]:
        """The chunks of a document, in order."""
        return self.chunker.chunks(document, self.settings, self.counter.count)


def open_cutter(settings: IndexSettings, model: str | None) -> Cutter:
    """What cuts for an index whose embedding model has the full name ``model``.

    Raises NotFoundError for an unknown chunker and InputError for settings that it cannot use.
    """
    chunker = open_chunker(settings.chunks)
    # Parameters of the model stand behind a space; its tokens are the same with any.
    name = model.partition(" ")[0] if model else None
    return Cutter(chunker=chunker, settings=settings.chunks, counter=token_counter(name))
