"""Indexes of many chunks: build, memory, time and recall of a query, beside vector stores.

    python benchmarks/retrieval_scale.py                       100,000 chunks, with peers
    python benchmarks/retrieval_scale.py --chunks 1000000 --no-peers --ann

Chunks are three sentences of SQuAD's paragraphs each (../shared/data/squad-dev-a.jsonl, or the file
that FLOWGRADE_SQUAD names), drawn by a seed; queries are SQuAD's questions. Every contender works
in a process of its own, with one thread. Peers get the vectors; ours makes them, cuts documents and
keeps words and metadata too. LanceDB, Chroma and FAISS live in an environment under .bench/.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from measure import ROOT, peer_python, verdict

SQUAD = Path(os.environ.get("FLOWGRADE_SQUAD", ROOT.parent / "shared/data/squad-dev-a.jsonl"))
PEERS = ("lancedb==0.40.0", "chromadb==1.5.9", "faiss-cpu==1.15.1", "numpy")
QUERIES = 500
LIMIT = 10
P95, RECALL = 0.030, 0.98
PROMISED = 100_000
"""Chunks up to which the time of a query is promised."""
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--ann", action="store_true", help="a graph of neighbours at any size")
    parser.add_argument("--side", choices=SIDES)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(SIDES[options.side](options)))
        return 0
    if not SQUAD.is_file():
        print(f"SKIP  there is no {SQUAD}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return compared(Path(folder), options)


def compared(folder: Path, options: argparse.Namespace) -> int:
    """Measure ours, then each peer with the vectors that ours made."""
    ours = beside(sys.executable, "flowgrade", folder, options)
    shown("Flowgrade", ours)
    for mode in ("hybrid", "keyword", "vector"):
        print(f"    {mode:<8} p50 {ours[mode][0]:6.1f} ms, p95 {ours[mode][1]:6.1f} ms")
    if not options.no_peers:
        python = peer_python("vectors", PEERS)
        for peer in ("faiss", "lancedb", "chroma"):
            shown(peer, beside(str(python), peer, folder, options))
    size = f"{options.chunks:,} chunks"
    p95 = ours["hybrid"][1] / 1000
    recalled = ours["recall"]
    held = [
        verdict(
            f"{size}, recall of the best 10", f"{recalled:.3f}", f">= {RECALL}", recalled >= RECALL
        )
    ]
    if options.chunks <= PROMISED:
        limit = f"<= {P95 * 1000:.0f} ms"
        held.append(verdict(f"{size}, hybrid p95", f"{p95 * 1000:.1f} ms", limit, p95 <= P95))
    return 0 if all(held) else 1


def beside(python: str, side: str, folder: Path, options: argparse.Namespace) -> Any:
    """What one contender says of itself, in a process of its own."""
    command = [python, __file__, "--side", side, "--folder", str(folder)]
    command += ["--chunks", str(options.chunks), *(["--ann"] if options.ann else [])]
    ended = subprocess.run(
        command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise RuntimeError(f"{side} failed:\n{ended.stderr[-4000:]}")
    return json.loads(ended.stdout.strip().splitlines()[-1])


def shown(name: str, found: Any) -> None:
    """One line of the result."""
    print(
        f"{name:<10} build {found['build'][0]:6.1f} s wall, {found['build'][1]:6.1f} s CPU, "
        f"peak {found['peak']:6.0f} MiB, {found['disk']:5.0f} MiB on disk; vectors "
        f"p50 {found['vector'][0]:5.1f} ms, p95 {found['vector'][1]:5.1f} ms, "
        f"recall {found['recall']:.3f}",
        flush=True,
    )


def texts(count: int) -> Iterator[str]:
    """Chunks of three sentences that do not follow each other."""
    rows = [json.loads(line) for line in SQUAD.read_text(encoding="utf-8").splitlines()]
    found = [row["text"] for row in rows if row["kind"] == "paragraph"]
    sentences = [
        part for text in found for part in re.split(r"(?<=[.!?])\s+", text) if len(part) > 30
    ]
    draw = random.Random(7)
    for _ in range(count):
        yield " ".join(draw.sample(sentences, 3))


def questions() -> list[str]:
    """Some of SQuAD's."""
    rows = [json.loads(line) for line in SQUAD.read_text(encoding="utf-8").splitlines()]
    asked = [row["question"] for row in rows if row["kind"] == "question"]
    return random.Random(8).sample(asked, QUERIES)


def flowgrade_side(options: argparse.Namespace) -> Any:
    """Build through the public API, and ask."""
    import asyncio

    import numpy

    from flowgrade import App
    from flowgrade.retrieval import Document
    from flowgrade.settings import read_settings

    place = options.folder / "flowgrade"
    place.mkdir()
    (place / "flowgrade.yaml").write_text("name: benchmark\n", encoding="utf-8")
    app = App(read_settings(folder=place))
    documents = (Document(id=f"d{n}", text=text) for n, text in enumerate(texts(options.chunks)))
    store = {"store_options": {"ann_above": 1}} if options.ann else {}
    settings = {"chunker": "tokens", "size": 512, "overlap": 0, **store}
    build = clock(lambda: app.build_index("many", documents=documents, settings=settings))
    index = app.open_index("many")
    ids = [f"d{n}#0" for n in range(options.chunks)]
    vectors = numpy.concatenate(
        [index.vectors(ids[n : n + 20_000]) for n in range(0, len(ids), 20_000)]
    )
    asked = questions()
    embed = app.models.open("embedded/static").embed
    from flowgrade.models import EmbeddingRequest

    made = numpy.asarray(asyncio.run(embed(EmbeddingRequest(inputs=asked))).vectors, "float32")
    numpy.save(options.folder / "vectors.npy", vectors)
    numpy.save(options.folder / "queries.npy", made)
    exact = best(vectors, made)
    numpy.save(options.folder / "exact.npy", exact)

    async def ask(mode: Any) -> tuple[list[float], list[list[str]]]:
        times, hits = [], []
        for question in asked[:20]:
            await index.search(question, mode=mode)
        for question in asked:
            started = time.perf_counter()
            found = await index.search(question, mode=mode, limit=LIMIT)
            times.append(time.perf_counter() - started)
            hits.append([hit.chunk.id for hit in found.hits])
        return times, hits

    found = {mode: asyncio.run(ask(mode)) for mode in ("hybrid", "keyword", "vector")}
    near = [[int(id[1:-2]) for id in row] for row in found["vector"][1]]
    return {
        **{mode: middle(times) for mode, (times, _) in found.items()},
        **outcome(build, place, recall(near, exact)),
    }


