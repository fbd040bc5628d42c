"""Read a stub script from a file, a mapping or the options of a command."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from json import JSONDecodeError
from pathlib import Path
from typing import Any

import yaml

from flowgrade.errors import InputError, Place
from flowgrade.records import fields_of, loads, replace
from flowgrade.testing.stub.script import StubReply, StubScript, StubToolCall
from flowgrade.testing.stub.script_error import StubScriptError

_TEXT_OPTIONS = frozenset({"require_key", "content_filter_pattern", "retry_after_form"})


def read_script(path: str | Path) -> StubScript:
    """The script in a YAML or JSON file.

    Raises InputError for a file that cannot be read or is not YAML, and StubScriptError, with
    the file, line and field, for a field that is unknown or has a value that cannot be used.
    """
    file = str(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The stub script cannot be read: {error}", place=Place(file)) from error
    data = _decoded(text, file=file)
    try:
        return parse_script({} if data is None else data)
    except StubScriptError as error:
        raise error.placed(Place(file, _line_of(error.field, text))) from None


def parse_script(data: object) -> StubScript:
    """The script in a mapping as read from YAML or JSON; raises StubScriptError."""
    known = _known_fields(data, StubScript)
    if isinstance(known.get("replies"), list):
        known["replies"] = tuple(
            _reply(item, at=f"replies[{index}]") for index, item in enumerate(known["replies"])
        )
    return StubScript(**known)


def script_from_options(base: StubScript | None = None, **options: object) -> StubScript:
    """``base``, or the default script, changed by options of a command.

    An option that is None is left alone. A text is read as YAML, so that ``"0.2"`` is a number
    and ``"{uniform: [0.1, 0.3]}"`` a distribution; ``known_models`` may be separated by commas.
    Raises StubScriptError.
    """
    given = {name: _option(name, value) for name, value in options.items() if value is not None}
    known = _known_fields(given, StubScript)
    if isinstance(known.get("replies"), list):
        known["replies"] = parse_script({"replies": known["replies"]}).replies
    return replace(base or StubScript(), **known)


def _reply(data: object, *, at: str) -> StubReply:
    try:
        known = _known_fields(data, StubReply)
        if isinstance(known.get("tool_calls"), list):
            known["tool_calls"] = tuple(
                _tool_call(item, at=f"tool_calls[{index}]")
                for index, item in enumerate(known["tool_calls"])
            )
        return StubReply(**known)
    except StubScriptError as error:
        raise error.at(at) from None


def _tool_call(data: object, *, at: str) -> StubToolCall:
    try:
        known = _known_fields(data, StubToolCall)
        if "name" not in known:
            raise StubScriptError("name", "is missing")
        return StubToolCall(**known)
    except StubScriptError as error:
        raise error.at(at) from None


def _known_fields(
    data: object, kind: type[StubScript | StubReply | StubToolCall]
) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise StubScriptError("", f"expected a mapping, not {type(data).__name__}")
    names = fields_of(kind)
    for key in data:
        if key not in names:
            raise StubScriptError(str(key), "is unknown", hint=_suggestion(str(key), names))
    return dict(data)


def _suggestion(key: str, names: Iterable[str]) -> str:
    names = sorted(names)
    close = difflib.get_close_matches(key, names, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"Known fields: {', '.join(names)}."


def _option(name: str, value: object) -> object:
    if not isinstance(value, str) or name in _TEXT_OPTIONS:
        return value
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise StubScriptError(name, f"cannot be read as YAML: {value!r}") from error
    if name == "known_models" and isinstance(parsed, str):
        return [model.strip() for model in parsed.split(",") if model.strip()]
    return parsed


def _decoded(text: str, *, file: str) -> object:
    if file.endswith(".json"):
        return _decoded_json(text, file=file)
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        problem = getattr(error, "problem", None) or "it is not YAML"
        raise InputError(f"The stub script cannot be read: {problem}", place=place) from error


def _decoded_json(text: str, *, file: str) -> object:
    try:
        return loads(text) if text.strip() else None
    except JSONDecodeError as error:
        place = Place(file, error.lineno, error.colno)
        raise InputError(f"The stub script cannot be read: {error.msg}", place=place) from error


def _line_of(field: str, text: str) -> int | None:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        # JSON may be indented by tabs, which YAML does not take: then the field has to do.
        return None
    line: int | None = None
    for part in field.replace("[", ".").replace("]", "").split("."):
        if isinstance(node, yaml.SequenceNode) and part.isdigit():
            node = node.value[int(part)]
            line = node.start_mark.line + 1
            continue
        entries = node.value if isinstance(node, yaml.MappingNode) else []
        pair = next((pair for pair in entries if pair[0].value == part), None)
        if pair is None:
            break
        node, line = pair[1], pair[0].start_mark.line + 1
    return line
