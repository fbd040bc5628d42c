"""Sources: what names the documents of an index, kept so that an update finds them again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from flowgrade.records import Json, JsonObject
from flowgrade.retrieval.document import Document
from flowgrade.retrieval.loading.load import load_documents
from flowgrade.retrieval.loading.loader import LoadLimits, LoadOptions, Unread

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://|[\w.-]+@[\w.-]+:", re.IGNORECASE)
_TUPLES = ("suffixes", "allow_hosts")


def written_source(source: str | Path, project: Path, text: str | None = None) -> str:
    """A source as it is kept: an address as it is, a path below the project relative to it.

    ``text`` is what was written, where ``source`` is a path made of it.
    """
    written = text or str(source)
    if _ADDRESS.match(written):
        return written
    path = Path(source).expanduser().absolute()
    return str(path.relative_to(project)) if path.is_relative_to(project) else str(path)


def read_sources(
    sources: Sequence[str], project: Path, loading: Mapping[str, Json]
) -> Iterator[Document | Unread]:
    """The documents of all sources, one after another; raises LoadError and InputError."""
    options = load_options(loading)
    for source in sources:
        named = source if _ADDRESS.match(source) else str(project / source)
        yield from load_documents(named, options=options)


def load_options(written: Mapping[str, Json]) -> LoadOptions:
    """The options that ``load`` of an index says."""
    given: JsonObject = dict(written)
    for name in _TUPLES:
        if name in given:
            given[name] = tuple(given[name])
    if "formats" in given:
        given["formats"] = tuple(given["formats"].items())
    if "limits" in given:
        given["limits"] = LoadLimits(**given["limits"])
    return LoadOptions(**given)
