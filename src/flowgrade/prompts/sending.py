"""What a Prompty file sends to its model: the same for a call as for those who look."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowgrade.errors import TemplateError
from flowgrade.prompts.images import image_of_line
from flowgrade.prompts.messages import render_chat, render_text
from flowgrade.prompts.source import TemplateSource

if TYPE_CHECKING:
    from flowgrade.prompts.prompty import Prompty

CHARACTERS_PER_TOKEN = 4
"""English text has about four characters a token; only the model's tokenizer knows exactly."""


def messages_of(prompty: Prompty, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The chat messages that ``prompty`` makes of ``values``. Raises TemplateError."""
    folder = prompty.path.parent
    loaded = {
        name: image_of_line(value, folder=folder) if isinstance(value, str) else value
        for name, value in values.items()
    }
    with errors_placed(prompty.source, prompty.path):
        return render_chat(
            prompty.template, loaded, escape=None, dialect="prompty", name=str(prompty.path)
        )


def text_of(prompty: Prompty, values: Mapping[str, Any]) -> str:
    """The text that ``prompty`` gives a completion model. Raises TemplateError."""
    with errors_placed(prompty.source, prompty.path):
        return str(render_text(prompty.template, values, escape=None, name=str(prompty.path)))


def estimated_tokens(texts: Iterable[str]) -> int:
    """About how many tokens the texts have: a quarter of their characters."""
    return math.ceil(sum(map(len, texts)) / CHARACTERS_PER_TOKEN)


def texts_of(messages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The texts in messages; images are none."""
    for message in messages:
        content = message.get("content")
        if isinstance(content, str):
            yield content
        elif isinstance(content, list):
            yield from (part["text"] for part in content if "text" in part)


@contextmanager
def errors_placed(source: TemplateSource, path: Path) -> Iterator[None]:
    """For the block, errors of the template name the line of the file that it stands in."""
    try:
        yield
    except TemplateError as error:
        place = error.place
        if place is not None and place.line is not None and place.file == str(path):
            error.place = source.place_of_line(place.line)
        raise
