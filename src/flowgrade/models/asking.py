"""Ask a model once, and keep how it went: answer, times, tokens, cost, or the error."""

from __future__ import annotations

import time

from flowgrade.errors import FlowgradeError, ModelResponseError
from flowgrade.models.model import Model
from flowgrade.models.models import Models
from flowgrade.models.request import ChatRequest, EmbeddingRequest
from flowgrade.records import Failure, JsonObject, Record, Usage
from flowgrade.tracing import start_trace


class Answer(Record):
    """One call of one model."""

    model: str
    """As it was asked for."""
    answered_by: str | None = None
    """The model's own name, as the endpoint gives it."""
    text: str | None = None
    error: Failure | None = None
    seconds: float = 0.0
    first_token: float | None = None
    """Seconds until the first text; None where none was streamed."""
    usage: Usage | None = None
    cost: float | None = None
    """US dollars; None when it is not known."""

    def as_json(self) -> JsonObject:
        """The answer as the command line prints it with ``--json``."""
        usage = self.usage or Usage()
        return {
            "model": self.model,
            "answered_by": self.answered_by,
            "text": self.text,
            "error": self.error,
            "seconds": round(self.seconds, 6),
            "first_token": None if self.first_token is None else round(self.first_token, 6),
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cost": self.cost,
        }


async def ask(models: Models, name: str, request: ChatRequest) -> Answer:
    """Let the model ``name`` answer ``request``, streamed where it can; never raises for it."""
    return await _ask(models, name, _Chat(request))


async def ask_to_embed(models: Models, name: str, text: str) -> Answer:
    """Let the model ``name`` embed ``text``; ``text`` of the answer says what came."""
    return await _ask(models, name, _Embed(text))


class _Chat:
    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        self.first: float | None = None
        self.answered_by: str | None = None

    async def call(self, model: Model, *, streamed: bool) -> str:
        text = await (self._streamed(model) if streamed else self._whole(model))
        if not text.strip():
            raise ModelResponseError(
                "The model's answer has no text.",
                hint="Allow it more output tokens: it may have spent all of them on reasoning.",
            )
        return text

    async def _whole(self, model: Model) -> str:
        response = await model.chat(self._request)
        self.answered_by = response.model
        return response.text or ""

    async def _streamed(self, model: Model) -> str:
        pieces: list[str] = []
        started = time.perf_counter()
        async for chunk in model.chat_stream(self._request):
            if chunk.text:
                if self.first is None:
                    self.first = time.perf_counter() - started
                pieces.append(chunk.text)
            self.answered_by = self.answered_by or chunk.raw.get("model")
        return "".join(pieces)


class _Embed:
    first = None

    def __init__(self, text: str) -> None:
        self._text = text
        self.answered_by: str | None = None

    async def call(self, model: Model, *, streamed: bool) -> str:
        response = await model.embed(EmbeddingRequest(inputs=[self._text]))
        self.answered_by = response.model
        return f"a vector of {len(response.vectors[0])} numbers"


async def _ask(models: Models, name: str, work: _Chat | _Embed) -> Answer:
    started = time.perf_counter()
    text: str | None = None
    failure: Failure | None = None
    root = start_trace("ask", sink=_forget)
    with root:
        try:
            model = models.open(name)
            started = time.perf_counter()
            text = await work.call(model, streamed=models.can(name, "streaming") is not False)
        except FlowgradeError as error:
            failure = Failure.of(error)
    trace = root.trace
    return Answer(
        model=name,
        answered_by=work.answered_by,
        text=text,
        error=failure,
        seconds=time.perf_counter() - started,
        first_token=work.first,
        usage=trace.usage if trace is not None else None,
        cost=trace.cost if trace is not None and not trace.unpriced else None,
    )


def _forget(spans: object) -> None:
    pass
