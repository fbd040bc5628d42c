"""Intake: reads the documents of a build once, and keeps those that must be worked on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType

from flowgrade.errors import InputError
from flowgrade.records import Failure
from flowgrade.retrieval.document import Document
from flowgrade.retrieval.loading.loader import Unread
from flowgrade.retrieval.progress import BuildProgress
from flowgrade.retrieval.snapshot import Skipped
from flowgrade.retrieval.spool import Spool


class Intake:
    """The ids and digests of all documents, in memory; the new and changed ones, on the disk."""

    def __init__(self, folder: Path, known: Mapping[str, str], progress: BuildProgress) -> None:
        self.known = known
        """Digests of the documents that can be taken over, by id."""
        self._progress = progress
        self._spool = Spool(folder)
        self.documents: dict[str, str] = {}
        """The digest of each document by its id."""
        self.unread: list[Skipped] = []
        self.fresh = 0
        """Documents that are new or changed."""

    def __enter__(self) -> Intake:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._spool.close()

    def take(self, documents: Iterable[Document | Unread]) -> None:
        """Read them all; raises InputError for a document that is there twice."""
        for found in documents:
            if isinstance(found, Document):
                self._add(found)
                self._progress.read += 1
            elif not found.skipped:
                self.unread.append(Skipped(source=found.source, message=_said(found.failure)))
                self._progress.unread += 1

    @property
    def kept(self) -> list[str]:
        """Ids of the documents that are as they were."""
        return [one for one, digest in self.documents.items() if self.known.get(one) == digest]

    def to_do(self) -> Iterator[Document]:
        """The documents that are new or changed, read from the disk one by one."""
        return self._spool.documents()

    def _add(self, document: Document) -> None:
        digest = document.digest
        if document.id in self.documents:
            source = f" (again in {document.source})" if document.source else ""
            raise InputError(
                f"The document '{document.id}' is there twice{source}.",
                hint="Give each document an id of its own.",
            )
        self.documents[document.id] = digest
        if self.known.get(document.id) != digest:
            self._spool.add(document)
            self.fresh += 1


def _said(failure: Failure) -> str:
    """The message, with the line where the place has one."""
    line = (failure.place or "").rpartition(":")[2]
    return f"line {line}: {failure.message}" if line.isdigit() else failure.message