def faiss_side(options: argparse.Namespace) -> Any:
    """HNSW with 32 neighbours."""
    import faiss  # type: ignore[import-not-found]

    faiss.omp_set_num_threads(1)
    vectors, queries, exact = given(options.folder)
    index = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 128
    build = clock(lambda: index.add(vectors))
    index.hnsw.efSearch = 256
    file = options.folder / "faiss" / "index"
    file.parent.mkdir()
    faiss.write_index(index, str(file))
    times, near = asked_of(queries, lambda query: index.search(query[None], LIMIT)[1][0].tolist())
    return {"vector": middle(times), **outcome(build, file.parent, recall(near, exact))}


def lancedb_side(options: argparse.Namespace) -> Any:
    """Its HNSW with scalar quantisation, refined by the vectors themselves."""
    import lancedb
    import pyarrow  # type: ignore[import-untyped]

    vectors, queries, exact = given(options.folder)
    place = options.folder / "lancedb"
    width = vectors.shape[1]

    def fill() -> Any:
        column = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(vectors.ravel()), width)
        rows = pyarrow.table({"id": range(len(vectors)), "vector": column})
        table = lancedb.connect(place).create_table("t", rows)
        table.create_index(metric="cosine", index_type="IVF_HNSW_SQ")
        return table

    kept: list[Any] = []
    build = clock(lambda: kept.append(fill()))

    def near(query: Any) -> list[int]:
        search = kept[0].search(query).distance_type("cosine").nprobes(20).refine_factor(10)
        return [row["id"] for row in search.limit(LIMIT).select(["id"]).to_list()]

    times, found = asked_of(queries, near)
    return {"vector": middle(times), **outcome(build, place, recall(found, exact))}


def chroma_side(options: argparse.Namespace) -> Any:
    """As it comes, with cosine distance."""
    import chromadb  # type: ignore[import-not-found]

    vectors, queries, exact = given(options.folder)
    place = options.folder / "chroma"
    settings = chromadb.Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(path=str(place), settings=settings)
    collection = client.create_collection("chunks", metadata={"hnsw:space": "cosine"})

    def fill() -> None:
        for start in range(0, len(vectors), 5_000):
            part = vectors[start : start + 5_000]
            collection.add(ids=[str(start + n) for n in range(len(part))], embeddings=part.tolist())

    build = clock(fill)

    def near(query: Any) -> list[int]:
        found = collection.query(query_embeddings=[query.tolist()], n_results=LIMIT, include=[])
        return [int(id) for id in found["ids"][0]]

    times, found = asked_of(queries, near)
    return {"vector": middle(times), **outcome(build, place, recall(found, exact))}


SIDES: dict[str, Callable[[argparse.Namespace], Any]] = {
    "flowgrade": flowgrade_side,
    "faiss": faiss_side,
    "lancedb": lancedb_side,
    "chroma": chroma_side,
}


def given(folder: Path) -> tuple[Any, Any, Any]:
    """Vectors, queries and the exact best ten of each."""
    import numpy

    names = ("vectors.npy", "queries.npy", "exact.npy")
    vectors, queries, exact = (numpy.load(folder / name) for name in names)
    return vectors, queries, exact


def best(vectors: Any, queries: Any) -> Any:
    """The rows of the best ten for each query, by the exact product."""
    import numpy

    return numpy.array(
        [numpy.argsort(-(vectors @ query), kind="stable")[:LIMIT] for query in queries]
    )


def recall(found: list[list[int]], exact: Any) -> float:
    """The share of the exact best ten that was found."""
    pairs = zip(found, exact.tolist(), strict=True)
    return sum(len(set(near) & set(true)) for near, true in pairs) / (LIMIT * len(exact))


def asked_of(queries: Any, near: Callable[[Any], list[int]]) -> tuple[list[float], list[list[int]]]:
    """Seconds and rows of each query, after some to warm up."""
    for query in queries[:20]:
        near(query)
    times, found = [], []
    for query in queries:
        started = time.perf_counter()
        found.append(near(query))
        times.append(time.perf_counter() - started)
    return times, found


def clock(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds of ``work``."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def middle(times: list[float]) -> tuple[float, float]:
    """Median and 95th percentile, in milliseconds."""
    ordered = sorted(times)
    return ordered[len(ordered) // 2] * 1000, ordered[int(len(ordered) * 0.95)] * 1000


def outcome(build: tuple[float, float], place: Path, found: float) -> dict[str, Any]:
    """What every contender says."""
    scale = 1 if sys.platform == "darwin" else 1024
    disk = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 2**20
    return {"build": build, "peak": peak, "disk": disk / 2**20, "recall": found}


if __name__ == "__main__":
    sys.exit(main())
