"""The loader ``text``: a file is one document as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from flowgrade.retrieval.document import Document
from flowgrade.retrieval.loading.decoding import read_text
from flowgrade.retrieval.loading.loader import Origin


class TextLoader:
    """Reads plain text."""

    suffixes = (".txt", ".text", ".rst", ".adoc", ".log")
    content_types = ("text/plain",)

    def load(self, stream: BinaryIO, origin: Origin) -> Iterator[Document]:
        """The one document; raises LoadError."""
        text = read_text(stream, origin)
        yield Document(id=origin.id, text=text, title=origin.name, source=origin.source)


LOADER = TextLoader()
