"""The chunker ``tokens``: stretches of a fixed number of tokens that overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowgrade.errors import InputError
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.chunking.checking import check_settings
from flowgrade.retrieval.chunking.chunker import ChunkSettings, CountTokens
from flowgrade.retrieval.chunking.packing import taken
from flowgrade.retrieval.chunking.regions import Places, chunk_of
from flowgrade.retrieval.chunking.spans import Atom, Span, fragments, trimmed, words
from flowgrade.retrieval.document import Document


class TokensChunker:
    """Cuts between words wherever the size is reached; structure does not matter."""

    def check(self, settings: ChunkSettings) -> None:
        """Raises InputError for an overlap that is not below the size."""
        check_settings(settings)
        if not 0 <= settings.overlap < settings.size:
            raise InputError(
                f"The overlap of {settings.overlap} tokens is not below the size of "
                f"{settings.size}.",
                hint="An overlap of an eighth of the size is usual.",
            )

    def chunks(
        self, document: Document, settings: ChunkSettings, count: CountTokens
    ) -> Sequence[Chunk]:
        """Chunks that each begin ``overlap`` tokens before the end of the one before."""
        places = Places(document)
        return [
            chunk_of(document, number, span, places.at(span.start))
            for number, span in enumerate(_spans(document.text, settings, count))
        ]


def _spans(text: str, settings: ChunkSettings, count: CountTokens) -> Iterator[Span]:
    whole = trimmed(text, 0, len(text))
    pieces = list(_pieces(text, whole, settings.size, count)) if whole else []
    first = 0
    while first < len(pieces):
        last = taken(text, pieces, first, settings.size, count)
        yield Span(pieces[first][0].start, pieces[last - 1][0].end)
        if last == len(pieces):
            return
        first = _back(pieces, first, last, settings.overlap)


def _pieces(text: str, whole: Span, size: int, count: CountTokens) -> Iterator[Atom]:
    before = whole.start
    for word in words(text, whole):
        gap = text[before : word.start].removeprefix(" ")
        tokens = count(gap + text[word.start : word.end])
        if tokens <= size:
            yield word, tokens
        else:
            yield from fragments(text, word, size, count)
        before = word.end


def _back(pieces: Sequence[Atom], first: int, last: int, overlap: int) -> int:
    # Never back to the start of the chunk before: it would not end.
    while last - 1 > first and pieces[last - 1][1] <= overlap:
        last -= 1
        overlap -= pieces[last][1]
    return last


CHUNKER = TokensChunker()
