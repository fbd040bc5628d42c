"""Find out with one cheap call whether a connection works."""

from __future__ import annotations

import time
from typing import Literal

from flowgrade.errors import FlowgradeError, ModelNotFoundError, UnsupportedByModelError
from flowgrade.models.models import Models
from flowgrade.models.request import ChatRequest, EmbeddingRequest
from flowgrade.records import Record

Outcome = Literal["ok", "unsure", "failed"]

_FEW = 16  # tokens; some models refuse to answer in fewer


class Probe(Record):
    """What one call found out about a connection."""

    connection: str
    outcome: Outcome
    """``unsure``: reached, but whether the key is right is not known."""
    message: str
    hint: str | None = None
    seconds: float | None = None
    models: tuple[str, ...] | None = None
    """What the endpoint serves; None when it was not asked or did not say."""


async def probe(models: Models, connection: str, *, model: str | None = None) -> Probe:
    """Ask the endpoint for its models, or ``model`` for a few tokens. Never raises a ModelError."""
    started = time.perf_counter()
    try:
        if model is not None:
            return await _ask(models, connection, model, started)
        return await _list(models, connection, started)
    except FlowgradeError as error:
        return Probe(
            connection=connection,
            outcome="failed",
            message=error.message,
            hint=error.hint,
            seconds=time.perf_counter() - started,
        )


async def _list(models: Models, connection: str, started: float) -> Probe:
    kind = models.connection(connection).kind
    if not models.serves(models.connection(connection)):
        return Probe(
            connection=connection,
            outcome="unsure",
            message=f"Connections of the kind '{kind}' serve no models; code of flows uses them.",
        )
    try:
        found = await models.list_models(connection)
    except ModelNotFoundError as error:
        return Probe(
            connection=connection,
            outcome="unsure",
            message=f"It was reached and has no list of models. {error.message}",
            hint=_NAME_ONE,
            seconds=time.perf_counter() - started,
        )
    if found is None:
        return Probe(
            connection=connection,
            outcome="unsure",
            message=f"Endpoints of the kind '{kind}' do not list their models.",
            hint=_NAME_ONE,
        )
    count = len(found)
    return Probe(
        connection=connection,
        outcome="ok",
        message=f"It answers and serves {count} {'model' if count == 1 else 'models'}.",
        seconds=time.perf_counter() - started,
        models=tuple(found),
    )


async def _ask(models: Models, connection: str, model: str, started: float) -> Probe:
    opened = models.open(model, connection=connection)
    try:
        request = ChatRequest(
            messages=[{"role": "user", "content": "Say yes."}], parameters={"max_tokens": _FEW}
        )
        await opened.chat(request)
    except UnsupportedByModelError:
        await opened.embed(EmbeddingRequest(inputs=["yes"]))
    return Probe(
        connection=connection,
        outcome="ok",
        message=f"'{model}' answers.",
        seconds=time.perf_counter() - started,
    )


_NAME_ONE = "Name a model to call: flowgrade connection test NAME --model MODEL"
