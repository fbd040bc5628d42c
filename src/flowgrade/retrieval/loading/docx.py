"""The loader ``docx``: headings, paragraphs and tables of Word documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from flowgrade.retrieval.document import Document
from flowgrade.retrieval.loading.extras import check_office, reading
from flowgrade.retrieval.loading.loader import Origin
from flowgrade.retrieval.loading.outline import Outline

_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_MADE_UP = "Word Document"  # python-docx gives it to files that have no title

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PARAGRAPH, _TABLE, _ROW, _CELL, _RUN = (f"{_W}{tag}" for tag in ("p", "tbl", "tr", "tc", "r"))
_TEXT = f"{_W}t"
_WHITE = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n"}
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_WITHIN = frozenset(f"{_W}{tag}" for tag in ("sdt", "sdtContent", "customXml", "ins", "smartTag"))
"""What paragraphs and tables may stand in: content controls and tracked insertions."""


class DocxLoader:
    """Headers, footers, comments and deleted text are left out."""

    suffixes = (".docx",)
    content_types = ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",)

    def load(self, stream: BinaryIO, origin: Origin) -> Iterator[Document]:
        """The one document; raises LoadError, and MissingExtraError without python-docx."""
        check_office(stream, "DOCX", origin)
        with reading("DOCX", origin):
            import docx  # noqa: PLC0415 optional dependency

            opened = docx.Document(stream)
            # Asking a paragraph for its style looks through all of them each time.
            styles = {style.style_id: style.name or "" for style in opened.styles}
            outline = Outline(origin)
            title = opened.core_properties.title
            for block in _blocks(opened.element.body):
                if block.tag == _TABLE:
                    outline.paragraph("\n".join(_rows(block)))
                else:
                    title = _paragraph(outline, block, styles) or title
            yield outline.document(title=None if title == _MADE_UP else title)


def _blocks(body: Any) -> Iterator[Any]:
    waiting = list(body)[::-1]
    while waiting:
        element = waiting.pop()
        if element.tag in (_PARAGRAPH, _TABLE):
            yield element
        elif element.tag in _WITHIN:
            waiting.extend(list(element)[::-1])


def _paragraph(outline: Outline, block: Any, styles: Mapping[str, str]) -> str | None:
    """Write a paragraph; gives it back when it is the title."""
    style = styles.get(block.style or "", "")
    text = _text(block)
    if match := _HEADING.fullmatch(style):
        outline.heading(int(match[1]), text)
    elif style == "Title" and text.strip():
        outline.heading(0, text)
        return text.strip()
    else:
        outline.paragraph(text, "\n" if style.startswith("List") else "\n\n")
    return None


def _text(paragraph: Any) -> str:
    # A text box is there twice, once for older programs.
    again = {part for twin in paragraph.iter(_FALLBACK) for part in twin.iter()}
    parts: list[str] = []
    for part in paragraph.iter(_TEXT, *_WHITE):
        if part in again:
            continue
        if part.tag == _TEXT:
            parts.append(part.text or "")
        elif part.getparent().tag == _RUN:  # others are tab stops
            parts.append(_WHITE[part.tag])
    return "".join(parts)


def _rows(table: Any) -> Iterator[str]:
    for row in table.iterchildren(_ROW):
        cells = (cell for cell in row.iterchildren(_CELL) if cell.vMerge != "continue")
        yield " | ".join(
            " ".join(" ".join(map(_text, cell.iter(_PARAGRAPH))).split()) for cell in cells
        )


LOADER = DocxLoader()
