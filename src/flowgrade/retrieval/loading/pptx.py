"""The loader ``pptx``: the slides of a presentation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from flowgrade.retrieval.document import Document
from flowgrade.retrieval.loading.extras import check_office, reading
from flowgrade.retrieval.loading.loader import Origin
from flowgrade.retrieval.loading.outline import Outline

_MADE_UP = "PowerPoint Presentation"  # what python-pptx and PowerPoint give untitled files


class PptxLoader:
    """A section is a slide, under its title; the notes of the speaker stand at its end."""

    suffixes = (".pptx",)
    content_types = ("application/vnd.openxmlformats-officedocument.presentationml.presentation",)

    def load(self, stream: BinaryIO, origin: Origin) -> Iterator[Document]:
        """The one document; raises LoadError, and MissingExtraError without python-pptx."""
        check_office(stream, "PPTX", origin)
        with reading("PPTX", origin):
            import pptx  # noqa: PLC0415 optional dependency

            opened = pptx.Presentation(stream)
            outline = Outline(origin)
            for number, slide in enumerate(opened.slides, start=1):
                _slide(outline, number, slide)
            title = opened.core_properties.title
            yield outline.document(title=None if title == _MADE_UP else title)


def _slide(outline: Outline, number: int, slide: Any) -> None:
    shapes = list(_flat(slide.shapes))
    own = slide.shapes.title
    parts = [text for shape in shapes if shape != own and (text := _text(shape).strip())]
    title = _text(own).strip() if own is not None else ""
    if not title and parts:
        # Without a title the first line is what people call the slide.
        title, _, rest = parts[0].partition("\n")
        parts[0] = rest
    outline.top()
    outline.page(number)
    outline.heading(1, title)
    for part in parts:
        outline.paragraph(part)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        outline.paragraph(slide.notes_slide.notes_text_frame.text)


def _flat(shapes: Any) -> Iterator[Any]:
    waiting = list(shapes)[::-1]
    while waiting:
        shape = waiting.pop()
        if hasattr(shape, "shapes"):
            waiting.extend(list(shape.shapes)[::-1])
        else:
            yield shape


def _text(shape: Any) -> str:
    if shape.has_text_frame:
        return str(shape.text_frame.text).replace("\v", "\n")
    if getattr(shape, "has_table", False):
        return "\n".join(
            " | ".join(" ".join(cell.text.split()) for cell in row.cells if not cell.is_spanned)
            for row in shape.table.rows
        )
    return ""


LOADER = PptxLoader()
