"""Structured output: ask a model for JSON that a schema holds for, and see to it that it does."""

from __future__ import annotations

import re
from contextlib import suppress
from weakref import WeakKeyDictionary

from flowgrade.errors import (
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    InputError,
    InvalidJsonError,
    ModelError,
    UnsupportedByModelError,
)
from flowgrade.models.model import Model
from flowgrade.models.request import ChatRequest
from flowgrade.models.response import ChatResponse
from flowgrade.models.schema import Schema
from flowgrade.records import Json, JsonObject, Record, Usage, dumps, loads, replace

_FENCE = re.compile(r"```[a-zA-Z]*\s*\n(.*?)```", re.DOTALL)
_SPAN = re.compile(r"[{\[].*[}\]]", re.DOTALL)
_ABOUT = re.compile(r"response_format|json_schema|output_config|schema|grammar|structured", re.I)
_SHOWN = 200  # characters of an answer that a message repeats

_instructed: WeakKeyDictionary[Model, bool] = WeakKeyDictionary()
"""Models whose endpoint was found not to take a schema: they are told in words."""


class JsonAnswer(Record):
    """An answer that a schema holds for."""

    value: Json
    responses: tuple[ChatResponse, ...]
    """What the model answered; the last one holds the value, one before it was not valid."""

    @property
    def response(self) -> ChatResponse:
        """The answer that holds the value."""
        return self.responses[-1]

    @property
    def repaired(self) -> bool:
        """Whether the first answer was not valid."""
        return len(self.responses) > 1

    @property
    def text(self) -> str:
        """The value as JSON: the model's own text, or what of it is JSON."""
        text = self.response.text or ""
        return text if _read(text, strictly=True) is not _NOTHING else dumps(self.value)

    @property
    def usage(self) -> Usage | None:
        """What all answers together consumed; None when no endpoint said."""
        known = [response.usage for response in self.responses if response.usage is not None]
        return sum(known, start=Usage()) if known else None


async def ask_json(
    model: Model, request: ChatRequest, schema: JsonObject | None = None, *, name: str = "answer"
) -> JsonAnswer:
    """Ask for JSON under ``schema``, or under that of the request's own ``response_format``.

    A model whose endpoint takes no schema is told in words. An answer that is not valid is sent
    back once with its faults. Raises InvalidJsonError when the second one is not valid either,
    when the answer was cut off or asks for a tool; InputError for a schema that is none; and
    what ``chat`` raises.
    """
    wanted = schema_of(request) if schema is None else schema
    if wanted is None:
        raise InputError(
            "No schema was given for the JSON that is asked for.",
            hint="Give ask_json a schema, or the request a response_format of type json_schema.",
        )
    checked = Schema(wanted)
    if schema is not None:
        described = {"name": name, "schema": schema}
        given = {"response_format": {"type": "json_schema", "json_schema": described}}
        request = replace(request, parameters={**request.parameters, **given})
    request, first = await _first(model, request, checked)
    value, faults = _judge(first, checked)
    if not faults:
        return JsonAnswer(value=value, responses=(first,))
    second = await model.chat(_repair(request, first, faults, checked))
    value, faults = _judge(second, checked)
    if faults:
        raise InvalidJsonError(
            f"The model's answer is not the JSON that was asked for, nor is its second one: "
            f"{'; '.join(faults)}. It begins: {_shown(second)}",
            hint="Simplify the schema, say in the prompt what each key means, or use a model that "
            "is better at JSON.",
        )
    return JsonAnswer(value=value, responses=(first, second))


def schema_of(request: ChatRequest) -> JsonObject | None:
    """The schema in the request's ``response_format``, or None when it asks for none."""
    wanted = request.parameters.get("response_format")
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        return None
    described = wanted.get("json_schema")
    schema = described.get("schema") if isinstance(described, dict) else None
    return schema if isinstance(schema, dict) else None


async def _first(
    model: Model, request: ChatRequest, schema: Schema
) -> tuple[ChatRequest, ChatResponse]:
    """The first answer and the request that was understood."""
    told = _told(request, schema)
    if _is_instructed(model):
        return told, await model.chat(told)
    try:
        return request, await model.chat(request)
    except (BadRequestError, UnsupportedByModelError) as error:
        if not _is_about_schema(error):
            raise
        answer = await model.chat(told)
        with suppress(TypeError):  # a model that cannot be held weakly is found out each time
            _instructed[model] = True
        return told, answer


def _is_instructed(model: Model) -> bool:
    try:
        return model in _instructed
    except TypeError:
        return False


def _is_about_schema(error: ModelError) -> bool:
    if isinstance(error, ContextLengthError | ContentFilterError):
        return False
    return _ABOUT.search(error.message) is not None


def _told(request: ChatRequest, schema: Schema) -> ChatRequest:
    """The request with the schema in words; beside what the system says already, if anything."""
    words = (
        "Answer with JSON that is valid under the JSON Schema below, and with nothing else: no "
        f"words around it, no Markdown.\n\n{schema.text}"
    )
    messages = list(request.messages)
    first = messages[0] if messages else {}
    if first.get("role") == "system" and isinstance(first.get("content"), str):
        messages[0] = {**first, "content": f"{first['content']}\n\n{words}"}
    else:
        messages.insert(0, {"role": "system", "content": words})
    return ChatRequest(
        messages=messages, parameters={**request.parameters, "response_format": None}
    )


def _repair(
    request: ChatRequest, answer: ChatResponse, faults: list[str], schema: Schema
) -> ChatRequest:
    listed = "\n".join(f"- {fault}" for fault in faults)
    words = (
        f"Your answer is not the JSON that was asked for:\n{listed}\n\nAnswer again, with nothing "
        f"but JSON that is valid under this JSON Schema:\n\n{schema.text}"
    )
    said = [{"role": "assistant", "content": answer.text}] if answer.text else []
    return replace(request, messages=[*request.messages, *said, {"role": "user", "content": words}])


def _judge(answer: ChatResponse, schema: Schema) -> tuple[Json, list[str]]:
    """The value in an answer, and its faults; raises InvalidJsonError where no repair can help."""
    if answer.tool_calls and not answer.text:
        raise InvalidJsonError(
            "The model asks for a tool instead of answering with JSON.",
            hint="Run its tools first, and ask for JSON when it is done with them.",
        )
    value = _read(answer.text or "")
    if value is _NOTHING:
        if answer.finish_reason == "length":
            raise InvalidJsonError(
                f"The model's JSON was cut off at the limit of its answer: {_shown(answer)}",
                hint="Raise max_tokens, or ask for less.",
            )
        return None, ["it is not JSON"]
    return value, schema.faults(value)


_NOTHING = object()


def _read(text: str, *, strictly: bool = False) -> Json:
    """The JSON in ``text``, also between marks of Markdown or words; _NOTHING without any."""
    candidates = [text]
    if not strictly:
        candidates += [match[1] for match in _FENCE.finditer(text)]
        candidates += [match[0] for match in [_SPAN.search(text)] if match]
    for candidate in candidates:
        try:
            return loads(candidate)
        except ValueError:
            continue
    return _NOTHING


def _shown(answer: ChatResponse) -> str:
    return " ".join((answer.text or "nothing").split())[:_SHOWN]
