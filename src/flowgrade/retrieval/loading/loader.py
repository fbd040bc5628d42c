"""Loader: reads the documents in one file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol, runtime_checkable

from flowgrade.records import Record
from flowgrade.retrieval.document import Document

LOADERS = "flowgrade.loaders"
"""Entry-point group of loaders; the entry's name is the format, such as ``pdf``."""


class LoadLimits(Record):
    """How much one file may bring, so that a crafted one cannot take the machine down."""

    file_bytes: int = 512 * 1024 * 1024
    """Of a file as it lies on the disk."""
    text_characters: int = 64 * 1024 * 1024
    """Of one document's text."""
    unpacked_bytes: int = 256 * 1024 * 1024
    """Of all members of a compressed file together."""


class Origin(Record):
    """What is known of a file before it is read."""

    id: str
    """The id of a document that is the whole file."""
    name: str
    """The file's name, for formats that have no title."""
    source: str
    limits: LoadLimits


@runtime_checkable
class Loader(Protocol):
    """Reads one format."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The file name endings it reads, such as ``.pdf``, lower case."""
        ...

    def load(self, stream: BinaryIO, origin: Origin) -> Iterator[Document]:
        """The documents in ``stream``, which can seek.

        Raises LoadError for what cannot be read (broken, encrypted, too large).
        """
        ...
