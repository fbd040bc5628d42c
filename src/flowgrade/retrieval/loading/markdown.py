"""The loader ``markdown``: headings make sections, front matter makes metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from flowgrade.errors import FlowgradeError, LoadError
from flowgrade.records import Json
from flowgrade.records.yaml import parse_yaml
from flowgrade.retrieval.document import Document, Section
from flowgrade.retrieval.loading.decoding import read_text
from flowgrade.retrieval.loading.loader import Origin
from flowgrade.retrieval.loading.outline import LONGEST_HEADING

_FRONT_MATTER = re.compile(
    r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
_LINK = re.compile(r"!?\[([^\]\[]*)\](?:\([^()]*\)|\[[^\]\[]*\])")
_MARKS = re.compile(r"(?<!\\)(?:\*{1,3}|`+|(?<!\w)_{1,2}|_{1,2}(?!\w)|~~)")
_ANCHOR = re.compile(r"\s*\{#[^}]*\}\s*\Z")


class MarkdownLoader:
    """Keeps the text as it was written, so that what is cited can be found in the file."""

    suffixes = (".md", ".markdown", ".mdx")
    content_types = ("text/markdown", "text/x-markdown")

    def load(self, stream: BinaryIO, origin: Origin) -> Iterator[Document]:
        """The one document; raises LoadError."""
        text, metadata = _front_matter(read_text(stream, origin), origin)
        sections = tuple(_sections(text))
        title = metadata.pop("title", None)
        first = next((section.headings[-1] for section in sections), None)
        yield Document(
            id=origin.id,
            text=text,
            title=title if isinstance(title, str) and title else first or origin.name,
            source=origin.source,
            sections=sections,
            metadata=metadata,
        )


def _front_matter(text: str, origin: Origin) -> tuple[str, dict[str, Json]]:
    match = _FRONT_MATTER.match(text)
    if match is None:
        return text, {}
    try:
        found = parse_yaml("\n" + match[1], file=origin.source)  # a line for the fence
    except FlowgradeError as error:
        raise LoadError(
            f"The front matter cannot be read: {error.message}", hint=error.hint, place=error.place
        ) from None
    if found is None:
        found = {}
    if not isinstance(found, Mapping):
        return text, {}  # two rules with text between them
    return text[match.end() :], dict(found)


def _sections(text: str) -> Iterator[Section]:
    from markdown_it import MarkdownIt  # noqa: PLC0415 only when Markdown is read

    parser = MarkdownIt("commonmark")
    parser.core.ruler.enableOnly(["block"])  # what is inside of lines does not matter here
    tokens = parser.parse(text)
    starts = _line_starts(text)
    above: list[tuple[int, str]] = []
    for token, inline in zip(tokens, tokens[1:], strict=False):
        if token.type != "heading_open" or token.level != 0 or token.map is None:
            continue
        level, heading = int(token.tag[1:]), _plain(inline.content)
        if not heading:
            continue
        above = [*(one for one in above if one[0] < level), (level, heading)]
        yield Section(start=starts[token.map[0]], headings=tuple(name for _, name in above))


def _line_starts(text: str) -> list[int]:
    starts = [0]
    position = text.find("\n")
    while position >= 0:
        starts.append(position + 1)
        position = text.find("\n", position + 1)
    return starts


def _plain(heading: str) -> str:
    shown = _ANCHOR.sub("", _LINK.sub(r"\1", heading))
    return " ".join(_MARKS.sub("", shown).split())[:LONGEST_HEADING]


LOADER = MarkdownLoader()
