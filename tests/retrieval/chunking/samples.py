"""Documents and settings that the tests of chunkers share."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flowgrade.records import Json
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.chunking.chunker import ChunkSettings
from flowgrade.retrieval.chunking.opening import open_chunker
from flowgrade.retrieval.document import Document, Section

NAMES = ("structure", "tokens", "sentences", "parents")


def count_words(text: str) -> int:
    """A counter that people can follow: a token is a word or a mark."""
    return len(re.findall(r"\w+|[^\w\s]", text))


def document(text: str, *sections: Section) -> Document:
    return Document(id="d", text=text, title="T", source="d.md", sections=sections)


def settings(
    name: str = "structure", size: int = 20, overlap: int = 4, **options: Json
) -> ChunkSettings:
    return ChunkSettings(chunker=name, size=size, overlap=overlap, options=options)


def cut(found: Document, chosen: ChunkSettings) -> Sequence[Chunk]:
    return open_chunker(chosen).chunks(found, chosen, count_words)
