"""What counts as an answer: nothing is never taken for one."""

from __future__ import annotations

from flowgrade.errors import EmptyAnswerError, ModelServerError
from flowgrade.models.response import ChatChunk, ChatResponse, CompletionChunk, CompletionResponse
from flowgrade.records import Json

_SAYING = ("tool_calls", "function_call", "audio", "images")
_BROKEN = "error"
_LIMIT = ("length", "max_tokens")
_PAUSED = "pause_turn"  # Anthropic's: the answer goes on with the next request


def check_chat(response: ChatResponse) -> ChatResponse:
    """``response``; raises the error that its first choice amounts to when that is no answer."""
    text = response.text
    if not text or text.isspace() or response.finish_reason == _BROKEN:
        _check(response.finish_reason, says=_says(response.message))
    return response


def check_completion(response: CompletionResponse) -> CompletionResponse:
    """``response``; raises the error that its first choice amounts to when that is no answer.

    Nothing is an answer when the model itself stopped: the text needs no continuation.
    """
    reason = response.finish_reason
    _check(reason, says=bool(response.text) or reason == "stop")
    return response


class StreamedAnswer:
    """Sees the pieces of an answer go by, and knows in the end whether they make one.

    Of the pieces after the first that says something, only those with a finish reason need to be
    shown to it.
    """

    __slots__ = ("finish_reason", "says")

    def __init__(self) -> None:
        self.says = False
        self.finish_reason: str | None = None

    def see(self, piece: ChatChunk | CompletionChunk) -> None:
        """Take note of a piece."""
        self.finish_reason = piece.finish_reason or self.finish_reason
        if self.says:
            return
        if isinstance(piece, CompletionChunk):
            self.says = bool(piece.text) or piece.finish_reason == "stop"
        else:
            self.says = bool(piece.text and not piece.text.isspace()) or _delta_says(piece)

    def is_finished(self) -> bool:
        """Whether a finish reason has come."""
        return self.finish_reason is not None

    def check(self) -> None:
        """Raise the error that the pieces amount to when they are no answer."""
        _check(self.finish_reason, says=self.says)


def _delta_says(piece: ChatChunk) -> bool:
    choices = piece.raw.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(first, dict):
        return False
    return _says(first.get("delta")) or _says(first.get("message"))


def _says(message: Json) -> bool:
    """Whether a message, or a piece of one, says something in another way than by text.

    Reasoning alone says nothing: it is not for whoever asked. Nor does a refusal, which is an
    error of its own.
    """
    if not isinstance(message, dict):
        return False
    content = message.get("content")
    parts = [part for part in content if _is_more(part)] if isinstance(content, list) else None
    return bool(parts) or any(message.get(name) for name in _SAYING)


def _is_more(part: Json) -> bool:
    return isinstance(part, dict) and "text" not in str(part.get("type"))


def _check(reason: Json, *, says: bool) -> None:
    if reason == _BROKEN:
        raise ModelServerError(
            "The endpoint failed in the middle of the answer (finish_reason error).",
            hint="Try again later; if it stays, look at the endpoint's own log.",
        )
    if says or reason == _PAUSED:
        return
    if reason in _LIMIT:
        raise EmptyAnswerError(
            f"The model used up its tokens before it said anything (finish_reason {reason}).",
            hint="Raise max_tokens or max_completion_tokens; a model's reasoning counts too.",
        )
    raise EmptyAnswerError(
        f"The model's answer is empty: no text and no call of a tool (finish_reason "
        f"{reason or 'missing'}).",
        hint="Try again. If it stays, look at the prompt, and at stop sequences, which may end "
        "an answer before its first word.",
    )
