"""Rules about the front matter and the form of the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from flowgrade.prompts.lint.found import Found
from flowgrade.prompts.lint.subject import Subject

_DEPRECATED: dict[tuple[str, ...], str] = {
    ("inputSchema",): "inputs",
    ("outputSchema",): "outputs",
    ("model", "connection", "authType"): "model.provider",
    ("model", "connection", "key"): "apiKey",
    ("model", "parameters", "functions"): "tools",
    ("model", "parameters", "function_call"): "tool_choice",
    ("model", "options", "functions"): "tools",
}
_FIELDS = frozenset(
    [
        *("name", "description", "model", "inputs", "inputSchema", "outputs", "outputSchema"),
        *("sample", "template", "authors", "tags", "version", "tools", "metadata", "$schema"),
    ]
)
_FIRST = frozenset({"api", "configuration", "parameters", "response"})
_LATER = frozenset({"id", "provider", "apiType", "connection", "options"})


def deprecated_field(subject: Subject) -> Iterator[Found]:
    """A field that a later name has replaced."""
    for path, instead in _DEPRECATED.items():
        found: object = subject.matter
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        if found is not None:
            yield Found(
                subject.field_place(*path),
                f"The field '{'.'.join(path)}' is an old name.",
                f"Write '{instead}'.",
            )


def unknown_field(subject: Subject) -> Iterator[Found]:
    """A field that is near a known one, or of the generation that is not read here."""
    for name in subject.matter:
        near = get_close_matches(str(name), _FIELDS, n=1, cutoff=0.75)
        if name not in _FIELDS and near:
            yield Found(
                subject.field_place(name),
                f"There is no field '{name}', so it is not read.",
                f"Did you mean '{near[0]}'?",
            )
    model = subject.matter.get("model")
    if isinstance(model, dict) and _FIRST & model.keys():
        for name in sorted(_LATER & model.keys()):
            yield Found(
                subject.field_place("model", name),
                f"'model.{name}' is not read beside {', '.join(sorted(_FIRST & model.keys()))}: "
                "they belong to two generations of the format.",
                "Use configuration and parameters, or id, connection and options.",
            )


def missing_format(subject: Subject) -> Iterator[Found]:
    """A prompt that wants JSON does not say so to the model."""
    if subject.prompty is None:
        return
    wanted = subject.prompty.parameters.get("response_format")
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind not in ("json_object", "json_schema"):
        return
    place = subject.field_place("model", "parameters", "response_format")
    if kind == "json_object" and not re.search(r"\bjson\b", subject.template, re.I):
        yield Found(
            place,
            "response_format asks for JSON, and the prompt does not say so; endpoints refuse that.",
            "Say in the prompt: Answer with one JSON object and nothing else.",
        )
    for name in subject.prompty.outputs if kind == "json_object" else ():
        if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", subject.template):
            yield Found(
                subject.field_place("outputs", name),
                f"The output '{name}' is taken from the answer, and the prompt does not name it.",
                f'Name the key "{name}" in the prompt.',
            )
