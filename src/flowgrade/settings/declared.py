"""Indexes that ``flowgrade.yaml`` declares."""

from __future__ import annotations

from collections.abc import Mapping

from flowgrade.errors import Place
from flowgrade.records import Json, Record, field
from flowgrade.settings.files import SettingsFile


class DeclaredIndex(Record):
    """An index as the file has it; the room of indexes knows what its settings mean."""

    name: str
    sources: tuple[str, ...] = ()
    values: Mapping[str, Json] = field(default_factory=dict)
    """Every other key, checked."""
    place: Place | None = None


def read_indexes(file: SettingsFile) -> dict[str, DeclaredIndex]:
    """The indexes of the project by name."""
    return {
        name: _index(name, value or {}, file.place("indexes", name))
        for name, value in (file.values.get("indexes") or {}).items()
    }


def _index(name: str, written: Mapping[str, Json], place: Place) -> DeclaredIndex:
    values = {key: value for key, value in written.items() if value is not None}
    source = values.pop("source", [])
    return DeclaredIndex(
        name=name,
        sources=(source,) if isinstance(source, str) else tuple(source),
        values=values,
        place=place,
    )
