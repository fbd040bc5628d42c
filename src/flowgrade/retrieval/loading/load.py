"""Load documents: from a file, a folder, an archive, a repository or a site."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from flowgrade.errors import FlowgradeError, InputError, LoadError, NotFoundError
from flowgrade.records import Failure
from flowgrade.retrieval.document import Document
from flowgrade.retrieval.loading import archive, folder, repository
from flowgrade.retrieval.loading.formats import ARCHIVES, Formats
from flowgrade.retrieval.loading.found import Found
from flowgrade.retrieval.loading.loader import LoadOptions, Origin, Unread

_SITEMAP = "sitemap+"


def load_documents(
    source: str | Path, *, options: LoadOptions | None = None
) -> Iterator[Document | Unread]:
    """The documents of ``source``, always in the same order, and what of it was not read.

    ``source`` is a path of a file, a folder or an archive (``.zip``, ``.tar.gz``), a repository
    (``git+https://host/path@ref``), or a sitemap (``sitemap+https://host/sitemap.xml``). A file
    that cannot be read comes as an ``Unread`` and does not stop the others.

    Raises InputError for a source that is none; while it is read LoadError for one that is broken
    as a whole, and InputError at the end when there was nothing to load.
    """
    chosen = options or LoadOptions()
    formats = Formats(chosen)
    return _documents(str(source), _files(str(source), chosen, formats), chosen, formats)


def _files(source: str, options: LoadOptions, formats: Formats) -> Iterator[Found | Unread]:
    if source.startswith(repository.PREFIX):
        return repository.files_of(repository.repository_address(source), options, formats)
    if _is_sitemap(source):
        from flowgrade.retrieval.loading import sitemap  # noqa: PLC0415 TLS is slow to import

        return sitemap.pages_of(source.removeprefix(_SITEMAP), options, formats)
    if "://" in source:
        raise InputError(
            f"'{source.partition('://')[0]}://' is no source of documents.",
            hint="Write sitemap+https://host/sitemap.xml for a site, git+https://… for a "
            "repository, or the path of a file or folder.",
        )
    path = Path(source)
    if path.is_dir():
        return folder.files_of(path, options, formats)
    if not path.exists():
        raise NotFoundError(f"There is no file or folder {source}.")
    if path.name.lower().endswith(ARCHIVES):
        return archive.files_of(path, options, formats)
    return folder.one_file(path, options, formats)


def _is_sitemap(source: str) -> bool:
    if source.startswith(_SITEMAP):
        return True
    path = source.partition("?")[0] if source.startswith(("http://", "https://")) else ""
    return path.endswith(("sitemap.xml", "sitemap.xml.gz"))


def _documents(
    source: str, files: Iterator[Found | Unread], options: LoadOptions, formats: Formats
) -> Iterator[Document | Unread]:
    seen: dict[str, str] = {}
    failed = passed_over = 0
    for file in files:
        for result in _read(file, options, seen):
            if isinstance(result, Unread):
                passed_over += result.skipped
                failed += not result.skipped
            yield result
    if not seen and not failed:
        others = f" ({passed_over} were passed over)" if passed_over else ""
        raise InputError(
            f"There is nothing to load in {source}{others}.",
            hint=f"Looked for: {', '.join(formats.suffixes)}.",
        )


def _read(
    file: Found | Unread, options: LoadOptions, seen: dict[str, str]
) -> Iterator[Document | Unread]:
    if isinstance(file, Unread):
        yield file
        return
    origin = Origin(
        id=file.id, name=file.name, source=file.source, options=options, charset=file.charset
    )
    given = 0
    try:
        with file.open() as stream, _closed(file.loader.load(stream, origin)) as documents:
            for document in documents:
                if document.id in seen:
                    raise LoadError(
                        f"The id '{document.id}' in {file.source} is that of a document in "
                        f"{seen[document.id]} too.",
                        hint="Each document of an index has an id of its own.",
                    )
                seen[document.id] = file.source
                given += 1
                yield document
    except FlowgradeError as error:
        if given:
            error.message += f" What follows it is not read; {given} before it are."
        yield Unread(source=file.source, failure=Failure.of(error))
    except Exception as error:  # noqa: BLE001 a loader of another package may fail in any way
        yield Unread(source=file.source, failure=Failure.of(error))


@contextmanager
def _closed(documents: Iterator[Document]) -> Iterator[Iterator[Document]]:
    """Ends a generator before the stream that it reads is closed."""
    try:
        yield documents
    finally:
        if isinstance(documents, Generator):
            documents.close()
