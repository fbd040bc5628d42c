"""The loader ``html``: headings and text, without scripts, navigation and forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from flowgrade.errors import LoadError
from flowgrade.records import replace
from flowgrade.retrieval.document import Document
from flowgrade.retrieval.loading.decoding import read_text
from flowgrade.retrieval.loading.extras import reading
from flowgrade.retrieval.loading.loader import Origin
from flowgrade.retrieval.loading.outline import Outline

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:.-]{1,40})", re.IGNORECASE)
_LEFT_OUT = frozenset(
    ("script", "style", "noscript", "template", "nav", "aside", "form", "button", "select", "svg")
    + ("canvas", "iframe", "object", "head", "footer", "dialog", "menu", "audio", "video")
)
_BLOCKS = frozenset(
    ("address", "article", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl")
    + ("dt", "fieldset", "figcaption", "figure", "header", "hgroup", "hr", "html", "legend", "li")
    + ("main", "ol", "p", "pre", "search", "section", "summary", "table", "tbody", "tfoot")
    + ("thead", "tr", "ul")
)
_TIGHT = frozenset(("li", "dt", "dd", "tr"))
_CELLS = frozenset(("td", "th"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_ENDS_UNSAID = frozenset(
    ("p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "html", "head")
    + ("body", "a", "img", "br", "hr", "input", "meta", "link", "col", "source", "wbr", "area")
    + ("embed", "track", "base", "param", "rp", "rt", "colgroup", "optgroup", "font", "nobr")
)
_DEEPEST = 1000
_SHORT_CELL = 300
_DEEPEST_CELL = 4
_CONTENT = ("main", "[role=main]", "article")


class HtmlLoader:
    """Reads the main part of a page, where the page says which one that is."""

    suffixes = (".html", ".htm", ".xhtml")
    content_types = ("text/html", "application/xhtml+xml")

    def load(self, stream: BinaryIO, origin: Origin) -> Iterator[Document]:
        """The one document; raises LoadError, and MissingExtraError without selectolax."""
        stream.seek(0)
        declared = _CHARSET.search(stream.read(4096))
        if origin.charset is None and declared is not None:
            origin = replace(origin, charset=declared[1].decode("ascii"))
        text = read_text(stream, origin)
        _check_depth(text, origin)
        with reading("HTML", origin):
            from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 optional dependency

            tree = LexborHTMLParser(text)
            yield _document(tree, origin)


def _check_depth(text: str, origin: Origin) -> None:
    # A parser looks through all open elements at most tags: deep pages take hours.
    depth = 0
    for match in _TAG.finditer(text):
        if match[2].lower() in _ENDS_UNSAID:
            continue
        depth = max(0, depth + (-1 if match[1] else 1))
        if depth > _DEEPEST:
            raise LoadError(f"{origin.source} is nested too deeply.")


def _document(tree: Any, origin: Origin) -> Document:
    found = tree.css_first("title")
    title = " ".join(found.text().split()) if found is not None else ""
    walk = _Walk(Outline(origin))
    for root in _roots(tree):
        walk.through(root)
    document = walk.outline.document(title=title)
    if not document.text and tree.css_first("script") is not None:
        raise LoadError(
            f"{origin.source} has no text: a script makes it in the browser.",
            hint="Save the page as the browser shows it, or load what it is made from.",
        )
    return document


def _roots(tree: Any) -> list[Any]:
    for selector in _CONTENT:
        found = tree.css(selector)
        # Several articles are a list of them; what stands around them may matter.
        if len(found) == 1 and found[0].text().strip():
            return list(found)
    return [tree.body] if tree.body is not None else []


class _Walk:
    """Goes through a tree without recursion: a page may be nested a million deep."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self._inline: list[str] = []
        self._block = ""
        self._written = ""
        self._verbatim = 0
        self._cells: list[bool] = []
        """Of each cell around, whether it is short: its paragraphs then stay on one line."""

    def through(self, root: Any) -> None:
        """Write what is in ``root``."""
        node = root
        while node is not None:
            entered = self._enter(node)
            if entered and node.child is not None:
                node = node.child
                continue
            node = self._behind(node, root, entered=entered)
        self._flush()

    def _behind(self, node: Any, root: Any, *, entered: bool) -> Any:
        """The node that comes after ``node`` and all within it."""
        while True:
            if entered:
                self._leave(node.tag)
            if node.mem_id == root.mem_id:
                return None
            if node.next is not None:
                return node.next
            node, entered = node.parent, True

    def _enter(self, node: Any) -> bool:
        tag = node.tag
        if tag == "-text":
            self._inline.append(node.text_content or "")
            return False
        if tag is None or tag in _LEFT_OUT or tag[:1] in "-!" or _is_hidden(node):
            return False
        if tag == "br":
            self._inline.append("\v")
        elif tag in _CELLS:
            if "".join(self._inline).strip():
                self._inline.append(" | ")
            # Pages that are laid out with tables have long cells; looking deep would take long.
            deep = len(self._cells) >= _DEEPEST_CELL
            self._cells.append(not deep and len(node.text()) <= _SHORT_CELL)
        elif tag in _BLOCKS or tag in _HEADINGS:
            self._enter_block(tag)
        self._verbatim += tag == "pre"
        return True

    def _enter_block(self, tag: str) -> None:
        if self._cells and self._cells[-1]:
            self._inline.append(" ")
            return
        self._flush()
        self._block = tag

    def _leave(self, tag: str) -> None:
        if tag in _CELLS:
            self._cells.pop()
        elif self._cells and self._cells[-1]:
            pass
        elif tag in _HEADINGS:
            self.outline.heading(_HEADINGS[tag], "".join(self._inline))
            self._inline.clear()
            self._block = self._written = ""
        elif tag in _BLOCKS:
            self._flush()
            self._block = ""
        self._verbatim -= tag == "pre"

    def _flush(self) -> None:
        text = "".join(self._inline)
        self._inline.clear()
        if not text.strip():
            return
        if self._verbatim:
            shown = text.replace("\v", "\n").strip("\n")
        else:
            shown = "\n".join(" ".join(line.split()) for line in text.split("\v"))
        close = self._block in _TIGHT and self._written in _TIGHT
        self.outline.paragraph(shown, "\n" if close else "\n\n")
        self._written = self._block


def _is_hidden(node: Any) -> bool:
    attributes = node.attributes
    return "hidden" in attributes or attributes.get("role") == "navigation"


LOADER = HtmlLoader()
