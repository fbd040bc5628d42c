"""Passages as prompts and nodes take them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flowgrade.records import Json, JsonObject
from flowgrade.retrieval.result import Hit


def passage_rows(hits: Iterable[Hit]) -> list[JsonObject]:
    """The hits as rows of JSON."""
    return [hit.as_json() for hit in hits]


def numbered_context(passages: Sequence[Mapping[str, Json]]) -> str:
    """The passages as text for a prompt, numbered from [1] as an answer cites them."""
    return "\n\n".join(
        f"[{number}] {_head(passage)}{passage.get('text') or ''}"
        for number, passage in enumerate(passages, 1)
    )


def _head(passage: Mapping[str, Json]) -> str:
    above = [passage.get("title"), *(passage.get("headings") or ())]
    named = " > ".join(dict.fromkeys(str(part) for part in above if part))
    return f"{named}\n" if named else ""
