"""The loader ``pdf``: the text of each page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from flowgrade.errors import LoadError
from flowgrade.retrieval.document import Document
from flowgrade.retrieval.loading.extras import quiet, reading
from flowgrade.retrieval.loading.loader import Origin
from flowgrade.retrieval.loading.outline import Outline

_HYPHEN = re.compile(r"(?<=[^\W\d_A-Z])(?:-|\u00ad)\n(?=[^\W\d_A-Z])")


class PdfLoader:
    """A section is a page. Words that a line's end cut are joined."""

    suffixes = (".pdf",)
    content_types = ("application/pdf",)

    def load(self, stream: BinaryIO, origin: Origin) -> Iterator[Document]:
        """The one document; raises LoadError, and MissingExtraError without pypdf."""
        with reading("PDF", origin):
            from pypdf import PdfReader  # noqa: PLC0415 optional dependency

            quiet("pypdf")
            stream.seek(0)
            reader = PdfReader(stream, strict=False)
            if reader.is_encrypted and not reader.decrypt(""):
                raise LoadError(
                    f"{origin.source} is encrypted.", hint="Save it without a password."
                )
            yield _document(reader, origin)


def _document(reader: Any, origin: Origin) -> Document:
    outline = Outline(origin)
    pages = 0
    for page in reader.pages:
        pages += 1
        outline.page(pages)
        outline.paragraph(_HYPHEN.sub("", page.extract_text()).replace("\u00ad", ""))
    if outline.is_blank:
        raise LoadError(
            f"{origin.source} has no text on its {pages} page{'s'[: pages != 1]}.",
            hint="Its pages are pictures: run text recognition (OCR) over it first.",
        )
    information = reader.metadata
    title = information.title if information is not None else None
    return outline.document(title=" ".join(title.split()) if isinstance(title, str) else None)


LOADER = PdfLoader()
