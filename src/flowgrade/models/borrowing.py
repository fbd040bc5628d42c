"""Values that one connection of a file takes from another: ``${other.api_key}``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flowgrade.errors import Place, SettingsError
from flowgrade.records import Json, JsonObject

_REFERENCE = re.compile(r"\$\{([^.:{}]+)\.([^{}]+)\}")
_ALIASES = {"api_base": "base_url", "azure_endpoint": "base_url"}


def borrowed(name: str, entries: Mapping[str, JsonObject], file: str) -> JsonObject:
    """The fields of ``name`` with each reference to another entry replaced by what that says.

    Raises SettingsError for one that leads nowhere or in a circle.
    """
    found: JsonObject = _filled(entries[name], entries, file, (name,))
    return found


def _filled(
    value: Json, entries: Mapping[str, JsonObject], file: str, trail: tuple[str, ...]
) -> Json:
    if isinstance(value, dict):
        return {key: _filled(part, entries, file, trail) for key, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, entries, file, trail) for part in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole is not None:
        return _looked_up(whole, entries, file, trail)
    return _REFERENCE.sub(lambda found: str(_looked_up(found, entries, file, trail)), value)


def _looked_up(
    found: re.Match[str], entries: Mapping[str, JsonObject], file: str, trail: tuple[str, ...]
) -> Json:
    other, key = found[1].strip(), found[2].strip()
    step = f"{other}.{key}"
    if step in trail:
        raise SettingsError(
            f"{found[0]} refers to itself: {' → '.join((*trail[1:], step))}.",
            hint="Write the value itself in one of these places.",
            place=Place(file),
        )
    entry = entries.get(other)
    if entry is None:
        raise SettingsError(
            f"{found[0]} names the connection '{other}', which is not in this file.",
            hint=f"There are: {', '.join(entries)}.",
            place=Place(file),
        )
    for part in (entry, entry.get("secrets") or {}, entry.get("configs") or {}):
        value = part.get(_ALIASES.get(key, key), part.get(key))
        if value is not None:
            return _filled(value, entries, file, (*trail, step))
    raise SettingsError(
        f"{found[0]}: the connection '{other}' says nothing of '{key}'.",
        hint="Add it there, or correct the key.",
        place=Place(file),
    )
