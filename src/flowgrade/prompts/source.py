"""A template's text, with the files that it includes put in, and where each part of it stands.

``{% include "rules/safety.md" %}`` puts another file in its place before anything is rendered, so
the sandbox never opens a file. The name counts from the folder of the template, and no file
outside that folder can be included.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from pathlib import Path

from flowgrade.errors import NotFoundError, Place, TemplateError
from flowgrade.prompts.tags import tags_of
from flowgrade.records import Record

_INCLUDE = re.compile(r"\{%[-+]?\s*include\b(?P<rest>.*)%\}", re.DOTALL)
_NAME = re.compile(r"\s*(['\"])(?P<name>[^'\"\n]+)\1\s*\Z")
_DEEPEST = 8
_LARGEST = 1024 * 1024
_TEXT = frozenset({".md", ".txt", ".jinja2", ".jinja", ".j2"})


class _Piece(Record, kw_only=False):
    """A stretch of the text that comes from one file, from one position of it on."""

    start: int
    file: Path
    line: int
    column: int


class TemplateSource(Record, kw_only=False):
    """A template's text and where it comes from."""

    text: str
    pieces: tuple[_Piece, ...]
    included: tuple[Path, ...] = ()
    """Every file that was put in, each once."""

    def place(self, offset: int) -> Place:
        """File, line and column of the character at ``offset``."""
        piece = self.pieces[bisect_right([one.start for one in self.pieces], offset) - 1]
        before = self.text[piece.start : offset]
        lines = before.count("\n")
        column = len(before) - before.rfind("\n") if lines else piece.column + len(before)
        return Place(str(piece.file), piece.line + lines, column)

    def place_of_line(self, line: int) -> Place:
        """File and line of the line (from 1) of the whole text."""
        offset = 0
        for _ in range(line - 1):
            offset = self.text.find("\n", offset) + 1
        found = self.place(offset)
        return Place(found.file, found.line)


def read_template(file: Path) -> TemplateSource:
    """The template in ``file``. Raises NotFoundError and, for an include, TemplateError."""
    return with_included(_read(file), file=file)


def with_included(text: str, *, file: Path, line: int = 1) -> TemplateSource:
    """``text``, which begins on ``line`` of ``file``, with its includes put in."""
    if "{%" not in text or "include" not in text:
        return TemplateSource(text, (_Piece(0, file, line, 1),))
    maker = _Maker(file.parent)
    maker.add(text, file, line, [file])
    return TemplateSource(
        "".join(maker.parts), tuple(maker.pieces), tuple(dict.fromkeys(maker.included))
    )


class _Maker:
    """Puts a text together, piece by piece."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts: list[str] = []
        self.pieces: list[_Piece] = []
        self.included: list[Path] = []
        self.length = 0

    def add(self, text: str, file: Path, line: int, chain: list[Path]) -> None:
        position = 0
        for tag in tags_of(text):
            match = _INCLUDE.match(tag.text)
            if match is None:
                continue
            self._piece(text, position, tag.start, file, line)
            place = Place(str(file), line + text.count("\n", 0, tag.start))
            self._include(match["rest"], place, chain)
            # As behind any block, the end of the line goes with the tag.
            position = tag.end + text.startswith("\n", tag.end)
        self._piece(text, position, len(text), file, line)

    def _piece(self, text: str, start: int, end: int, file: Path, line: int) -> None:
        column = start - text.rfind("\n", 0, start)
        self.pieces.append(_Piece(self.length, file, line + text.count("\n", 0, start), column))
        self.parts.append(text[start:end])
        self.length += end - start
        if self.length > _LARGEST:
            raise TemplateError(f"A template with its includes has over {_LARGEST:,} characters.")

    def _include(self, rest: str, place: Place, chain: list[Path]) -> None:
        target = self._target(rest, place)
        if target in chain:
            names = " → ".join(one.name for one in [*chain[chain.index(target) :], target])
            raise TemplateError(
                f"Templates include each other in a circle: {names}.",
                hint="Remove one of these includes.",
                place=place,
            )
        if len(chain) > _DEEPEST:
            raise TemplateError(f"Includes stand more than {_DEEPEST} deep.", place=place)
        self.included.append(target)
        text = _read(target)
        self.add(text if text.endswith("\n") else text + "\n", target, 1, [*chain, target])

    def _target(self, rest: str, place: Place) -> Path:
        match = _NAME.match(rest.rstrip("-+"))
        if match is None:
            raise TemplateError(
                "An include must name a file in quotes.",
                hint='Write it as {% include "rules/safety.md" %}.',
                place=place,
            )
        target = self.folder / match["name"]
        if not target.resolve().is_relative_to(self.folder.resolve()):
            raise TemplateError(
                f"The include '{match['name']}' lies outside the template's folder.",
                hint=f"Put the file below {self.folder}.",
                place=place,
            )
        if target.suffix not in _TEXT or not target.is_file():
            raise TemplateError(
                f"The include '{match['name']}' is not there, or is no text.",
                hint=f"Names count from {self.folder}; files: {', '.join(sorted(_TEXT))}.",
                place=place,
            )
        return target


def _read(file: Path) -> str:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise NotFoundError(f"The prompt {file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise TemplateError(
            f"The file is not UTF-8 text (byte {error.start}).",
            hint="Save the file as UTF-8.",
            place=Place(str(file)),
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
