"""A call of the stub: the request's body, checked and read."""

from __future__ import annotations

from typing import Any

from flowgrade.records import Json, JsonObject, Record, loads
from flowgrade.testing.stub.conversation import chat_of
from flowgrade.testing.stub.paths import Endpoint, Route
from flowgrade.testing.stub.refusal import StubRefusal
from flowgrade.testing.stub.tokens import count_tokens


class Call(Record):
    """What a client asks for."""

    path: str
    route: Route
    body: JsonObject
    """What was sent; of Anthropic's protocol with OpenAI's names beside its own."""
    model: str
    texts: tuple[str, ...]
    """The text of every message, or every prompt or input."""
    asked: str
    """The text of the last user message, or the last prompt or input."""
    role: str | None
    """The role of the last message; None for other endpoints."""

    @property
    def prompt_tokens(self) -> int:
        """The stub's count for all texts."""
        return sum(map(count_tokens, self.texts))

    @property
    def streamed(self) -> bool:
        """Whether the answer should come in chunks."""
        return self.body.get("stream") is True and self.route.endpoint is not Endpoint.EMBEDDING


def read_call(path: str, route: Route, raw: bytes) -> Call:
    """The call in a request's body; raises StubRefusal (400) when it cannot be understood."""
    body = _json_object(raw)
    model = _model(body, route)
    if route.endpoint is Endpoint.MESSAGES:
        body = chat_of(body)
    if route.endpoint in {Endpoint.CHAT, Endpoint.MESSAGES}:
        messages = _messages(body)
        texts = tuple(_message_text(message) for message in messages)
        roles = [str(message.get("role")) for message in messages]
        last_user = next((i for i in reversed(range(len(roles))) if roles[i] == "user"), None)
        asked, role = "" if last_user is None else texts[last_user], roles[-1]
    else:
        texts = _inputs(body, "prompt" if route.endpoint is Endpoint.COMPLETION else "input")
        asked, role = texts[-1], None
    return Call(path=path, route=route, body=body, model=model, texts=texts, asked=asked, role=role)


def whole_number(body: JsonObject, name: str, *, least: int = 0) -> int | None:
    """The whole number in field ``name``; None when absent; raises StubRefusal otherwise."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise StubRefusal(400, f"{name} must be a whole number from {least} on.", param=name)
    return value


def _json_object(raw: bytes) -> JsonObject:
    try:
        body = loads(raw)
    except ValueError as error:
        raise StubRefusal(400, f"The request's body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise StubRefusal(400, "The request's body must be a JSON object.")
    return body


def _model(body: JsonObject, route: Route) -> str:
    model = route.model or body.get("model")
    if not isinstance(model, str) or not model:
        raise StubRefusal(400, "model is missing: name the model to call.", param="model")
    return model


def _messages(body: JsonObject) -> list[dict[str, Any]]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise StubRefusal(400, "messages must be a list of at least one.", param="messages")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            param = f"messages[{index}]"
            raise StubRefusal(400, f"{param} must be an object with a role.", param=param)
    return messages


def _message_text(message: JsonObject) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        return " ".join(_part_text(part) for part in content)
    raise StubRefusal(
        400, "A message's content must be a text or a list of parts.", param="messages"
    )


def _part_text(part: JsonObject) -> str:
    kind = str(part.get("type"))
    if kind == "text":
        return str(part.get("text", ""))
    return "<image>" if "image" in kind else f"<{kind}>"


def _inputs(body: JsonObject, name: str) -> tuple[str, ...]:
    value = body.get(name)
    several = isinstance(value, list) and not _is_token_list(value)
    items: list[Json] = value if isinstance(value, list) and several else [value]
    if not items or not all(isinstance(item, str) or _is_token_list(item) for item in items):
        raise StubRefusal(400, f"{name} must be a text, tokens or a list of them.", param=name)
    return tuple(item if isinstance(item, str) else " ".join(map(str, item)) for item in items)


def _is_token_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, int) for item in value)
