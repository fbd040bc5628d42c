"""Files and folders that settings name."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

from flowgrade.errors import Place, SettingsError
from flowgrade.records import JsonObject, Record, field

Path = tuple[str | int, ...]
"""The way to a value in a file: keys and positions in lists."""


class SettingsFile(Record, kw_only=False):
    """What a YAML file says, checked, and the lines where it says it."""

    values: JsonObject = field(default_factory=dict)
    file: str = ""
    lines: Mapping[Path, int] = field(default_factory=dict)

    def text(self, key: str) -> str | None:
        """The value of a key that is a text."""
        value = self.values.get(key)
        return value if isinstance(value, str) else None

    def place(self, *path: str | int) -> Place:
        """Where a value stands."""
        return place_in(self.file, self.lines, path)


def place_in(file: str, lines: Mapping[Path, int], path: Path) -> Place:
    """File and line of a value; the line of what it is part of where it has none itself."""
    while path and path not in lines:
        path = path[:-1]
    return Place(file, lines.get(path))


def read_settings_file(file: pathlib.Path) -> str:
    """The text of a settings file; raises SettingsError when it cannot be read."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError("It is not UTF-8 text.", place=Place(str(file))) from error
    except OSError as error:
        raise SettingsError(
            f"It cannot be read: {error.strerror}.", place=Place(str(file))
        ) from error


def named_path(name: str, text: str) -> pathlib.Path:
    """The path ``text`` in the setting ``name``, with ``~`` expanded; raises SettingsError."""
    try:
        return pathlib.Path(text).expanduser()
    except RuntimeError as error:
        raise SettingsError(
            f"{name} begins with the home folder of a user who has none.",
            hint=f"Write the whole path in {name}.",
        ) from error
