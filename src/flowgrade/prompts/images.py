"""Images in prompts: read them from the forms that flows use, hand them to a model."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from flowgrade.errors import InputError

MessageFormat = Literal["basic", "openai-vision"]

_FORM = re.compile(r"data:image/(.*);(path|base64|url)\Z")
_LINE = re.compile(r"data:image/(.*);(path|base64|url):\s*(.*)\Z")
_DATA_URI = re.compile(r"data:image/(.*);base64\Z")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}\Z")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/]")
_UNKNOWN = "image/*"
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
)


class Image(bytes):
    """The bytes of an image with their type, or the address of one (then without bytes).

    Written into a template it is a short name such as ``Image(3f2a91bc)``, which
    ``parse_chat`` replaces by the image where it stands alone on a line.
    """

    mime: str
    source_url: str | None

    def __new__(
        cls, value: bytes = b"", mime_type: str | None = None, source_url: str | None = None
    ) -> Image:
        """Bytes with their MIME type, which is guessed from them when it is not given."""
        image = super().__new__(cls, value)
        image.mime = (mime_type or _guess(value)).lower()
        image.source_url = source_url
        return image

    @property
    def _mime_type(self) -> str:
        # The name that prompt flow's tools read.
        return self.mime

    @property
    def url(self) -> str:
        """What a model is sent: the address, or the bytes as a data URI."""
        return self.source_url or self.to_base64(with_type=True)

    def to_base64(self, with_type: bool = False) -> str:
        """The bytes in base64, as a data URI when ``with_type`` is set."""
        text = base64.b64encode(self).decode()
        return f"data:{self.mime};base64,{text}" if with_type else text

    def to_part(self, detail: str = "auto") -> dict[str, Any]:
        """The ``image_url`` part of an OpenAI message."""
        return {"type": "image_url", "image_url": {"url": self.url, "detail": detail}}

    def __flowgrade_json__(self) -> dict[str, str]:
        """The dictionary form that ``load_image`` reads: the address, or the bytes in base64."""
        if self.source_url:
            return {f"data:{self.mime};url": self.source_url}
        return {f"data:{self.mime};base64": self.to_base64()}

    def __str__(self) -> str:
        key = bytes(self) or (self.source_url or "").encode()
        return f"Image({hashlib.sha1(key, usedforsecurity=False).hexdigest()[:8]})"

    __repr__ = __str__


def load_image(value: object, *, folder: Path | None = None) -> Image:
    """The image that ``value`` stands for: a dictionary of either form, or a string.

    A string is base64, an address or a path. Relative paths are taken from ``folder``. Addresses
    are kept, never fetched. Raises InputError for any other value and a missing file.
    """
    if isinstance(value, Image):
        return value
    if isinstance(value, str) and value:
        return _from_text(value, None, folder)
    found = _from_basic(value, folder)
    found = _from_vision(value, folder) if found is None else found
    if found is None:
        raise InputError(
            f"This is not an image: {_shortened(value)}",
            hint='Write {"data:image/png;path": "picture.png"}, or ;base64 or ;url.',
        )
    return found


def load_images(
    value: Any, *, folder: Path | None = None, message_format: MessageFormat = "basic"
) -> Any:
    """A copy of ``value`` with every image dictionary in it, however deep, as an Image.

    With ``openai-vision`` text parts become their text too, as prompt flow has it.
    """
    if isinstance(value, list):
        return [load_images(item, folder=folder, message_format=message_format) for item in value]
    if not isinstance(value, dict):
        return value
    vision = message_format == "openai-vision"
    found = _from_vision(value, folder) if vision else _from_basic(value, folder)
    if found is not None:
        return found
    if vision and (text := _text_part(value)) is not None:
        return text
    return {
        key: load_images(item, folder=folder, message_format=message_format)
        for key, item in value.items()
    }


def image_of_line(text: str, *, folder: Path | None = None) -> Image | str:
    """The image of ``data:image/png;path: picture.png`` (a Prompty's input); other text as is."""
    match = _LINE.match(text)
    return _of_kind(match[2], match[3], match[1], folder) if match else text


def images_in(value: object) -> Iterator[Image]:
    """The images in ``value``, a list or mapping of any depth."""
    if isinstance(value, Image):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from images_in(item)


def _from_basic(value: object, folder: Path | None) -> Image | None:
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((key, content),) = value.items()
    match = _FORM.match(key) if isinstance(key, str) else None
    return _of_kind(match[2], str(content), match[1], folder) if match else None


def _from_vision(value: object, folder: Path | None) -> Image | None:
    if not isinstance(value, dict) or len(value) != 2:
        return None
    kind = value.get("type")
    part = value.get(kind) if isinstance(kind, str) else None
    if not isinstance(part, dict):
        return None
    if kind == "image_url" and "url" in part:
        return _from_text(str(part["url"]), None, folder, files=False)
    if kind == "image_file" and "path" in part:
        return _from_file(str(part["path"]), None, folder)
    return None


def _text_part(value: dict[str, Any]) -> str | None:
    if len(value) != 2 or value.get("type") != "text":
        return None
    text = value.get("text")
    text = text.get("value") if isinstance(text, dict) else text
    return text if isinstance(text, str) else None


def _of_kind(kind: str, content: str, subtype: str, folder: Path | None) -> Image:
    mime = f"image/{subtype}"
    if kind == "path":
        return _from_file(content, mime, folder)
    if kind == "url":
        return Image(mime_type=mime, source_url=content)
    return _from_base64(content, mime)


def _from_text(text: str, mime: str | None, folder: Path | None, *, files: bool = True) -> Image:
    head, comma, body = text.partition(",")
    if comma and _DATA_URI.match(head) and _BASE64.match(body):
        return _from_base64(text, mime)
    if _URL.match(text):
        return Image(mime_type=mime, source_url=text)
    if not comma and len(text) % 4 == 0 and _BASE64.match(text):
        return _from_base64(text, mime)
    if not files:
        raise InputError(f"'{_shortened(text)}' is neither the address of an image nor base64.")
    return _from_file(text, mime, folder)


def _from_base64(text: str, mime: str | None) -> Image:
    try:
        return Image(base64.b64decode(text.rpartition(",")[2], validate=True), mime)
    except binascii.Error as error:
        raise InputError(f"The base64 of an image cannot be decoded: {error}.") from None


def _from_file(name: str, mime: str | None, folder: Path | None) -> Image:
    path = (folder or Path()) / name
    try:
        return Image(path.read_bytes(), mime)
    except OSError as error:
        raise InputError(
            f"The image {name} cannot be read: {error.strerror or error}.",
            hint=f"Relative paths are taken from {folder or Path.cwd()}.",
        ) from None


def _guess(value: bytes) -> str:
    for signature, mime in _SIGNATURES:
        if value.startswith(signature):
            return mime
    if value[:4] == b"RIFF" and value[8:12] == b"WEBP":
        return "image/webp"
    return _UNKNOWN


def _shortened(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
