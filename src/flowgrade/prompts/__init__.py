"""Templates and rendering: what is sent to a model, made from text and variables.

``render`` is the one function of the project that renders a template, always in the sandbox.
``render_chat`` and ``render_text`` are what nodes call: they keep the text of users from opening
a message. ``load_prompty`` reads Prompty files. Jinja and YAML are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowgrade.plugins import later

if TYPE_CHECKING:
    from flowgrade.prompts.chat import Dialect, parse_chat
    from flowgrade.prompts.collection import (
        PromptEntry,
        find_prompt,
        library_prompt,
        library_prompts,
        new_prompt,
        project_prompts,
        prompt_files,
        prompt_of,
    )
    from flowgrade.prompts.escaping import PromptText, has_roles
    from flowgrade.prompts.images import (
        Image,
        MessageFormat,
        image_of_line,
        images_in,
        load_image,
        load_images,
    )
    from flowgrade.prompts.limits import Limits
    from flowgrade.prompts.lint import Finding, Severity, lint_prompt
    from flowgrade.prompts.messages import render_chat, render_text
    from flowgrade.prompts.opening import check_opening
    from flowgrade.prompts.prompty import Prompty, load_prompty, parse_prompty
    from flowgrade.prompts.references import References
    from flowgrade.prompts.sending import (
        errors_placed,
        estimated_tokens,
        messages_of,
        text_of,
        texts_of,
    )
    from flowgrade.prompts.source import TemplateSource, read_template, with_included
    from flowgrade.prompts.template import render, variables_of

__all__ = [
    "Dialect",
    "Finding",
    "Image",
    "Limits",
    "MessageFormat",
    "PromptEntry",
    "PromptText",
    "Prompty",
    "References",
    "Severity",
    "TemplateSource",
    "check_opening",
    "errors_placed",
    "estimated_tokens",
    "find_prompt",
    "has_roles",
    "image_of_line",
    "images_in",
    "library_prompt",
    "library_prompts",
    "lint_prompt",
    "load_image",
    "load_images",
    "load_prompty",
    "messages_of",
    "new_prompt",
    "parse_chat",
    "parse_prompty",
    "project_prompts",
    "prompt_files",
    "prompt_of",
    "read_template",
    "render",
    "render_chat",
    "render_text",
    "text_of",
    "texts_of",
    "variables_of",
    "with_included",
]

__getattr__ = later(
    __name__,
    {
        "chat": "Dialect parse_chat",
        "collection": (
            "PromptEntry find_prompt library_prompt library_prompts new_prompt "
            "project_prompts prompt_files prompt_of"
        ),
        "escaping": "PromptText has_roles",
        "images": "Image MessageFormat image_of_line images_in load_image load_images",
        "limits": "Limits",
        "lint": "Finding Severity lint_prompt",
        "messages": "render_chat render_text",
        "opening": "check_opening",
        "prompty": "Prompty load_prompty parse_prompty",
        "references": "References",
        "sending": "errors_placed estimated_tokens messages_of text_of texts_of",
        "source": "TemplateSource read_template with_included",
        "template": "render variables_of",
    },
)
