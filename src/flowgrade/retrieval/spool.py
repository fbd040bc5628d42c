"""Spool: documents that wait on the disk, so that a corpus need not fit into memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from flowgrade.records import dumps, loads
from flowgrade.retrieval.document import Document, Section


class Spool:
    """Documents in the order in which they came; gone with the process, however it ends."""

    def __init__(self, folder: Path) -> None:
        # Not in the system's folder for temporary files, which may be memory.
        folder.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder, prefix="spool-")  # noqa: SIM115  close() does

    def add(self, document: Document) -> None:
        """Put a document at the end."""
        self._file.write(dumps(document).encode() + b"\n")

    def close(self) -> None:
        """Throw them away."""
        self._file.close()

    def documents(self) -> Iterator[Document]:
        """All of them, read one by one."""
        self._file.seek(0)
        for line in self._file:
            found = loads(line)
            sections = found.pop("sections")
            yield Document(
                **found,
                sections=tuple(
                    Section(start=one["start"], headings=tuple(one["headings"]), page=one["page"])
                    for one in sections
                ),
            )
