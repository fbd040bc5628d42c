"""What an index store took survives the death of the process that filled it."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from flowgrade.plugins import load_plugin
from flowgrade.retrieval import INDEX_STORES, IndexStore, StorePlace

_FILL = """
import json, sys
from pathlib import Path

import numpy

from flowgrade.plugins import load_plugin
from flowgrade.retrieval import INDEX_STORES, Chunk, IndexStore, StorePlace

name, folder, options = sys.argv[1:]
place = StorePlace(
    folder=Path(folder), index="i", snapshot="ab", dimensions=4, options=json.loads(options)
)
writer = load_plugin(INDEX_STORES, name, IndexStore).writer(place)
for number in range(100_000):
    id = f"d{number}"
    chunks = [
        Chunk(id=f"{id}#{part}", document=id, number=part, text=f"tea {part}", start=0, end=5)
        for part in range(3)
    ]
    writer.add(id, chunks, numpy.eye(3, 4, dtype=numpy.float32))
    print(id, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lancedb", "postgres", "qdrant"])
def test_a_killed_writer_leaves_what_it_acknowledged(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("vector_database") if name == "postgres" else None
    options = {"url": url} if url else {}
    acknowledged = _fill_and_kill(name, tmp_path, json.dumps(options), documents=25)
    place = StorePlace(folder=tmp_path, index="i", snapshot="ab", dimensions=4, options=options)
    store = load_plugin(INDEX_STORES, name, IndexStore)  # type: ignore[type-abstract]
    with closing(store.writer(place)) as writer:
        staged = writer.staged()
        assert acknowledged <= staged
        writer.publish()
    with closing(store.reader(place)) as reader:
        assert len(reader) == 3 * len(staged)
        assert all(len(reader.of_document(document)) == 3 for document in acknowledged)


def _fill_and_kill(name: str, folder: Path, options: str, *, documents: int) -> set[str]:
    command = [sys.executable, "-c", _FILL, name, str(folder), options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seen = [process.stdout.readline().strip() for _ in range(documents)]
        process.kill()
        seen += [line.strip() for line in process.stdout if line.endswith("\n")]
    return {line for line in seen if line}
