"""A YAML definition together with where each part of it stands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowgrade.errors import FlowDefinitionError, Place
from flowgrade.records import Record
from flowgrade.records.yaml import parse_yaml_with_lines

YamlPath = tuple[str | int, ...]


class YamlFile(Record, hide=("lines",)):
    """A mapping read from a file."""

    path: Path
    data: Mapping[str, Any]
    lines: Mapping[YamlPath, int]

    def place(self, path: YamlPath) -> Place:
        """The line of ``path``, else of the nearest part around it."""
        for length in range(len(path), -1, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return Place(str(self.path), line)
        return Place(str(self.path))

    def mapping(self, path: YamlPath) -> Mapping[str, Any]:
        """The mapping at ``path``; an absent or empty one is {}."""
        found = self._at(path)
        if found is None:
            return {}
        if not isinstance(found, Mapping):
            raise self._wrong(path, "a mapping")
        return found

    def sequence(self, path: YamlPath) -> list[Any]:
        """The list at ``path``; an absent or empty one is []."""
        found = self._at(path)
        if found is None:
            return []
        if not isinstance(found, list):
            raise self._wrong(path, "a list")
        return found

    def _at(self, path: YamlPath) -> Any:
        found: Any = self.data
        for part in path:
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    def _wrong(self, path: YamlPath, wanted: str) -> FlowDefinitionError:
        return FlowDefinitionError(
            f"'{'.'.join(map(str, path))}' must be {wanted}.", place=self.place(path)
        )


def read_yaml_file(path: Path) -> YamlFile:
    """Read a definition; raises FlowDefinitionError with file, line and column."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FlowDefinitionError(
            f"It is not UTF-8 text (byte {error.start}).",
            hint="Save the file as UTF-8.",
            place=Place(str(path)),
        ) from error
    data, lines = parse_yaml_with_lines(text, file=str(path))
    if not isinstance(data, Mapping):
        raise FlowDefinitionError(
            "It is empty." if data is None else "It is not a mapping.",
            hint="A flow has inputs, outputs and nodes, or an entry.",
            place=Place(str(path), 1),
        )
    return YamlFile(path=path, data=data, lines=lines)
