"""Types of flow inputs and the coercion of values to them.

The table is prompt flow's, so that its projects behave the same: ``int``, ``double``, ``bool``,
``string``, ``list``, ``object``, ``image``; any other type leaves a value as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flowgrade.errors import FlowInputError, InputError
from flowgrade.prompts import load_image, load_images
from flowgrade.records import loads


def coerce(value: object, type_name: str, *, name: str, folder: Path | None = None) -> object:
    """``value`` as ``type_name``; raises FlowInputError when it cannot be one.

    ``name`` is the input's, for the message. Images are loaded, those in lists too; their
    relative paths count from ``folder``.
    """
    if type_name == "image":
        return _image(value, name, folder)
    convert = _CONVERSIONS.get(type_name)
    if convert is None:
        return value
    try:
        found = convert(value)
    except (TypeError, ValueError) as error:
        raise FlowInputError(
            f"The input '{name}' is {_show(value)}, which is no {type_name}: {error}.",
            hint=f"Give a value of the type {type_name}, or change the input's type in the flow.",
        ) from error
    return load_images(found, folder=folder) if type_name == "list" and _has_image(found) else found


def type_of(value: object) -> str:
    """The type name that fits a default value."""
    for kinds, type_name in _NAMES:
        if isinstance(value, kinds):
            return type_name
    return "object"


def _to_int(value: Any) -> int:
    return value if type(value) is int else int(value)


def _to_double(value: Any) -> float:
    return float(value)


def _to_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ValueError("it must be true or false")


def _to_string(value: Any) -> str:
    return value if type(value) is str else str(value)


def _to_list(value: Any) -> list[Any]:
    found = loads(value) if isinstance(value, str) else value
    if not isinstance(found, list):
        raise TypeError("it must be a list")
    return found


def _to_object(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return loads(value)
    except ValueError:
        return value


def _image(value: object, name: str, folder: Path | None) -> object:
    if not isinstance(value, (str, Mapping)):
        return value
    try:
        return load_image(value, folder=folder)
    except InputError as error:
        raise FlowInputError(
            f"The input '{name}' is no image: {error.message}", hint=error.hint
        ) from error


def _has_image(value: object) -> bool:
    """Whether a list may hold an image, so that most lists need no copy."""
    return (
        any(isinstance(part, (dict, list)) for part in value) if isinstance(value, list) else False
    )


_CONVERSIONS: dict[str, Callable[[Any], object]] = {
    "int": _to_int,
    "double": _to_double,
    "bool": _to_bool,
    "string": _to_string,
    "list": _to_list,
    "object": _to_object,
}

TYPES = (*_CONVERSIONS, "image", "secret", "prompt_template", "file_path", "assistant_definition")
"""Every type name that a flow's input may have."""

_NAMES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "bool"),
    (int, "int"),
    (float, "double"),
    (str, "string"),
    ((list, tuple), "list"),
)


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
