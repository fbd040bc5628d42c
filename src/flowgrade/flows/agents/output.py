"""What tools return, as a model is given it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowgrade.flows.agents.tool import ToolOutput
from flowgrade.prompts import Image
from flowgrade.records import JsonObject, dumps_any


def as_output(value: Any, most: int | None) -> ToolOutput:
    """A tool's value as text and images; a text over ``most`` characters is cut, and says so."""
    if isinstance(value, ToolOutput):
        found = value
    elif isinstance(value, Image):
        found = ToolOutput(text="The image follows.", images=(value,))
    elif isinstance(value, str):
        found = ToolOutput(text=value)
    else:
        found = ToolOutput(text=dumps_any(_plain(value)))
    if most is None or len(found.text) <= most:
        return found
    note = f"\n[cut off: the first {most:,} of {len(found.text):,} characters]"
    return ToolOutput(text=found.text[:most] + note, images=found.images)


def image_message(images: Sequence[Image]) -> JsonObject:
    """The images of tools as a message: the protocol has no place for them in a tool's own."""
    parts: list[JsonObject] = [{"type": "text", "text": "Images that the tools gave:"}]
    parts += [{"type": "image_url", "image_url": {"url": image.url}} for image in images]
    return {"role": "user", "content": parts}


def _plain(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)  # pydantic's classes
    return dump(mode="json") if callable(dump) and not isinstance(value, type) else value
