"""The loader ``docx``: headings, paragraphs and tables of Word documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from flowgrade.retrieval.document import Document
from flowgrade.retrieval.loading.extras import check_office, reading
from flowgrade.retrieval.loading.loader import Origin
from flowgrade.retrieval.loading.outline import Outline

_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_MADE_UP = "Word Document"  # python-docx gives it to files that have no title


class DocxLoader:
    """Headers, footers and comments are left out."""

    suffixes = (".docx",)
    content_types = ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",)

    def load(self, stream: BinaryIO, origin: Origin) -> Iterator[Document]:
        """The one document; raises LoadError, and MissingExtraError without python-docx."""
        check_office(stream, "DOCX", origin)
        with reading("DOCX", origin):
            import docx  # noqa: PLC0415 optional dependency

            opened = docx.Document(stream)
            outline = Outline(origin)
            title = opened.core_properties.title
            for block in opened.iter_inner_content():
                if hasattr(block, "rows"):
                    outline.paragraph("\n".join(_rows(block)))
                else:
                    title = _paragraph(outline, block) or title
            yield outline.document(title=None if title == _MADE_UP else title)


def _paragraph(outline: Outline, block: Any) -> str | None:
    """Write a paragraph; gives it back when it is the title."""
    style = (block.style.name if block.style is not None else None) or ""
    text: str = block.text
    if match := _HEADING.fullmatch(style):
        outline.heading(int(match[1]), text)
    elif style == "Title" and text.strip():
        outline.heading(0, text)
        return text.strip()
    else:
        outline.paragraph(text, "\n" if style.startswith("List") else "\n\n")
    return None


def _rows(table: Any) -> Iterator[str]:
    for row in table.rows:
        cells: dict[int, str] = {}
        for cell in row.cells:  # a merged cell comes once for each column that it covers
            cells[id(cell._tc)] = " ".join(cell.text.split())
        yield " | ".join(cells.values())


LOADER = DocxLoader()
