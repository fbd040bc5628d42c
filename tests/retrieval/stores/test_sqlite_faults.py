"""The embedded store refuses what does not fit, and survives kills, damage and full disks."""

import errno
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from textwrap import dedent

import numpy
import pytest

from flowgrade.errors import (
    IndexConflictError,
    InputError,
    NotFoundError,
    StoreError,
    StoreFullError,
)
from flowgrade.retrieval.stores.sqlite import STORE
from tests.retrieval.stores.sqlite_index import (
    build_three,
    chunk,
    place,
    search_ids,
    vectors,
)


def test_vectors_of_another_dimension_are_refused(tmp_path: Path) -> None:
    build_three(tmp_path)
    writer = STORE.writer(place(tmp_path, "b2", 8))
    with pytest.raises(IndexConflictError, match="5 numbers"):
        writer.add("x", [chunk("x", "x")], vectors(1, dimensions=5))
    with pytest.raises(InputError, match="1 chunks and 0 vectors"):
        writer.add("x", [chunk("x", "x")], None)
    with pytest.raises(InputError, match="finite"):
        writer.add("x", [chunk("x", "x")], numpy.full((1, 8), numpy.nan))
    assert writer.staged() == frozenset()
    writer.close()
    reader = STORE.reader(place(tmp_path))
    with pytest.raises(IndexConflictError, match="flowgrade index build"):
        reader.by_vector(numpy.ones(5, numpy.float32), 3)
    reader.close()


def test_a_base_of_another_dimension_is_refused(tmp_path: Path) -> None:
    build_three(tmp_path)
    with pytest.raises(IndexConflictError, match="flowgrade index build facts"):
        STORE.writer(place(tmp_path, "b2", 9), base="a1")


def test_what_the_base_has_not_cannot_be_kept(tmp_path: Path) -> None:
    build_three(tmp_path)
    writer = STORE.writer(place(tmp_path, "b2", 8), base="a1")
    with pytest.raises(NotFoundError, match="four"):
        writer.keep(["one", "four"])
    assert writer.staged() == frozenset()
    writer.close()


def test_two_chunks_of_one_id_are_refused_and_the_document_can_be_mended(tmp_path: Path) -> None:
    writer = STORE.writer(place(tmp_path))
    writer.add("a", [chunk("a", "first"), chunk("a", "second")], None)
    with pytest.raises(InputError, match="one id"):
        writer.publish()
    writer.add("a", [chunk("a", "first"), chunk("a", "second", 1)], None)
    writer.publish()
    writer.close()
    with closing(STORE.reader(place(tmp_path))) as reader:
        assert len(reader) == 2


@pytest.mark.parametrize(
    "name",
    [
        "manifest.json",
        "chunks.db",
        "vectors.npy",
        "rows.npy",
        "impacts.npy",
        "words.txt",
        "ids.txt",
    ],
)
@pytest.mark.parametrize("harm", ["truncated", "removed"])
def test_a_damaged_file_is_named_with_the_way_out(tmp_path: Path, name: str, harm: str) -> None:
    build_three(tmp_path)
    path = tmp_path / "facts" / "a1.sqlite" / name
    if harm == "removed" and name != "manifest.json":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(StoreError, match=name) as caught:
        STORE.reader(place(tmp_path))
    assert "flowgrade index build facts" in str(caught.value)


@pytest.mark.parametrize("name", ["vectors.npy", "rows.npy", "impacts.npy", "ids.txt"])
def test_a_flipped_bit_never_gives_a_wrong_answer(tmp_path: Path, name: str) -> None:
    build_three(tmp_path)
    path = tmp_path / "facts" / "a1.sqlite" / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    reader = STORE.reader(place(tmp_path))
    with pytest.raises(StoreError, match=name):
        (reader.by_vector(vectors(1)[0], 3), reader.by_words("text", 3))
    reader.close()


def test_a_broken_database_is_named(tmp_path: Path) -> None:
    build_three(tmp_path)
    path = tmp_path / "facts" / "a1.sqlite" / "chunks.db"
    path.write_bytes(b"x" * path.stat().st_size)
    with (
        closing(STORE.reader(place(tmp_path))) as reader,
        pytest.raises(StoreError, match=r"chunks\.db.* damaged"),
    ):
        reader.chunks(["one#0"])


def test_a_full_disk_while_publishing_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = STORE.writer(place(tmp_path, dimensions=8))
    writer.add("one", [chunk("one", "text")], vectors(1))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        with pytest.raises(StoreFullError, match="No space left") as caught:
            writer.publish()
    assert "goes on where it stopped" in str(caught.value)
    with pytest.raises(NotFoundError):
        STORE.reader(place(tmp_path))
    writer.publish()
    writer.close()
    with closing(STORE.reader(place(tmp_path))) as reader:
        assert len(reader) == 1


_KILLED = """
    import os, signal, sys
    from pathlib import Path
    import numpy
    from flowgrade.retrieval.stores import sqlite_writer
    from flowgrade.retrieval.stores.sqlite import STORE
    from tests.retrieval.stores.sqlite_index import chunk, place

    folder, when = Path(sys.argv[1]), sys.argv[2]
    def end(*_):
        os.kill(os.getpid(), signal.SIGKILL)
    writer = STORE.writer(place(folder, dimensions=8))
    for n in range(40):
        writer.add(f"d{n}", [chunk(f"d{n}", f"oil number{n}")], numpy.full((1, 8), n + 1.0))
    if when == "staged":
        end()
    setattr(sqlite_writer, "publish" if when == "written" else "discard_staging", end)
    writer.publish()
"""


@pytest.mark.slow
@pytest.mark.parametrize("when", ["staged", "written", "published"])
def test_a_killed_build_resumes(tmp_path: Path, when: str) -> None:
    script = dedent(_KILLED)
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path), when], check=False)
    assert ended.returncode == -9
    if when != "published":
        with pytest.raises(NotFoundError):
            STORE.reader(place(tmp_path))
    writer = STORE.writer(place(tmp_path, dimensions=8))
    assert writer.staged() == {f"d{n}" for n in range(40)}
    writer.publish()
    writer.close()
    reader = STORE.reader(place(tmp_path))
    assert len(reader) == 40
    assert search_ids(reader, "number17") == ["d17#0"]
    reader.close()
    assert [path.name for path in (tmp_path / "facts").iterdir()] == ["a1.sqlite"]
