"""All connections that are known here: those of the file over those of the environment."""

from __future__ import annotations

from pathlib import Path

from flowgrade.errors import SettingsError
from flowgrade.models.connection import Connection
from flowgrade.models.environment import environment_connections
from flowgrade.settings import Settings

CONNECTIONS_FILE = "connections.yaml"


def load_connections(settings: Settings) -> dict[str, Connection]:
    """The connections by name.

    The file is the one that ``FLOWGRADE_CONNECTIONS`` names, else ``connections.yaml`` of the
    project. It may also hold connections of prompt flow. What a connection of the file leaves
    open, one of the environment with the same name fills in. Raises SettingsError with the place
    of what cannot be used.
    """
    found = environment_connections(settings)
    file = settings.connections or settings.project / CONNECTIONS_FILE
    if not file.is_file():
        if settings.connections is not None:
            raise SettingsError(
                f"FLOWGRADE_CONNECTIONS names {file}, and there is no such file.",
                hint="Create it, or unset the variable.",
            )
        return found
    return found | _from_file(file, settings, found)


def _from_file(
    file: Path, settings: Settings, known: dict[str, Connection]
) -> dict[str, Connection]:
    from flowgrade.models.connection_file import read_connections  # noqa: PLC0415 YAML is slow

    text = file.read_text(encoding="utf-8-sig")
    return read_connections(text, file=str(file), settings=settings, known=known)
