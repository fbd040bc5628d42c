"""Settings of an index as people write them: one flat table of names, in YAML and in options."""

from __future__ import annotations

from collections.abc import Mapping

from flowgrade.records import Json, JsonObject, replace
from flowgrade.retrieval.settings import IndexSettings

NONE = "none"
"""What stands for no embedding model and for no reranker."""

_OF_CHUNKS = {
    "chunker": "chunker",
    "size": "size",
    "overlap": "overlap",
    "chunk_options": "options",
}
_OF_INDEX = {
    "embedding": "embedding",
    "store": "store",
    "connection": "connection",
    "store_options": "options",
    "language": "language",
}


def settings_of(values: Mapping[str, Json], before: IndexSettings | None = None) -> IndexSettings:
    """The settings that ``values`` make of ``before``: keys of an index in ``flowgrade.yaml``.

    What they do not name stays. They were checked against the shape of the file.
    """
    given = before or IndexSettings()
    search = dict(values.get("search") or {})
    if search.get("rerank") == NONE:
        search["rerank"] = None
    changes: JsonObject = {name: values[key] for key, name in _OF_INDEX.items() if key in values}
    for name in ("embedding", "connection"):
        if changes.get(name) == NONE:
            changes[name] = None
    chunks = {name: values[key] for key, name in _OF_CHUNKS.items() if key in values}
    return replace(
        given,
        **changes,
        chunks=replace(given.chunks, **chunks),
        search=replace(given.search, **search),
    )


def values_of(settings: IndexSettings) -> JsonObject:
    """The keys that ``settings_of`` makes these settings of; what is as by default is left out."""
    plain = IndexSettings()
    found = {
        key: getattr(settings, name)
        for key, name in _OF_INDEX.items()
        if getattr(settings, name) != getattr(plain, name)
    }
    found |= {
        key: getattr(settings.chunks, name)
        for key, name in _OF_CHUNKS.items()
        if getattr(settings.chunks, name) != getattr(plain.chunks, name)
    }
    search = {
        name: value
        for name, value in settings.as_json()["search"].items()
        if value != plain.as_json()["search"][name]
    }
    if search:
        found["search"] = search
    return {key: NONE if value is None else value for key, value in found.items()}


def checked(values: Mapping[str, Json], where: str) -> Mapping[str, Json]:
    """``values`` if ``flowgrade.yaml`` could hold them; raises SettingsError with ``where``."""
    if values:
        from flowgrade.settings.project_shape import INDEX  # noqa: PLC0415  some milliseconds
        from flowgrade.settings.shapes import Spot  # noqa: PLC0415

        INDEX.check(dict(values), Spot(where, {}))
    return values
