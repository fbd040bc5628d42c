"""Grid: the settings of an index that are tried against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from flowgrade.errors import InputError
from flowgrade.records import Json, Record, replace
from flowgrade.retrieval.settings import IndexSettings, SearchSettings

_SEARCH: Mapping[str, type] = {
    "mode": str,
    "fusion": str,
    "keyword_weight": float,
    "rrf_k": int,
    "candidates": int,
    "diversity": float,
    "expand": str,
    "rerank": str,
}
_CHUNKS: Mapping[str, type] = {"chunker": str, "size": int, "overlap": int}
_INDEX: Mapping[str, type] = {"embedding": str, "language": str}

GRID_KEYS = (*_INDEX, *_CHUNKS, *_SEARCH)
"""What can be tried. The first five are built into a snapshot; the others only search it."""

MOST = 200
"""Candidates in one grid."""

_CHOICES = {
    "mode": ("hybrid", "keyword", "vector"),
    "fusion": ("adaptive", "convex", "rrf"),
    "expand": ("none", "window", "parent"),
}
_OPTIONAL = ("embedding", "rerank")  # "none" stands for having none


class Candidate(Record):
    """Settings to try, and what in them differs from those of the index."""

    settings: IndexSettings
    changes: Mapping[str, Json]

    @property
    def label(self) -> str:
        """The changes as people write them; ``current`` where there are none."""
        return " ".join(f"{key}={_shown(value)}" for key, value in self.changes.items()) or (
            "current"
        )


def read_tries(tries: Sequence[str]) -> dict[str, list[Json]]:
    """The grid in ``["mode=keyword,hybrid", "size=128,256"]``."""
    grid: dict[str, list[Json]] = {}
    for written in tries:
        key, equals, values = written.partition("=")
        if not equals:
            raise InputError(
                f"'{written}' is not of the form key=a,b,c.", hint="Such as mode=keyword,hybrid."
            )
        grid.setdefault(key.strip(), []).extend(one.strip() for one in values.split(","))
    return grid


def grid_candidates(current: IndexSettings, grid: Mapping[str, Json]) -> list[Candidate]:
    """Every combination in ``grid`` that is not ``current``, each way of searching once.

    A setting that has no effect, such as the weight of a search by words alone, makes no
    candidates of its own. Raises InputError for unknown keys and values, and a grid too large.
    """
    wanted = {key: _values(key, values) for key, values in grid.items()}
    count = 1
    for values in wanted.values():
        count *= len(values)
    if count > MOST:
        raise InputError(
            f"The grid has {count:,} combinations; the most are {MOST}.",
            hint="Try fewer values at once, and then again around the best.",
        )
    found: dict[str, Candidate] = {}
    now = _effective(current)
    known = str(now.as_json())
    for combination in product(*wanted.values()):
        settings = _effective(_with(current, dict(zip(wanted, combination, strict=True))))
        key = str(settings.as_json())
        if key != known:
            found.setdefault(key, Candidate(settings=settings, changes=_changes(now, settings)))
    if not found:
        raise InputError(
            "The grid holds nothing but the settings that the index has.",
            hint=f"Name other values. Keys are: {', '.join(GRID_KEYS)}.",
        )
    return list(found.values())


def needs_build(current: IndexSettings, wanted: IndexSettings) -> bool:
    """Whether a snapshot of its own is needed, not only another search."""
    return replace(current, search=wanted.search) != wanted


def grid_values(candidate: Candidate) -> dict[str, Json]:
    """The changes as keys of an index in ``flowgrade.yaml``."""
    written = {k: "none" if v is None else v for k, v in candidate.changes.items()}
    found: dict[str, Json] = {k: v for k, v in written.items() if k not in _SEARCH}
    search = {k: v for k, v in written.items() if k in _SEARCH}
    return {**found, "search": search} if search else found


def simplicity(settings: IndexSettings) -> tuple[int, ...]:
    """Smaller is simpler and cheaper: fewer models asked, fewer sides, smaller passages."""
    search = settings.search
    model = settings.embedding
    remote = 0 if model is None else 1 if model.startswith("embedded/") else 2
    sides = {"keyword": 0, "vector": 1, "hybrid": 2}[search.mode]
    return (
        int(search.rerank is not None),
        0 if search.mode == "keyword" else remote,
        sides,
        int(search.diversity > 0) + int(search.expand != "none"),
        settings.chunks.size,
    )


def _values(key: str, written: Json) -> list[Json]:
    kind = {**_INDEX, **_CHUNKS, **_SEARCH}.get(key)
    if kind is None:
        raise InputError(
            f"'{key}' is nothing that can be tried.", hint=f"Keys are: {', '.join(GRID_KEYS)}."
        )
    values = written if isinstance(written, (list, tuple)) else [written]
    if not values:
        raise InputError(f"'{key}' has no values to try.")
    return list(dict.fromkeys(_value(key, kind, value) for value in values))


def _value(key: str, kind: type, written: Json) -> Json:
    if key in _OPTIONAL and written in (None, "none"):
        return None
    if kind is str:
        if not isinstance(written, str) or not written:
            raise InputError(f"'{written}' is no value for '{key}'.")
        if written not in _CHOICES.get(key, (written,)):
            raise InputError(
                f"'{written}' is no value for '{key}'.", hint=f"One of: {', '.join(_CHOICES[key])}."
            )
        return written
    try:
        return kind(str(written))
    except ValueError:
        what = "whole number" if kind is int else "number"
        raise InputError(f"'{written}' is no {what}, which '{key}' takes.") from None


def _with(current: IndexSettings, changes: Mapping[str, Json]) -> IndexSettings:
    return replace(
        current,
        **{key: changes[key] for key in _INDEX if key in changes},
        chunks=replace(current.chunks, **{k: changes[k] for k in _CHUNKS if k in changes}),
        search=replace(current.search, **{k: changes[k] for k in _SEARCH if k in changes}),
    )


def _effective(settings: IndexSettings) -> IndexSettings:
    """The settings with those that have no effect as they are by default."""
    search, plain = settings.search, SearchSettings()
    if settings.embedding is None:
        search = replace(search, mode="keyword", diversity=0.0)
    if search.mode != "hybrid":
        search = replace(search, fusion=plain.fusion, keyword_weight=plain.keyword_weight)
    if search.fusion != "rrf":
        search = replace(search, rrf_k=plain.rrf_k)
    return replace(settings, search=search)


def _changes(current: IndexSettings, settings: IndexSettings) -> dict[str, Json]:
    pairs = [(key, getattr(current, key), getattr(settings, key)) for key in _INDEX]
    pairs += [(k, getattr(current.chunks, k), getattr(settings.chunks, k)) for k in _CHUNKS]
    pairs += [(k, getattr(current.search, k), getattr(settings.search, k)) for k in _SEARCH]
    return {key: after for key, before, after in pairs if before != after}


def _shown(value: Json) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
