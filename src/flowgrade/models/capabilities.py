"""What a request needs against what the model is known to lack, before the call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from flowgrade.errors import UnsupportedByModelError
from flowgrade.models.catalog.catalog import Catalog
from flowgrade.models.catalog.entry import CatalogModel
from flowgrade.models.request import ChatRequest, CompletionRequest, EmbeddingRequest
from flowgrade.records import Json, JsonObject

_PARTS = {
    "image_url": "images",
    "image": "images",
    "input_image": "images",
    "file": "files",
    "input_file": "files",
    "document": "files",
    "input_audio": "audio",
}
_TELLING = frozenset(
    [
        *("tools", "functions", "parallel_tool_calls", "response_format"),
        *("logprobs", "top_logprobs", "seed", "reasoning_effort"),
    ]
)
"""Parameters that say what is needed."""
_OPERATIONS = {"chat": "chat", "text_completion": "completion", "embeddings": "embeddings"}
_REQUESTS = (ChatRequest, CompletionRequest, EmbeddingRequest)


class Limits:
    """What one open model is known to lack; a model without any is not checked at all."""

    __slots__ = ("_catalog", "_known", "_name")

    def __init__(self, name: str, known: CatalogModel, catalog: Catalog) -> None:
        self._name = name
        self._known = known
        self._catalog = catalog

    def check(self, operation: str, request: object, *, streamed: bool) -> None:
        """Raise UnsupportedByModelError when the request needs what the model lacks."""
        lacks = self._known.lacks
        needed = [_OPERATIONS[operation]]
        if streamed:
            needed.append("streaming")
        if isinstance(request, _REQUESTS):
            needed += needs(request)
        if not lacks.isdisjoint(needed):
            raise self._refusal([one for one in dict.fromkeys(needed) if one in lacks], needed)

    def _refusal(self, missing: list[str], needed: list[str]) -> UnsupportedByModelError:
        other = suggest(self._catalog, needed, near=self._known)
        command = "flowgrade models list" + "".join(f" --capability {one}" for one in missing)
        step = f"{other.name} can, for one; for others: " if other is not None else "See: "
        return UnsupportedByModelError(
            f"'{self._name}' lacks what the request needs: {', '.join(missing)}.",
            hint=f"{step}{command}. Should the catalog be wrong, correct it in models.yaml.",
        )


def needs(request: ChatRequest | CompletionRequest | EmbeddingRequest) -> list[str]:
    """The capabilities that a request asks for, beyond that of its operation."""
    found: list[str] = []
    if not _TELLING.isdisjoint(request.parameters):
        found += _of_parameters(request.parameters)
    if isinstance(request, ChatRequest):
        for message in request.messages:
            content = message.get("content")
            if isinstance(content, list):
                found += _of_parts(content)
    return found


def suggest(
    catalog: Catalog, needed: list[str], *, near: CatalogModel | None = None
) -> CatalogModel | None:
    """The cheapest model of the catalog with all of ``needed``, of the same provider if it has one.

    One that has retired is not named.
    """
    today = datetime.now(UTC).date().isoformat()
    able = [
        model
        for model in catalog.models()
        if model.has.issuperset(needed) and (model.retires is None or model.retires > today)
    ]
    provider = near.provider if near is not None else None
    return min(
        able,
        key=lambda model: (model.provider != provider, _input_price(model), model.name),
        default=None,
    )


def _of_parameters(parameters: Mapping[str, Json]) -> Iterator[str]:
    if parameters.get("tools") or parameters.get("functions"):
        yield "tools"
    if parameters.get("parallel_tool_calls"):
        yield "parallel_tools"
    form = parameters.get("response_format")
    if isinstance(form, dict) and form.get("type") == "json_schema":
        yield "json_schema"
    if parameters.get("logprobs") or parameters.get("top_logprobs"):
        yield "logprobs"
    if parameters.get("seed") is not None:
        yield "seed"
    if parameters.get("reasoning_effort") not in (None, "none"):
        yield "reasoning"


def _of_parts(parts: list[JsonObject]) -> Iterator[str]:
    for part in parts:
        kind = _PARTS.get(str(part.get("type"))) if isinstance(part, dict) else None
        if kind is not None:
            yield kind


def _input_price(model: CatalogModel) -> float:
    rate = model.price.rates.input if model.price is not None else None
    return float("inf") if rate is None else rate
