"""Found: a file that a source holds, not read yet."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import BinaryIO, Protocol, cast

from flowgrade.errors import LoadError
from flowgrade.records import Failure, Record
from flowgrade.retrieval.loading.loader import Loader, LoadLimits, Unread

_PIECE = 1 << 16
_IN_MEMORY = 16 * 1024 * 1024


class Reads(Protocol):
    """What bytes come out of."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; none at the end."""
        ...


class Found(Record):
    """Where a file is, and how to read it."""

    id: str
    """Of a document that is the whole file: its path below the source, or its address."""
    name: str
    source: str
    loader: Loader
    open: Callable[[], BinaryIO]
    """Called once, before the source is asked for the next file."""
    charset: str | None = None


def refused(source: str, why: str, *, hint: str | None = None) -> Unread:
    """A file that is not read because something is wrong with it."""
    return Unread(source=source, failure=Failure.of(LoadError(why, hint=hint)))


def skipped(source: str, why: str) -> Unread:
    """A file that is passed over though nothing is wrong with it."""
    return Unread(source=source, failure=Failure.of(LoadError(why)), skipped=True)


class Budget:
    """How much of a source may still be read, over all of its files."""

    def __init__(self, source: str, limits: LoadLimits) -> None:
        self._source = source
        self._limits = limits
        self._bytes = 0
        self._files = 0

    def file(self) -> None:
        """Count a file; raises LoadError for one too many."""
        self._files += 1
        if self._files > self._limits.files:
            raise LoadError(
                f"{self._source} has more than {self._limits.files:,} files.",
                hint="Load a part of it, or raise the limit files.",
            )

    def bytes(self, number: int) -> None:
        """Count bytes; raises LoadError above the limit."""
        self._bytes += number
        self.check()

    def check(self) -> None:
        """Raises LoadError when the bytes are above the limit."""
        if self._bytes > self._limits.total_bytes:
            raise LoadError(
                f"{self._source} unpacks to more than {self._limits.total_bytes:,} bytes.",
                hint="Load a part of it, or raise the limit total_bytes.",
            )


def spooled(stream: Reads, source: str, limits: LoadLimits, budget: Budget) -> BinaryIO:
    """A copy that can seek, on the disk where it is large.

    What is read is counted, whatever the source says of its length. Raises LoadError.
    """
    copy = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 the caller closes it
    length = 0
    try:
        while piece := stream.read(_PIECE):
            length += len(piece)
            if length > limits.file_bytes:
                raise too_large(source, limits)
            budget.bytes(len(piece))
            copy.write(piece)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return cast(BinaryIO, copy)


def too_large(source: str, limits: LoadLimits) -> LoadError:
    """The error for a file above the limit."""
    return LoadError(
        f"{source} has more than {limits.file_bytes:,} bytes.",
        hint="Split it, or raise the limit file_bytes.",
    )
