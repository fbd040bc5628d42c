"""Templates and rendering: what is sent to a model, made from text and variables.

``render`` is the one function of the project that renders a template, always in the sandbox.
``render_chat`` and ``render_text`` are what nodes call: they keep the text of users from opening
a message. ``load_prompty`` reads Prompty files. Jinja and YAML are loaded when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flowgrade.prompts.escaping import PromptText
from flowgrade.prompts.images import (
    Image,
    MessageFormat,
    image_of_line,
    images_in,
    load_image,
    load_images,
)
from flowgrade.prompts.limits import Limits

if TYPE_CHECKING:
    from flowgrade.prompts.chat import Dialect, parse_chat
    from flowgrade.prompts.messages import render_chat, render_text
    from flowgrade.prompts.prompty import Prompty, load_prompty, parse_prompty
    from flowgrade.prompts.references import References
    from flowgrade.prompts.template import render, variables_of

_LAZY = {
    "Dialect": "chat",
    "Prompty": "prompty",
    "References": "references",
    "load_prompty": "prompty",
    "parse_chat": "chat",
    "parse_prompty": "prompty",
    "render": "template",
    "render_chat": "messages",
    "render_text": "messages",
    "variables_of": "template",
}

__all__ = [
    "Dialect",
    "Image",
    "Limits",
    "MessageFormat",
    "PromptText",
    "Prompty",
    "References",
    "image_of_line",
    "images_in",
    "load_image",
    "load_images",
    "load_prompty",
    "parse_chat",
    "parse_prompty",
    "render",
    "render_chat",
    "render_text",
    "variables_of",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
