"""Attachment: a file that goes with a question, an image or a text."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path

from flowgrade.errors import InputError
from flowgrade.prompts import Image
from flowgrade.records import JsonObject, Record, as_dict

TEXT_LIMIT = 512 * 1024  # bytes of a text, some 130,000 tokens
IMAGE_LIMIT = 10 * 1024 * 1024  # bytes of an image, as the large endpoints have it
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")


class Attachment(Record):
    """What was in the file, so that a session needs the file no longer."""

    name: str
    media_type: str
    text: str | None = None
    """The content of a text."""
    data: str | None = None
    """The content of an image in base64."""

    @property
    def is_image(self) -> bool:
        """Whether it is an image, else a text."""
        return self.data is not None

    def as_json(self) -> JsonObject:
        """What is stored of it."""
        return {name: value for name, value in as_dict(self).items() if value is not None}

    def inline(self) -> str:
        """A text as it stands in the question: its name, then its content as a context."""
        return f"{self.name}:\n<context>\n{self.text}\n</context>"

    def part(self) -> JsonObject:
        """An image as a part of a chat message."""
        url = f"data:{self.media_type};base64,{self.data}"
        return {"type": "image_url", "image_url": {"url": url}}


def load_attachment(path: Path) -> Attachment:
    """The file at ``path``; raises InputError for one that is too large or neither of both."""
    try:
        content = path.expanduser().read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be attached: {error.strerror}.",
            hint=f"Relative paths count from {Path.cwd()}.",
        ) from error
    media_type = Image(content).mime
    if media_type in _IMAGES:
        _check_size(path.name, content, IMAGE_LIMIT)
        data = base64.b64encode(content).decode()
        return Attachment(name=path.name, media_type=media_type, data=data)
    return text_attachment(path.name, content)


def text_attachment(name: str, content: bytes) -> Attachment:
    """A text that came as bytes; raises InputError for one that is too large or no text."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _no_text(name, f"not UTF-8 from byte {error.start} on") from None
    if "\0" in text:
        raise _no_text(name, "it has NUL bytes")
    _check_size(name, content, TEXT_LIMIT)
    return Attachment(name=name, media_type="text/plain", text=text)


def with_texts(question: str, attachments: Iterable[Attachment]) -> str:
    """The question with the attached texts before it."""
    texts = [one.inline() for one in attachments if not one.is_image]
    return "\n\n".join([*texts, question])


def _check_size(name: str, content: bytes, limit: int) -> None:
    if len(content) > limit:
        raise InputError(
            f"{name} has {len(content) / 1024:,.0f} KiB; at most {limit // 1024:,} KiB can be "
            "attached.",
            hint="Attach the part that matters.",
        )


def _no_text(name: str, reason: str) -> InputError:
    return InputError(
        f"{name} is neither a PNG, JPEG, GIF or WebP image nor a text ({reason}).",
        hint="Convert it first, for example a PDF with pdftotext.",
    )
