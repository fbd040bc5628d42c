"""Chunker: cuts a document into chunks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from flowgrade.records import Json, Record, field
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.document import Document

CHUNKERS = "flowgrade.chunkers"
"""Entry-point group of chunkers; the entry's name is what ``chunker`` takes."""

CountTokens = Callable[[str], int]


class ChunkSettings(Record):
    """How documents are cut. It is a part of a snapshot's identity."""

    chunker: str = "structure"
    """``structure``, ``sentences``, ``tokens``, ``parents``, or a plugin's name."""
    size: int = 256
    """Tokens that a chunk has at most."""
    overlap: int = 32
    """Tokens that a chunk repeats of the one before it, where the chunker overlaps."""
    options: Mapping[str, Json] = field(default_factory=dict)
    """Of the chunker alone: ``window`` of ``sentences``, ``parent_size`` of ``parents``."""


@runtime_checkable
class Chunker(Protocol):
    """One way to cut."""

    def check(self, settings: ChunkSettings) -> None:
        """Raises InputError for settings that it cannot use."""
        ...

    def chunks(
        self, document: Document, settings: ChunkSettings, count: CountTokens
    ) -> Sequence[Chunk]:
        """The chunks of ``document`` in order: the same for the same arguments, always."""
        ...
