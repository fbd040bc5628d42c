"""A context made ready for reading: its pieces and the keys of each."""

from __future__ import annotations

from flowgrade.models.reader.sentences import Piece, split
from flowgrade.models.reader.words import content_keys
from flowgrade.records import Record


class Page(Record, kw_only=False):
    """A context, its pieces, and for each piece its keys in order and as a set."""

    text: str
    pieces: list[Piece]
    keys: list[list[str]]
    sets: list[set[str]]

    def words(self, index: int) -> str:
        """Return the text of a piece."""
        piece = self.pieces[index]
        return self.text[piece.start : piece.end]

    def body(self, index: int) -> str:
        """Return the text of a piece without its list marker."""
        piece = self.pieces[index]
        return self.text[piece.body : piece.end]


def open_page(text: str) -> Page:
    """Split the text and find the keys of its pieces."""
    pieces = split(text)
    keys = [content_keys(text[piece.start : piece.end]) for piece in pieces]
    return Page(text, pieces, keys, list(map(set, keys)))
