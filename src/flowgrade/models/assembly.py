"""Put the pieces of a streamed answer together again."""

from __future__ import annotations

from collections.abc import Iterable

from flowgrade.models.response import ChatChunk, ChatResponse, CompletionChunk, CompletionResponse
from flowgrade.models.usage import read_usage
from flowgrade.models.wire import text_of
from flowgrade.records import Json, JsonObject

_FIRST = (
    "id",
    "created",
    "model",
    "system_fingerprint",
    "service_tier",
    "prompt_filter_results",
    "stop_reason",
)


def assemble_chat(chunks: Iterable[ChatChunk]) -> ChatResponse:
    """The whole answer that ``chunks`` are the pieces of, as far as they go.

    Text is joined, pieces of tool calls are merged by their index and id, and of ``raw`` the
    fields that OpenAI's protocol knows are kept.
    """
    raw: JsonObject = {"object": "chat.completion"}
    choices: dict[int, JsonObject] = {}
    for chunk in chunks:
        _take_head(raw, chunk.raw)
        pieces = chunk.raw.get("choices")
        for piece in pieces if isinstance(pieces, list) else ():
            _merge_choice(choices, piece)
    raw["choices"] = [_joined(choices[index]) for index in sorted(choices)]
    empty: JsonObject = {"message": {"role": "assistant", "content": None}}
    first: JsonObject = raw["choices"][0] if choices else empty
    return ChatResponse(
        text=text_of(first["message"].get("content")),
        message=first["message"],
        finish_reason=first.get("finish_reason"),
        usage=read_usage(raw.get("usage")),
        model=raw.get("model"),
        raw=raw,
    )


def assemble_completion(chunks: Iterable[CompletionChunk]) -> CompletionResponse:
    """The whole continuation that ``chunks`` are the pieces of, as far as they go."""
    raw: JsonObject = {"object": "text_completion"}
    texts: list[str] = []
    finish_reason: str | None = None
    for chunk in chunks:
        _take_head(raw, chunk.raw)
        texts.append(chunk.text)
        finish_reason = chunk.finish_reason or finish_reason
    text = "".join(texts)
    raw["choices"] = [{"index": 0, "text": text, "finish_reason": finish_reason}]
    return CompletionResponse(
        text=text,
        finish_reason=finish_reason,
        usage=read_usage(raw.get("usage")),
        model=raw.get("model"),
        raw=raw,
    )


def _take_head(raw: JsonObject, piece: JsonObject) -> None:
    for key in _FIRST:
        if key not in raw and piece.get(key) is not None:
            raw[key] = piece[key]
    if piece.get("usage"):
        raw["usage"] = piece["usage"]


def _merge_choice(choices: dict[int, JsonObject], piece: Json) -> None:
    if not isinstance(piece, dict):
        return
    index = piece.get("index")
    index = index if isinstance(index, int) else 0
    choice = choices.get(index)
    if choice is None:
        message = {"role": "assistant", "content": None}
        choice = choices[index] = {"index": index, "message": message, "finish_reason": None}
    if piece.get("finish_reason"):
        choice["finish_reason"] = piece["finish_reason"]
    for key in ("logprobs", "content_filter_results"):
        if isinstance(piece.get(key), dict):
            _extend(choice.setdefault(key, {}), piece[key])
    delta = piece.get("delta") or piece.get("message")
    if isinstance(delta, dict):
        _merge(choice["message"], delta)


def _extend(known: JsonObject, piece: JsonObject) -> None:
    """Log-probabilities come for each piece of text; what the filter found comes whole."""
    for key, value in piece.items():
        if isinstance(value, list):
            known[key] = known.get(key) or []
            known[key].extend(value)
        else:
            known[key] = value


def _merge(message: JsonObject, delta: JsonObject) -> None:
    for key, value in delta.items():
        known = message.get(key)
        if value is None:
            message.setdefault(key, None)
        elif isinstance(value, str) and key not in _WHOLE:
            if not isinstance(known, _Pieces):
                known = message[key] = _Pieces()
            known.append(value)
        elif key == "tool_calls" and isinstance(value, list):
            if not isinstance(known, _Calls):
                known = message[key] = _Calls()
            _merge_calls(known, value)
        elif isinstance(value, dict) and isinstance(known, dict):
            _merge(known, value)
        elif isinstance(value, dict):
            message[key] = {}
            _merge(message[key], value)
        else:
            message[key] = value


# Strings that are given whole, not piece by piece.
_WHOLE = frozenset({"role", "id", "type", "name"})


class _Pieces(list[str]):
    """Pieces of a string."""


class _Calls(dict[tuple[int, int], JsonObject]):
    """Tool calls by their index, and by their number among those of the same index."""


def _merge_calls(calls: _Calls, pieces: list[Json]) -> None:
    for piece in pieces:
        if isinstance(piece, dict):
            call = calls.setdefault(_place_of(piece, calls), {})
            _merge(call, {key: value for key, value in piece.items() if key != "index"})


def _place_of(piece: JsonObject, calls: _Calls) -> tuple[int, int]:
    """Where the call stands that ``piece`` belongs to.

    Some endpoints give every call the index 0, so another id with a name begins another call. An
    id alone does not: others make up a new one for each piece.
    """
    index = piece.get("index")
    if not isinstance(index, int):
        return len(calls), 0
    known = [place for place in calls if place[0] == index]
    own = piece.get("id")
    if not known or not own:
        return known[-1] if known else (index, 0)
    for place in known:
        if calls[place].get("id") == own:
            return place
    function = piece.get("function")
    begins = isinstance(function, dict) and function.get("name")
    return (index, len(known)) if begins and calls[known[-1]].get("id") else known[-1]


def _joined(value: Json) -> Json:
    if isinstance(value, _Pieces):
        return "".join(value)
    if isinstance(value, _Calls):
        return [_joined(call) for _, call in sorted(value.items())]
    if isinstance(value, dict):
        return {key: _joined(part) for key, part in value.items()}
    return value
