"""Makes small snapshots of the embedded store."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy

from flowgrade.records import Json
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.stores.index_store import SnapshotReader, StorePlace
from flowgrade.retrieval.stores.sqlite import STORE


def place(folder: Path, snapshot: str = "a1", dimensions: int | None = None) -> StorePlace:
    return StorePlace(folder=folder, index="facts", snapshot=snapshot, dimensions=dimensions)


def chunk(
    document: str,
    text: str,
    number: int = 0,
    metadata: Mapping[str, Json] | None = None,
    page: int | None = None,
) -> Chunk:
    return Chunk(
        id=f"{document}#{number}",
        document=document,
        number=number,
        text=text,
        start=0,
        end=len(text),
        page=page,
        metadata=metadata or {},
    )


def build(
    at: StorePlace,
    documents: Mapping[str, Sequence[Chunk]],
    vectors: Mapping[str, numpy.ndarray] | None = None,
    *,
    base: str | None = None,
    keep: Sequence[str] = (),
) -> None:
    writer = STORE.writer(at, base=base)
    if keep:
        writer.keep(keep)
    for document, chunks in documents.items():
        writer.add(document, chunks, vectors[document] if vectors is not None else None)
    writer.publish()
    writer.close()


def search_ids(reader: SnapshotReader, query: str, limit: int = 10) -> list[str]:
    return [found.id for found in reader.by_words(query, limit)]


def vectors(count: int, seed: int = 0, dimensions: int = 8) -> numpy.ndarray:
    return numpy.random.default_rng(seed).standard_normal((count, dimensions)).astype("float32")


def build_three(folder: Path) -> None:
    build(
        place(folder, dimensions=8),
        {n: [chunk(n, f"{n} text")] for n in ("one", "two", "three")},
        {n: vectors(1, seed) for seed, n in enumerate(("one", "two", "three"))},
    )
