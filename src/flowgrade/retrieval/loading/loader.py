"""Loader: reads the documents in one file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol, runtime_checkable

from flowgrade.records import Failure, Record, field
from flowgrade.retrieval.document import Document

LOADERS = "flowgrade.loaders"
"""Entry-point group of loaders; the entry's name is the format, such as ``pdf``."""


class LoadLimits(Record):
    """How much a source may bring, so that a crafted one cannot take the machine down."""

    file_bytes: int = 512 * 1024 * 1024
    """Of a file as it lies on the disk, in an archive or on a site."""
    text_characters: int = 16 * 1024 * 1024
    """Of one document's text: some ten thousand pages."""
    unpacked_bytes: int = 256 * 1024 * 1024
    """Of all parts of a compressed document (``.docx``, ``.pptx``) together."""
    total_bytes: int = 4 * 1024 * 1024 * 1024
    """Of all files of an archive, a repository or a site together."""
    files: int = 1_000_000
    """Of a folder, an archive, a repository or a site."""
    seconds: float = 1800.0
    """To copy a repository, or to read a whole site."""
    page_seconds: float = 30.0
    """To read one page of a site."""


class LoadOptions(Record):
    """How sources are read."""

    limits: LoadLimits = field(default_factory=LoadLimits)
    text_column: str | None = None
    """Column of a table that is the text; ``text`` if there is one, else all columns are."""
    id_column: str = "id"
    """Column of a table, or key of a JSON line, that names the document."""
    title_column: str = "title"
    whole_tables: bool = False
    """A table is one document instead of one for each row."""
    suffixes: tuple[str, ...] = ()
    """File name endings to read, such as ``.md``; all that a loader reads when there are none."""
    formats: tuple[tuple[str, str], ...] = ()
    """Loaders of further endings: ``((".py", "text"),)``."""
    allow_private: bool = False
    """A site may be at an address that is not public, such as this machine or its network."""
    allow_hosts: tuple[str, ...] = ()
    """Hosts besides the sitemap's own that pages may come from."""


class Origin(Record):
    """What is known of a file before it is read."""

    id: str
    """The id of a document that is the whole file."""
    name: str
    """The file's name, for formats that have no title."""
    source: str
    options: LoadOptions = field(default_factory=LoadOptions)
    charset: str | None = None
    """What a server says of the encoding."""

    @property
    def limits(self) -> LoadLimits:
        """Those of the options."""
        return self.options.limits


class Unread(Record):
    """A file that brought no documents, or not all of its documents, and why."""

    source: str
    failure: Failure
    skipped: bool = False
    """Nothing is wrong with it: it is hidden, or of no format that is read."""


@runtime_checkable
class Loader(Protocol):
    """Reads one format."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The file name endings it reads, such as ``.pdf``, lower case."""
        ...

    @property
    def content_types(self) -> tuple[str, ...]:
        """What servers call the format, such as ``application/pdf``."""
        ...

    def load(self, stream: BinaryIO, origin: Origin) -> Iterator[Document]:
        """The documents in ``stream``, which can seek.

        Raises LoadError for what cannot be read (broken, encrypted, too large).
        """
        ...
