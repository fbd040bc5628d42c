"""Chunks as one value that a store keeps, and what filters see of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowgrade.records import Json, as_dict, dumps, loads
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.filters import OWN, Filter, holds


def pack(chunk: Chunk) -> str:
    """The chunk as JSON."""
    return dumps(as_dict(chunk))


def unpack(text: str | bytes) -> Chunk:
    """The chunk that ``pack`` wrote."""
    fields: dict[str, Any] = loads(text)
    return Chunk(**{**fields, "headings": tuple(fields["headings"])})


def filterable(chunk: Chunk) -> Mapping[str, Json]:
    """What filters ask for: the metadata, and the chunk's own fields that it has, with ``$``."""
    own = {f"${name}": getattr(chunk, name) for name in OWN}
    return {**chunk.metadata, **{name: value for name, value in own.items() if value is not None}}


def passes(chunk: Chunk, where: Filter) -> bool:
    """Whether all conditions hold."""
    if not where:
        return True
    values = filterable(chunk)
    return all(holds(c, values.get(c.key), present=c.key in values) for c in where)
