"""Expansion: a hit widened to the text around it, and hits that overlap made one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flowgrade.records import replace
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.result import Hit
from flowgrade.retrieval.stores.index_store import SnapshotReader

_PARENT_CHUNKS = 8
"""Chunks on each side that a section is followed to: one without headings may be a whole book."""


class Expansion:
    """Takes hits, best first, and gives the hits that are shown.

    What lies in a hit that was taken before is not given again; with ``window`` and ``parent``
    what overlaps one makes that one longer. Without expansion only a text that is the very same
    is left out: that of two children of one parent, for example.
    """

    def __init__(self, reader: SnapshotReader, kind: str, window: int) -> None:
        self._reader = reader
        self._kind = kind
        self._window = window
        self._taken: list[_Stretch] = []
        self._documents: dict[str, list[Chunk]] = {}
        self._places: set[tuple[str, int, int]] = set()

    def __len__(self) -> int:
        return len(self._taken)

    def take(self, hit: Hit) -> None:
        """Take the next hit."""
        chunk = hit.chunk
        place = chunk.document, chunk.start, chunk.end
        if place in self._places:
            return
        self._places.add(place)
        if self._kind == "none":
            self._taken.append(_Stretch(hit, (chunk,), chunk.start, chunk.end))
        else:
            self._widen(hit)

    def _widen(self, hit: Hit) -> None:
        parts = self._parts(hit.chunk)
        start, end = parts[0].start, max(part.end for part in parts)
        same = [one for one in self._taken if one.hit.chunk.document == hit.chunk.document]
        if any(one.start <= start and end <= one.end for one in same):
            return
        touched = [one for one in same if start < one.end and one.start < end]
        if not touched:
            self._taken.append(_Stretch(hit, tuple(parts), start, end))
            return
        best, *others = touched
        more = [part for one in others for part in one.parts]
        self._taken = [
            one.with_parts([*parts, *more]) if one is best else one
            for one in self._taken
            if not any(one is other for other in others)
        ]

    def hits(self) -> Iterator[Hit]:
        """The hits, best first, with their texts."""
        for stretch in self._taken:
            hit = stretch.hit
            if stretch.parts != (hit.chunk,):
                hit = replace(hit, text=joined(stretch.parts))
            yield hit

    def _parts(self, chunk: Chunk) -> Sequence[Chunk]:
        if self._kind == "parent" and chunk.searched is not None:
            return (chunk,)  # the text of a child is its parent already
        near = self._document(chunk.document)
        reach = self._window if self._kind == "window" else _PARENT_CHUNKS
        found = [c for c in near if abs(c.number - chunk.number) <= reach]
        if self._kind == "parent":
            found = _section(found, chunk)
        return found or (chunk,)

    def _document(self, document: str) -> list[Chunk]:
        if document not in self._documents:
            self._documents[document] = self._reader.of_document(document)
        return self._documents[document]


class _Stretch(NamedTuple):
    hit: Hit
    parts: tuple[Chunk, ...]
    start: int
    end: int

    def with_parts(self, more: Sequence[Chunk]) -> _Stretch:
        chunks = {part.number: part for part in (*self.parts, *more)}
        parts = tuple(chunks[number] for number in sorted(chunks))
        return _Stretch(self.hit, parts, parts[0].start, max(part.end for part in parts))


def joined(parts: Sequence[Chunk]) -> str:
    """The text of chunks of one document, in order, without what two of them share."""
    text, end = "", 0
    for part in parts:
        if not text:
            text, end = part.text, part.end
        elif part.end > end:
            # A chunker may trim its texts, so only a true overlap is counted in characters.
            shared = max(0, end - part.start)
            text += part.text[shared:] if shared else f"\n{part.text}"
            end = part.end
    return text


def _section(near: Sequence[Chunk], chunk: Chunk) -> list[Chunk]:
    """The unbroken run of chunks around ``chunk`` that stand under the same headings."""
    same = [c for c in near if c.headings == chunk.headings]
    numbers = {c.number for c in same}
    first = last = chunk.number
    while first - 1 in numbers:
        first -= 1
    while last + 1 in numbers:
        last += 1
    return [c for c in same if first <= c.number <= last]
