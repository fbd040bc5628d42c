"""Read the fields of connections from YAML as they stand there."""

from __future__ import annotations

from flowgrade.models.borrowing import borrowed
from flowgrade.records import JsonObject
from flowgrade.settings import remember


def read_connection_entries(text: str, file: str) -> dict[str, JsonObject]:
    """The fields of each connection in ``text``, in our own shape, by name.

    References to other connections of the file are replaced, those to variables and the keyring
    stay. Raises SettingsError with the place of what cannot be used.
    """
    from flowgrade.models.connection_file import read_entries  # noqa: PLC0415 YAML is slow

    entries = read_entries(text, file)
    found = {name: borrowed(name, entries, file) for name in entries}
    for entry in found.values():
        for value in [entry.get("api_key"), *(entry.get("secrets") or {}).values()]:
            if isinstance(value, str) and "${" not in value:
                remember(value)
    return found
