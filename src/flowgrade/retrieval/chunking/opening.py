"""Find the chunker that settings name."""

from __future__ import annotations

from flowgrade.plugins import load_plugin
from flowgrade.retrieval.chunking.chunker import CHUNKERS, Chunker, ChunkSettings


def open_chunker(settings: ChunkSettings) -> Chunker:
    """The chunker, once it has checked the settings.

    Raises NotFoundError for a name that is none and InputError for settings it cannot use.
    """
    chunker = load_plugin(CHUNKERS, settings.chunker, Chunker)  # type: ignore[type-abstract]
    chunker.check(settings)
    return chunker
