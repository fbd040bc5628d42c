"""The files of a snapshot: a folder that is there whole, or not at all."""

from __future__ import annotations

import mmap
import os
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from flowgrade.errors import NotFoundError, StoreError
from flowgrade.records import Json, JsonObject, Record, dumps, loads
from flowgrade.retrieval.stores.index_store import StorePlace
from flowgrade.retrieval.stores.sqlite_errors import disk_error

FORMAT = 1
CHUNKS = "chunks.db"
VECTORS = "vectors.npy"
KEYS = "keys.npy"
GRAPH = "graph.usearch"
_MANIFEST = "manifest.json"
_PIECE = 1 << 18  # bytes; what fits the processor's cache


class SnapshotFiles(Record, kw_only=False):
    """Where the files of one snapshot are."""

    index: str
    snapshot: str
    published: Path
    """The folder that readers open."""
    staging: Path
    """What a build has taken so far."""

    @property
    def unfinished(self) -> Path:
        """The folder that becomes the published one in one step."""
        return self.published.with_name(f"{self.published.name}.unfinished")

    @property
    def is_published(self) -> bool:
        """Whether readers find it."""
        return (self.published / _MANIFEST).exists()

    def broken(self, what: str) -> StoreError:
        """What to raise for a snapshot whose files are not as they were written."""
        return StoreError(
            f"The snapshot {self.snapshot[:12]} of the index '{self.index}' is damaged: {what}.",
            hint=f"Delete it and build it again: flowgrade index build {self.index}",
        )


def files_of(place: StorePlace, snapshot: str | None = None) -> SnapshotFiles:
    """The files of the snapshot at ``place``, or of another one of its index."""
    name = snapshot or place.snapshot
    folder = place.folder / place.index
    return SnapshotFiles(
        place.index, name, folder / f"{name}.sqlite", folder / f"{name}.staging.db"
    )


def seal(folder: Path, facts: Mapping[str, Json]) -> None:
    """Bring the files of ``folder`` to the disk, with a manifest of their sizes and sums."""
    files: JsonObject = {}
    for path in sorted(folder.iterdir()):
        _sync(path)
        files[path.name] = {"bytes": path.stat().st_size}
        if path.name != CHUNKS:  # SQLite looks after its own
            files[path.name]["crc32"] = _sum(path)
    manifest = folder / _MANIFEST
    manifest.write_text(dumps({"format": FORMAT, **facts, "files": files}), encoding="utf-8")
    _sync(manifest)
    _sync(folder)


def publish(files: SnapshotFiles) -> None:
    """Let readers find the sealed folder."""
    shutil.rmtree(files.published, ignore_errors=True)  # without a manifest it is a ruin
    files.unfinished.rename(files.published)
    _sync(files.published.parent)


def manifest_of(files: SnapshotFiles) -> JsonObject:
    """The manifest of a published snapshot, once its files were found to be whole.

    Raises NotFoundError, and StoreError where a file is missing or has another size.
    """
    try:
        text = (files.published / _MANIFEST).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFoundError(
            f"The index '{files.index}' has no snapshot {files.snapshot[:12]} here.",
            hint=f"Build it: flowgrade index build {files.index}",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise files.broken(f"{files.published / _MANIFEST} cannot be read ({error})") from error
    try:
        manifest = loads(text)
        sizes = {name: entry["bytes"] for name, entry in manifest["files"].items()}
        written = manifest["format"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise files.broken(f"{files.published / _MANIFEST} cannot be understood") from None
    if written != FORMAT:
        raise files.broken(f"it is written in the format {written}, and this reads {FORMAT}")
    for name, size in sizes.items():
        path = files.published / name
        found = path.stat().st_size if path.exists() else None
        if found != size:
            raise files.broken(f"{path} has {found or 0} bytes instead of {size}")
    return manifest  # type: ignore[no-any-return]


def check(files: SnapshotFiles, manifest: JsonObject, names: tuple[str, ...]) -> None:
    """Compare files with their sums, before what they say is believed. Raises StoreError."""
    for name in names:
        path = files.published / name
        if name not in manifest["files"]:
            raise files.broken(f"{path} is missing")
        if _sum(path) != manifest["files"][name]["crc32"]:
            raise files.broken(f"{path} has changed since it was written")


def remove(files: SnapshotFiles) -> None:
    """Remove everything of a snapshot; a reader that begins meanwhile finds nothing."""
    with on_disk(files):
        leaving = files.published.with_name(f"{files.published.name}.leaving")
        shutil.rmtree(leaving, ignore_errors=True)
        if files.published.exists():
            files.published.rename(leaving)
            shutil.rmtree(leaving)
        discard_staging(files)
        parent = files.published.parent
        if parent.exists() and not any(parent.iterdir()):
            parent.rmdir()


def discard_staging(files: SnapshotFiles) -> None:
    """Remove what a build left behind."""
    shutil.rmtree(files.unfinished, ignore_errors=True)
    for suffix in ("", "-wal", "-shm", "-journal"):
        files.staging.with_name(files.staging.name + suffix).unlink(missing_ok=True)


@contextmanager
def on_disk(files: SnapshotFiles) -> Iterator[None]:
    """Give errors of the disk the names that users know."""
    try:
        yield
    except OSError as error:
        raise disk_error(files.published.parent, error) from error


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows has no such call for folders
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sum(path: Path) -> int:
    if not path.stat().st_size:  # what is empty cannot be mapped
        return 0
    value = 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for start in range(0, len(content), _PIECE):
            value = zlib.crc32(content[start : start + _PIECE], value)
    return value
