"""Files that the tests of loading make, and what loading gives of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowgrade.retrieval.document import Document
from flowgrade.retrieval.loading.load import load_documents
from flowgrade.retrieval.loading.loader import LoadLimits, LoadOptions, Unread


def load(source: str | Path, **options: Any) -> tuple[list[Document], list[Unread]]:
    """The documents of ``source``, and what was not read."""
    results = list(load_documents(source, options=LoadOptions(**options)))
    documents = [one for one in results if isinstance(one, Document)]
    return documents, [one for one in results if isinstance(one, Unread)]


def one(path: Path, **options: Any) -> Document:
    """The only document of a file without faults."""
    documents, unread = load(path, **options)
    assert unread == []
    assert len(documents) == 1
    return documents[0]


def fault(path: Path, **options: Any) -> Unread:
    """The only fault of a source that gives no documents."""
    documents, unread = load(path, **options)
    assert documents == []
    assert len(unread) == 1
    assert not unread[0].skipped
    return unread[0]


def limits(**changes: Any) -> LoadLimits:
    return LoadLimits(**changes)


def saved(make: Callable[[Any], object]) -> bytes:
    stream = io.BytesIO()
    make(stream)
    return stream.getvalue()


def pdf(*pages: str, title: str | None = None, password: str | None = None) -> bytes:
    """A PDF with a line of text on each page."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for text in pages:
        page = writer.add_blank_page(300, 300)
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        content = DecodedStreamObject()
        shown = " T* ".join(f"({line}) Tj" for line in text.split("\n"))
        content.set_data(f"BT /F1 12 Tf 14 TL 20 200 Td {shown} ET".encode("latin-1"))
        page[NameObject("/Contents")] = writer._add_object(content)
    if title is not None:
        writer.add_metadata({"/Title": title})
    if password is not None:
        writer.encrypt(password)
    return saved(writer.write)
