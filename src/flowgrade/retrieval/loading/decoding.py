"""Bytes as text: by its byte order mark, what a server says, or as UTF-8; never by guessing."""

from __future__ import annotations

import codecs
import io
import re
from typing import BinaryIO

from flowgrade.errors import LoadError
from flowgrade.retrieval.loading.loader import Origin

_MARKS = (  # that of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PIECE = 1 << 20
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


def encoding_of(head: bytes, declared: str | None = None) -> str:
    """The encoding of a file that begins with ``head``; ``declared`` is used without a mark."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    try:
        b"".decode(declared or "utf-8")  # refuses codecs that are no encodings, such as zip
    except LookupError:
        return "utf-8"
    return declared or "utf-8"


def text_stream(
    stream: BinaryIO, origin: Origin, *, newline: str | None = None
) -> io.TextIOWrapper:
    """``stream`` from its start on as text."""
    stream.seek(0)
    encoding = encoding_of(stream.read(4), origin.charset)
    stream.seek(0)
    return io.TextIOWrapper(stream, encoding=encoding, newline=newline)


def read_text(stream: BinaryIO, origin: Origin) -> str:
    """The whole text, line ends as ``\\n``.

    Raises LoadError for another encoding, for what is no text, and above the limit; no more than
    the limit is ever in memory.
    """
    decoded = text_stream(stream, origin)
    pieces: list[str] = []
    length = 0
    try:
        while piece := decoded.read(_PIECE):
            if "\0" in piece:
                raise LoadError(
                    f"{origin.source} is not text: it has a zero byte.",
                    hint="Leave it out, or name its format.",
                )
            length += len(piece)
            if length > origin.limits.text_characters:
                raise too_long(origin)
            pieces.append(piece)
    except UnicodeError:
        raise wrong_encoding(origin, decoded.encoding) from None
    finally:
        decoded.detach()
    return "".join(pieces)


def wrong_encoding(origin: Origin, encoding: str) -> LoadError:
    """The error for bytes that are not text in ``encoding``."""
    return LoadError(
        f"{origin.source} is not {encoding.upper().removesuffix('-SIG')} text.",
        hint="Save it as UTF-8, or as UTF-16 with a byte order mark.",
    )


def too_long(origin: Origin) -> LoadError:
    """The error for a text above the limit."""
    return LoadError(
        f"{origin.source} has a text of more than {origin.limits.text_characters:,} characters.",
        hint="Split it, or raise the limit text_characters.",
    )


def clean(text: str) -> str:
    """Without zero characters and lone surrogates, which no database stores."""
    return _NOT_TEXT.sub("", text)
