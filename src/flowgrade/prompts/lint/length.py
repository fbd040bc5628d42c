"""The rule about length."""

from __future__ import annotations

from collections.abc import Iterator

from flowgrade.errors import Place, TemplateError
from flowgrade.prompts.lint.found import Found
from flowgrade.prompts.lint.subject import Subject
from flowgrade.prompts.messages import render_text
from flowgrade.prompts.sending import estimated_tokens


def too_long(subject: Subject, context: int | None) -> Iterator[Found]:
    """The prompt with its sample, and the answer that it asks for, exceed the model's context."""
    if context is None:
        return
    tokens = estimated_tokens([_rendered(subject)])
    answer = _answer(subject)
    if tokens + answer > context:
        more = f" and up to {answer:,} for the answer" if answer else ""
        yield Found(
            Place(str(subject.path), 1, 1),
            f"The prompt has about {tokens:,} tokens{more} (estimate), and the model takes "
            f"{context:,}.",
            "Shorten it, give it less data, or choose a model with a longer context.",
        )


def _rendered(subject: Subject) -> str:
    if subject.prompty is None:
        return subject.template
    try:
        return str(render_text(subject.template, subject.values, name=str(subject.path)))
    except TemplateError:
        return subject.template


def _answer(subject: Subject) -> int:
    parameters = subject.prompty.parameters if subject.prompty else {}
    for name in ("max_completion_tokens", "max_tokens"):
        if isinstance(parameters.get(name), int):
            return int(parameters[name])
    return 0
