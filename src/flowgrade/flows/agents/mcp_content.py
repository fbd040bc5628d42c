"""What MCP servers answer, as a model is given it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from flowgrade.errors import ToolError
from flowgrade.flows.agents.tool import ToolOutput
from flowgrade.models import hide
from flowgrade.prompts import Image
from flowgrade.records import dumps_any


def read_result(result: Any, *, secrets: Sequence[str] = ()) -> ToolOutput:
    """Texts and images of a ``CallToolResult``; raises ToolError with the text of an error.

    What the server was given in secret it does not tell the model.
    """
    texts: list[str] = []
    images: list[Image] = []
    for block in result.content:
        if block.type == "image":
            image = _image(block)
            texts.append("[an image]" if image is not None else "[an image that cannot be read]")
            images += [image] if image is not None else []
        else:
            texts.append(_text(block))
    if not texts and result.structured_content is not None:
        texts.append(dumps_any(result.structured_content))
    text = hide("\n".join(texts), secrets)
    if result.is_error:
        raise ToolError(text or "The MCP server gave an error without a message.")
    return ToolOutput(text=text, images=tuple(images))


def _text(block: Any) -> str:
    if block.type == "text":
        return str(block.text)
    if block.type == "resource":
        text = getattr(block.resource, "text", None)
        return str(text) if text is not None else f"[the file {block.resource.uri}, not a text]"
    if block.type == "resource_link":
        return f"[see {block.uri}: {block.name}]"
    return f"[{block.type} content, which cannot be shown to the model]"


def _image(block: Any) -> Image | None:
    try:
        return Image(base64.b64decode(block.data, validate=True), block.mime_type)
    except (binascii.Error, ValueError):
        return None
