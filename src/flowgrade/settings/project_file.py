"""Read ``flowgrade.yaml``, the project's own settings."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from flowgrade.errors import FlowgradeError, Place, SettingsError
from flowgrade.settings.files import read_settings_file

KEYS = {
    "name": "The project's name; the folder's if absent.",
    "store": "Like FLOWGRADE_STORE; a path counts from the project's folder.",
    "connections": "Like FLOWGRADE_CONNECTIONS; a path counts from the project's folder.",
}
"""Every key of the file, with what it sets."""


def read_project_file(file: Path) -> dict[str, str]:
    """The settings in ``file``; {} when it is not there or holds only comments.

    Raises SettingsError with file and line for what cannot be understood.
    """
    if not file.is_file():
        return {}
    text = read_settings_file(file)
    lines = (line.strip() for line in text.splitlines())
    if not any(line and not line.startswith("#") for line in lines):
        return {}
    # Loaded here, since most projects' files hold nothing and YAML takes 15 ms to load.
    from flowgrade.records.yaml import parse_yaml_with_lines  # noqa: PLC0415

    try:
        data, places = parse_yaml_with_lines(text, file=str(file))
    except FlowgradeError as error:
        raise SettingsError(error.message, hint=error.hint, place=error.place) from error
    if not isinstance(data, dict):
        raise SettingsError("It is not a mapping.", place=Place(str(file), 1))
    for key, value in data.items():
        _check(key, value, Place(str(file), places.get((key,))))
    return {key: value for key, value in data.items() if value is not None}


def _check(key: object, value: object, place: Place) -> None:
    if key not in KEYS:
        near = get_close_matches(str(key), KEYS, n=1)
        raise SettingsError(
            f"There is no setting '{key}'.",
            hint=f"Did you mean '{near[0]}'?" if near else f"Settings: {', '.join(KEYS)}.",
            place=place,
        )
    if value is not None and not isinstance(value, str):
        raise SettingsError(f"'{key}' must be a text.", place=place)
