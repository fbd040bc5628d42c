"""Fill in ``${env:NAME}`` and ``${file:path}`` in what a YAML file says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowgrade.errors import FlowDefinitionError, Place
from flowgrade.records import Json, Record, loads
from flowgrade.records.yaml import parse_yaml

_ENV = re.compile(r"\$\{env:([^}]*)\}")
_FILE = re.compile(r"\$\{file:([^}]*)\}")


class References(Record):
    """Where references are looked up, and the file to name when one cannot be."""

    environment: Mapping[str, str]
    file: Path

    def resolve(self, value: Any) -> Json:
        """``value`` with each reference in it replaced, however deep.

        ``${env:NAME}`` becomes the variable, or stays as it is when there is none;
        ``${env:NAME:text}`` has a default. ``${file:path}``, as a whole string, becomes the data
        of a JSON or YAML file or the text of another, taken from this file's folder. Raises
        FlowDefinitionError for a file that is missing or cannot be read.
        """
        if isinstance(value, dict):
            return {key: self.resolve(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, str):
            return value
        match = _FILE.fullmatch(value)
        return self.read(match[1]) if match else _ENV.sub(self._variable, value)

    def read(self, name: str) -> Json:
        """The data of the JSON or YAML file ``name``, or the text of another."""
        path = self.file.parent / name
        try:
            text = path.read_text(encoding="utf-8-sig")
            if path.suffix.lower() == ".json":
                return loads(text)
        except OSError as error:
            raise self._error(f"The file {name} cannot be read: {error.strerror}.") from None
        except ValueError as error:
            raise self._error(f"The file {name} is not JSON or not UTF-8: {error}.") from None
        if path.suffix.lower() in {".yml", ".yaml"}:
            return parse_yaml(text, file=str(path))
        return text

    def _variable(self, match: re.Match[str]) -> str:
        name, colon, default = match[1].partition(":")
        if (found := self.environment.get(match[1])) is not None:
            return found
        return self.environment.get(name, default) if colon else match[0]

    def _error(self, message: str) -> FlowDefinitionError:
        return FlowDefinitionError(message, place=Place(str(self.file)))
