"""From a template and its variables to messages or text, with the text of users kept inert."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flowgrade.errors import TemplateError
from flowgrade.prompts.chat import Dialect, parse_chat, place_images
from flowgrade.prompts.escaping import Escaper, PromptText, as_chat_lists
from flowgrade.prompts.images import images_in
from flowgrade.prompts.limits import Limits
from flowgrade.prompts.template import render

_DEFAULT = Limits()


def render_chat(
    template: str,
    variables: Mapping[str, object],
    *,
    escape: Collection[str] | None = None,
    dialect: Dialect = "node",
    image_detail: str = "auto",
    limits: Limits = _DEFAULT,
    name: str = "template",
) -> list[dict[str, Any]]:
    """The chat messages that ``template`` makes of ``variables``.

    ``escape`` names the variables whose values come from users: no text in them opens a message.
    None means all. In the dialect ``node`` (prompt flow's llm node) a list is written an item a
    line, and ``![image]({{x}})`` counts when a variable holds an Image; in ``prompty`` a list is
    written as Python writes it and the mark always counts. Raises what ``render`` and
    ``parse_chat`` raise.
    """
    images = list(images_in(dict(variables)))
    if images or dialect == "prompty":
        template = place_images(template)
    values = as_chat_lists(dict(variables)) if dialect == "node" else variables
    escaper = Escaper()
    text = _rendered(template, escaper.variables(values, escape), escaper, limits, name)
    messages = parse_chat(
        text,
        images=images,
        image_detail=image_detail,
        dialect=dialect,
        restore=escaper.restore,
    )
    return escaper.restore(messages) if escaper.tokens else messages


def render_text(
    template: str,
    variables: Mapping[str, object],
    *,
    escape: Collection[str] | None = None,
    limits: Limits = _DEFAULT,
    name: str = "template",
) -> PromptText:
    """The text that ``template`` makes of ``variables``, as a prompt node gives it.

    The text remembers what in it came from the variables in ``escape`` (None means all), so that
    a later ``render_chat`` keeps roles in those parts inert. Raises what ``render`` raises.
    """
    text = render(template, variables, limits=limits, name=name)
    escaper = Escaper()
    escaped = escaper.variables(variables, escape)
    if not escaper.tokens:
        return PromptText(text, escaped=text)
    inert = _rendered(template, escaped, escaper, limits, name)
    return PromptText(text, escaped=inert, tokens=escaper.tokens)


def _rendered(
    template: str, variables: Mapping[str, object], escaper: Escaper, limits: Limits, name: str
) -> str:
    try:
        return render(template, variables, limits=limits, name=name)
    except TemplateError as error:
        error.message = escaper.restore(error.message)
        raise
