"""Load the catalog: what is shipped, then ``models.yaml`` of the user and of the project."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import orjson

from flowgrade.models.catalog.catalog import Catalog
from flowgrade.records import JsonObject
from flowgrade.settings import Settings, SettingsFile, read_shaped_yaml

if TYPE_CHECKING:
    from flowgrade.settings.shapes import Shape

MODELS_FILE = "models.yaml"


def load_catalog(settings: Settings) -> Catalog:
    """The catalog as it is for a project.

    What ``models.yaml`` in the project says goes before that in ``FLOWGRADE_HOME``, and both
    before what is shipped. Raises SettingsError with file and line.
    """
    return Catalog(shipped_catalog(), tuple(_own(settings)))


@cache
def shipped_catalog() -> JsonObject:
    """The catalog as it comes with the package; ``tools/catalog.py`` makes it from YAML."""
    raw = files("flowgrade.models.catalog").joinpath("catalog.json").read_bytes()
    found: JsonObject = orjson.loads(raw)
    return found


def _own(settings: Settings) -> Iterator[SettingsFile]:
    for folder in dict.fromkeys((settings.home, settings.project)):
        file = read_shaped_yaml(folder / MODELS_FILE, _shape)
        if file.values:
            yield file


def _shape() -> Shape:
    from flowgrade.models.catalog.shape import CATALOG  # noqa: PLC0415  only with such a file

    return CATALOG
