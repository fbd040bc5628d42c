"""Files and folders that settings name."""

from __future__ import annotations

from pathlib import Path

from flowgrade.errors import Place, SettingsError


def read_settings_file(file: Path) -> str:
    """The text of a settings file; raises SettingsError when it cannot be read."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError("It is not UTF-8 text.", place=Place(str(file))) from error
    except OSError as error:
        raise SettingsError(
            f"It cannot be read: {error.strerror}.", place=Place(str(file))
        ) from error


def named_path(name: str, text: str) -> Path:
    """The path ``text`` in the setting ``name``, with ``~`` expanded; raises SettingsError."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise SettingsError(
            f"{name} begins with the home folder of a user who has none.",
            hint=f"Write the whole path in {name}.",
        ) from error
