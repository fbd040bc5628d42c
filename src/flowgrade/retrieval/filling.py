"""Fill a snapshot: cut documents, embed the chunks, hand both to the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.cutting import Cutter
from flowgrade.retrieval.document import Document
from flowgrade.retrieval.embedding import AT_ONCE, BATCH, Embedder
from flowgrade.retrieval.intake import Intake
from flowgrade.retrieval.progress import BuildProgress
from flowgrade.retrieval.snapshot import Snapshot
from flowgrade.retrieval.stores.index_store import SnapshotWriter
from flowgrade.retrieval.workshop import Workshop, index_store, place_of

_GROUP = BATCH * AT_ONCE
"""Chunks that are embedded at once: as many calls as may be under way."""


class _Cut(NamedTuple):
    document: str
    chunks: Sequence[Chunk]


async def fill(
    workshop: Workshop,
    cutter: Cutter,
    embedder: Embedder | None,
    snapshot: Snapshot,
    intake: Intake,
    progress: BuildProgress,
) -> int:
    """Put all that ``intake`` has into the snapshot and publish it; returns its chunks.

    Documents that are staged from a build that was cut off are left as they are.
    """
    places, place = index_store(snapshot.settings), place_of(workshop, snapshot)
    base = snapshot.base.partition(":")[2] if snapshot.base else None
    with closing(places.writer(place, base=base)) as writer:
        staged = writer.staged()
        kept = [one for one in intake.kept if one not in staged]
        if kept:
            writer.keep(kept)
        progress.total = intake.fresh
        documents = _unstaged(intake.to_do(), staged, progress)
        cuts = (_Cut(one.id, cutter.chunks(one)) for one in documents)
        for group in _groups(cuts):
            await _put(writer, embedder, group)
            progress.done += len(group)
            progress.chunks += sum(len(one.chunks) for one in group)
        writer.publish()
    with closing(places.reader(place)) as reader:
        return len(reader)


def _unstaged(
    documents: Iterable[Document], staged: frozenset[str], progress: BuildProgress
) -> Iterator[Document]:
    for document in documents:
        if document.id in staged:
            progress.done += 1
        else:
            yield document


def _groups(cuts: Iterable[_Cut]) -> Iterator[list[_Cut]]:
    group: list[_Cut] = []
    size = 0
    for cut in cuts:
        group.append(cut)
        size += len(cut.chunks)
        if size >= _GROUP:
            yield group
            group, size = [], 0
    if group:
        yield group


async def _put(writer: SnapshotWriter, embedder: Embedder | None, group: Sequence[_Cut]) -> None:
    if embedder is None:
        for cut in group:
            writer.add(cut.document, cut.chunks, None)
        return
    vectors = await embedder.embed([chunk.passage for cut in group for chunk in cut.chunks])
    start = 0
    for cut in group:
        end = start + len(cut.chunks)
        writer.add(cut.document, cut.chunks, vectors[start:end])
        start = end
