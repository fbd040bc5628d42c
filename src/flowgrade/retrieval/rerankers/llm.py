"""A chat model that grades passages, all in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from flowgrade.models import ask_json
from flowgrade.records import Json, JsonObject
from flowgrade.retrieval.library import library_request
from flowgrade.retrieval.rerankers.reranker import Rerank, needed, needed_models

if TYPE_CHECKING:
    from flowgrade.models import Model, Models

_SHOWN = 2_000
"""Characters of a passage that the model sees."""
_BEST = 3.0
_GRADES: JsonObject = {
    "type": "object",
    "properties": {
        "grades": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"passage": {"type": "integer"}, "grade": {"type": "number"}},
                "required": ["passage", "grade"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["grades"],
    "additionalProperties": False,
}


class LlmReranker:
    """``llm:<model>``: grades from 0 (says nothing of it) to 3 (answers it)."""

    def open(self, argument: str, models: Models | None) -> Rerank:
        """Open the model ``argument``."""
        name = needed(argument, "The model that reranks", "llm:openai/gpt-4o-mini")
        return _Grading(needed_models(models, f"The reranker llm:{name}").open(name)).scores


RERANKER = LlmReranker()


class _Grading:
    def __init__(self, model: Model) -> None:
        self._model = model

    async def scores(self, query: str, passages: Sequence[str]) -> Sequence[float]:
        shown = [passage[:_SHOWN] for passage in passages]
        request = library_request("rerank", {"question": query, "passages": shown})
        answer = await ask_json(self._model, request, _GRADES, name="grades")
        return _read(answer.value["grades"], len(passages))


def _read(grades: Sequence[Mapping[str, Json]], count: int) -> list[float]:
    """The grades by passage: none counts 0, the better of two counts, what is no passage does not.

    A model may number past the end or go over its scale; the other grades are still of use.
    """
    found = [0.0] * count
    for one in grades:
        number = int(one["passage"]) - 1
        if 0 <= number < count:
            found[number] = max(found[number], min(float(one["grade"]), _BEST))
    return found
