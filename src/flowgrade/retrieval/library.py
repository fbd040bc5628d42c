"""Requests made of the prompts that come with Flowgrade."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from flowgrade.models import ChatRequest

if TYPE_CHECKING:
    from flowgrade.prompts import Prompty


def library_request(name: str, values: Mapping[str, Any]) -> ChatRequest:
    """The chat that the library's prompt ``name`` makes of ``values``, with its parameters."""
    # Loaded here since a search without a model needs no template engine.
    from flowgrade.prompts import messages_of  # noqa: PLC0415

    prompty = _prompty(name)
    defaults = {n: spec["default"] for n, spec in prompty.inputs.items() if "default" in spec}
    messages = messages_of(prompty, {**defaults, **values})
    # The schema says what the answer must be; a request has one of both.
    parameters = {n: v for n, v in prompty.parameters.items() if n != "response_format"}
    return ChatRequest(messages=messages, parameters=parameters)


@cache
def _prompty(name: str) -> Prompty:
    from flowgrade.prompts import library_prompt  # noqa: PLC0415  as above

    return library_prompt(name)
