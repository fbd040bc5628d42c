"""Read ``flowgrade.yaml``, the project's own settings; ``project_shape`` says what it may hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flowgrade.settings.files import SettingsFile
from flowgrade.settings.yamlfile import read_shaped_yaml

if TYPE_CHECKING:
    from flowgrade.settings.shapes import Shape

PROJECT_FILE = "flowgrade.yaml"


def read_project_file(file: Path) -> SettingsFile:
    """The settings in ``file``; raises SettingsError with file and line."""
    return read_shaped_yaml(file, _shape)


def _shape() -> Shape:
    from flowgrade.settings.project_shape import PROJECT  # noqa: PLC0415  as YAML itself

    return PROJECT
