"""Read a YAML file of settings by its shape."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from flowgrade.errors import FlowgradeError, SettingsError
from flowgrade.settings.files import SettingsFile, read_settings_file

if TYPE_CHECKING:
    from flowgrade.settings.shapes import Shape


def read_shaped_yaml(file: Path, shape: Callable[[], Shape]) -> SettingsFile:
    """What ``file`` says; empty when it is not there or holds only comments.

    ``shape`` is called when there is something to check. Keys with null are left out. Raises
    SettingsError with file and line for what is not YAML or not of that shape.
    """
    if not file.is_file():
        return SettingsFile()
    text = read_settings_file(file)
    lines = (line.strip() for line in text.splitlines())
    if not any(line and not line.startswith("#") for line in lines):
        return SettingsFile()
    # Loaded here, since most projects' files hold nothing and YAML takes 15 ms to load.
    from flowgrade.records.yaml import parse_yaml_with_lines  # noqa: PLC0415
    from flowgrade.settings.shapes import Spot  # noqa: PLC0415

    try:
        data, places = parse_yaml_with_lines(text, file=str(file))
    except FlowgradeError as error:
        raise SettingsError(error.message, hint=error.hint, place=error.place) from error
    if data is None:
        return SettingsFile({}, str(file), places)
    shape().check(data, Spot(str(file), places))
    found = {key: value for key, value in data.items() if value is not None}
    return SettingsFile(found, str(file), places)
