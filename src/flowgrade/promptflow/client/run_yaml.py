"""Run YAML: a run as a file describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from flowgrade.errors import InputError, Place
from flowgrade.promptflow.client.run import Run, set_fields
from flowgrade.records import loads
from flowgrade.records.yaml import parse_yaml, parse_yaml_with_lines
from flowgrade.settings import read_dotenv

_IGNORED = frozenset({"$schema", "properties", "runtime", "resources", "identity", "type"})
_FILES = ("flow", "data")


def load_run(
    source: str | Path,
    *,
    params_override: list[dict[str, Any]] | None = None,
    **more: Any,
) -> Run:
    """The run that a run YAML describes; its paths count from the file's folder.

    ``params_override`` and other keywords replace fields. Nothing is done yet.
    """
    file = Path(source)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from None
    data, lines = parse_yaml_with_lines(text, file=str(file))
    if not isinstance(data, Mapping):
        raise InputError("A run is a mapping of fields.", place=Place(str(file), 1))
    known = {one.name for one in fields(Run)} - {"status", "created_on", "error", "ignored"}
    given: dict[str, Any] = {}
    ignored = []
    for key, value in data.items():
        if key in known and key not in _IGNORED:
            given[key] = rooted(value, file.parent) if key in _FILES else value
        elif key not in _IGNORED:
            near = get_close_matches(str(key), known, n=1)
            meant = f" Did you mean '{near[0]}'?" if near else ""
            place = Place(str(file), lines.get((key,)))
            ignored.append(f"{place}: the field '{key}' means nothing in a run.{meant}")
    given["environment_variables"] = _variables(given.get("environment_variables"), file.parent)
    given["init"] = _values(given.get("init"), file.parent)
    for override in params_override or ():
        set_fields(given, override)
    given.update({key: value for key, value in more.items() if value is not None})
    return Run(**given, ignored=tuple(ignored))


def rooted(value: Any, folder: Path) -> Any:
    """A relative path counts from ``folder``; ``module:function`` stays as it is."""
    if not isinstance(value, str) or Path(value).is_absolute():
        return value
    found = folder / value
    return str(found) if found.exists() or ":" not in value else value


def _variables(value: Any, folder: Path) -> Any:
    return read_dotenv(folder / value) if isinstance(value, str) else value


def _values(value: Any, folder: Path) -> Any:
    if not isinstance(value, str):
        return value
    file = folder / value
    text = file.read_text(encoding="utf-8-sig")
    found = loads(text) if file.suffix == ".json" else parse_yaml(text, file=str(file))
    if not isinstance(found, dict):
        raise InputError(f"{file} holds no mapping of init values.")
    return found
