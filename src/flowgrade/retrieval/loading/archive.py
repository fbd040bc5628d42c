"""Files of a ``.zip`` or ``.tar.gz`` archive. Nothing of it is ever written under its own name."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Self

from flowgrade.errors import LoadError
from flowgrade.retrieval.loading.formats import Formats
from flowgrade.retrieval.loading.found import Budget, Found, Reads, refused, skipped, spooled
from flowgrade.retrieval.loading.loader import LoadOptions, Unread

_BROKEN = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile)
_ENCRYPTED = 0x1
_HEADERS = (
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)
_LONGEST_HEADER = 1024 * 1024


def files_of(path: Path, options: LoadOptions, formats: Formats) -> Iterator[Found | Unread]:
    """The files in the archive at ``path``: a zip's sorted by name, a tar's as they come.

    Raises LoadError for a broken archive and one that unpacks to more than the limits allow.
    """
    budget = Budget(path.name, options.limits)
    read = _zip if path.name.lower().endswith(".zip") else _tar
    try:
        for file in read(path, options, formats, budget):
            yield file
            budget.check()  # a file that took too much ends all, not only itself
    except _BROKEN as error:
        raise LoadError(f"The archive {path.name} is broken: {error}.") from error


def _zip(
    path: Path, options: LoadOptions, formats: Formats, budget: Budget
) -> Iterator[Found | Unread]:
    with zipfile.ZipFile(path) as archive:
        for member in sorted(archive.infolist(), key=lambda one: one.filename):
            if member.is_dir():
                continue
            budget.file()
            name = member.filename
            if stat.S_ISLNK(member.external_attr >> 16):
                yield skipped(name, f"{name} is a link.")
            elif member.flag_bits & _ENCRYPTED:
                yield refused(name, f"{name} is encrypted.", hint="Unpack it and load the folder.")
            else:
                yield _member(name, formats, _zip_opener(archive, member, options, budget))


def _zip_opener(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, options: LoadOptions, budget: Budget
) -> Callable[[], BinaryIO]:
    def opened() -> BinaryIO:
        try:
            with archive.open(member) as stream:
                return spooled(stream, member.filename, options.limits, budget)
        except (*_BROKEN, NotImplementedError, OSError) as error:
            raise LoadError(f"{member.filename} cannot be unpacked: {error}.") from error

    return opened


def _tar(
    path: Path, options: LoadOptions, formats: Formats, budget: Budget
) -> Iterator[Found | Unread]:
    packed = not path.name.lower().endswith(".tar")
    # What is skipped is unpacked too, so all that comes out is counted.
    raw: Reads
    with (
        gzip.open(path) if packed else path.open("rb") as raw,
        tarfile.open(fileobj=_Counted(raw, budget), mode="r|", tarinfo=_Header) as archive,
    ):
        # What the members hold is counted as it comes out of the archive already.
        own = Budget(path.name, options.limits)
        for member in archive:
            if member.isdir():
                continue
            budget.file()
            name = member.name.encode("utf-8", "replace").decode("utf-8")
            if not member.isfile():
                yield skipped(name, f"{name} is a link or no file.")
                continue
            stream = archive.extractfile(member)
            if stream is not None:
                yield _member(name, formats, _tar_opener(stream, name, options, own))


def _tar_opener(
    stream: IO[bytes], name: str, options: LoadOptions, budget: Budget
) -> Callable[[], BinaryIO]:
    return lambda: spooled(stream, name, options.limits, budget)


def _member(name: str, formats: Formats, open_: Callable[[], BinaryIO]) -> Found | Unread:
    parts = PurePosixPath(name).parts
    if name.startswith("/") or "\\" in name or ":" in name.split("/")[0] or ".." in parts:
        return refused(name, f"{name} leads out of the archive.")
    if any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return skipped(name, f"{name} is hidden.")
    loader = formats.of_name(parts[-1]) if parts else None
    if loader is None:
        return skipped(name, formats.why_not(name))
    id_ = PurePosixPath(name).as_posix()
    return Found(id=id_, name=parts[-1], source=id_, loader=loader, open=open_)


class _Header(tarfile.TarInfo):
    """A member, or a header of one, which tarfile reads into memory as a whole."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """The header in a block; raises ReadError for one that says it is very long."""
        found = super().frombuf(buf, encoding, errors)
        if found.type in _HEADERS and found.size > _LONGEST_HEADER:
            raise tarfile.ReadError(f"it has a header of {found.size:,} bytes")
        return found


class _Counted(io.RawIOBase):
    """Counts what is read of a stream."""

    def __init__(self, stream: Reads, budget: Budget) -> None:
        super().__init__()
        self._stream = stream
        self._budget = budget

    def read(self, size: int = -1) -> bytes:
        """The next bytes; raises LoadError above the limit."""
        piece = self._stream.read(size)
        self._budget.bytes(len(piece))
        return piece
