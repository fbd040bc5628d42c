"""Content of messages: OpenAI's parts as Anthropic's blocks."""

from __future__ import annotations

import base64
import binascii
import re

from flowgrade.errors import InputError, UnsupportedByModelError
from flowgrade.records import Json, JsonObject

_DATA = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),(.*)", re.DOTALL)
_IMAGES = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})
_LACKS = frozenset({"input_audio", "video_url", "input_video"})


def to_blocks(content: Json) -> list[JsonObject]:
    """The content of a message as blocks; text that is empty is left out, as Anthropic wants.

    Raises InputError for an image or a file that cannot be sent, and UnsupportedByModelError for
    sound and films.
    """
    if content is None:
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    if not isinstance(content, list):
        raise InputError("The content of a message is neither a text nor a list of parts.")
    blocks = [_block(part) for part in content]
    return [block for block in blocks if block.get("type") != "text" or block.get("text")]


def _block(part: Json) -> JsonObject:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if not isinstance(part, dict):
        raise InputError("A part of a message is neither a text nor an object.")
    kind = part.get("type")
    if kind in {"image_url", "input_image"}:
        return _kept(part, _image(part.get("image_url")))
    if kind in {"file", "input_file"}:
        return _kept(part, _document(part.get("file") or part))
    if kind in {"input_text", "output_text"}:
        return _kept(part, {"type": "text", "text": part.get("text")})
    if kind in _LACKS:
        raise UnsupportedByModelError(
            f"Anthropic's models take no part of the type '{kind}'.",
            hint="Send text, images and documents only, or use another model.",
        )
    return part  # a block of Anthropic's own, such as one with a mark for the cache


def _kept(part: JsonObject, block: JsonObject) -> JsonObject:
    mark = part.get("cache_control")
    return block if mark is None else {**block, "cache_control": mark}


def _image(value: Json) -> JsonObject:
    address = value.get("url") if isinstance(value, dict) else value
    if not isinstance(address, str) or not address:
        raise InputError("An image in a message has no address.", hint="Set image_url.url.")
    data = _DATA.fullmatch(address)
    if data is None:
        return {"type": "image", "source": {"type": "url", "url": address}}
    kind = data[1].lower().replace("image/jpg", "image/jpeg")
    if kind not in _IMAGES:
        raise InputError(
            f"Anthropic's models take no image of the type '{kind or 'unknown'}'.",
            hint=f"Send one of: {', '.join(sorted(_IMAGES))}.",
        )
    return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data[3]}}


def _document(file: JsonObject) -> JsonObject:
    name = file.get("filename")
    head = {"type": "document", **({"title": name} if name else {})}
    if file.get("file_id"):
        return {**head, "source": {"type": "file", "file_id": file["file_id"]}}
    address = file.get("file_data") or file.get("file_url")
    if not isinstance(address, str) or not address:
        raise InputError("A file in a message has no data.", hint="Set file.file_data or file_id.")
    data = _DATA.fullmatch(address)
    if data is None:
        if address.startswith(("http://", "https://")):
            return {**head, "source": {"type": "url", "url": address}}
        raise InputError(
            "A file in a message is neither a data URL nor an address.",
            hint="Set file.file_data to data:application/pdf;base64,….",
        )
    return {**head, "source": _source(data[1].lower(), data[2], data[3])}


def _source(kind: str, options: str, data: str) -> JsonObject:
    if kind == "application/pdf":
        return {"type": "base64", "media_type": kind, "data": data}
    if not kind.startswith("text/") and kind != "application/json":
        raise InputError(
            f"Anthropic's models take no file of the type '{kind or 'unknown'}'.",
            hint="Send a PDF or a text.",
        )
    try:
        text = base64.b64decode(data, validate=True).decode() if "base64" in options else data
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InputError(f"A text file in a message cannot be read: {error}") from error
    return {"type": "text", "media_type": "text/plain", "data": text}
