"""YAML text to JSON values, with places.

This module is not behind the room's door, so that ``flowgrade.records`` stays quick to import:
callers write ``from flowgrade.records.yaml import parse_yaml``.

YAML 1.2 rules hold, as in prompt flow: ``yes``, ``no``, ``on`` and ``off`` are strings, ``012``
is twelve. A date stays a string, because JSON has no dates. The events of the parser are read
rather than its trees, since its trees crash the process on deep nesting, expand aliases without
bound and forget duplicate keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import yaml

from flowgrade.errors import FlowDefinitionError, Place
from flowgrade.records.json import Json

Path: TypeAlias = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_DEPTH = 100
_MAX_ALIASED = 100_000

_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_INT = re.compile(r"[-+]?(?:0b[01][01_]*|0o[0-7][0-7_]*|0x[0-9a-fA-F][0-9a-fA-F_]*|[0-9][0-9_]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?\Z")
_BASES = {"0b": 2, "0o": 8, "0x": 16}
_TAG = "tag:yaml.org,2002:"
_TYPES: dict[str, tuple[type, ...]] = {
    "null": (type(None),),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
}


def parse_yaml(text: str, *, file: str) -> Json:
    """The one document of ``text``; None when it is empty.

    Raises FlowDefinitionError with file, line and column for a syntax error, a duplicate key, an
    unknown tag, nesting deeper than 100 levels and aliases that expand to over 100,000 values.
    """
    return _Reader(text, file, lines=None).document()


def parse_yaml_with_lines(text: str, *, file: str) -> tuple[Json, dict[Path, int]]:
    """The document and the line (from 1) of each value, by path.

    ``("nodes", 2, "inputs", "x")`` is the line of the key ``x``. What came in by an alias or a
    merge has no line of its own.
    """
    lines: dict[Path, int] = {}
    return _Reader(text, file, lines=lines).document(), lines


class _Reader:
    """Builds values from the event stream of one text."""

    def __init__(self, text: str, file: str, *, lines: dict[Path, int] | None) -> None:
        self.file = file
        self.lines = lines
        self.text = text.removeprefix("\ufeff")
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.aliased = 0

    def document(self) -> Json:
        try:
            return self._document(yaml.parse(self.text, Loader=_LOADER))
        except yaml.MarkedYAMLError as error:
            problem = error.problem or error.context or "it cannot be read"
            mark = error.problem_mark or error.context_mark
            hint = _hint(problem, self.text, mark)
            raise self._error(f"This is not valid YAML: {problem}.", mark, hint) from None
        except yaml.YAMLError as error:
            reason = str(error).splitlines()[0]
            raise self._error(f"This is not valid YAML: {reason}.", None) from None

    def _document(self, events: Iterator[Any]) -> Json:
        next(events)
        if isinstance(next(events), yaml.StreamEndEvent):
            return None
        value, _ = self._value(next(events), events, ())
        next(events)
        follower = next(events)
        if not isinstance(follower, yaml.StreamEndEvent):
            raise self._error("A second document begins here.", follower.start_mark)
        return value

    def _value(self, event: Any, events: Iterator[Any], path: Path) -> tuple[Any, int]:
        """The value that begins with ``event`` and the number of values in it."""
        if self.lines is not None:
            self.lines.setdefault(path, event.start_mark.line + 1)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if len(path) > _MAX_DEPTH:
            raise self._error(f"Nested deeper than {_MAX_DEPTH} levels.", event.start_mark)
        if isinstance(event, yaml.ScalarEvent):
            built: tuple[Any, int] = self._scalar(event), 1
        elif isinstance(event, yaml.SequenceStartEvent):
            built = self._sequence(event, events, path)
        else:
            built = self._mapping(event, events, path)
        if event.anchor:
            self.anchors[event.anchor] = built
        return built

    def _alias(self, event: Any) -> tuple[Any, int]:
        if event.anchor not in self.anchors:
            raise self._error(f"There is no anchor '&{event.anchor}' before.", event.start_mark)
        value, size = self.anchors[event.anchor]
        self.aliased += size
        if self.aliased > _MAX_ALIASED:
            raise self._error(
                f"The aliases expand to more than {_MAX_ALIASED:,} values.", event.start_mark
            )
        return _copied(value), size

    def _sequence(self, event: Any, events: Iterator[Any], path: Path) -> tuple[Any, int]:
        self._check_tag(event, "seq")
        items: list[Any] = []
        total = 1
        while not isinstance(item := next(events), yaml.SequenceEndEvent):
            value, size = self._value(item, events, (*path, len(items)))
            items.append(value)
            total += size
        return items, total

    def _mapping(self, event: Any, events: Iterator[Any], path: Path) -> tuple[Any, int]:
        self._check_tag(event, "map")
        found: dict[Any, Any] = {}
        merged: list[Any] = []
        total = 1
        while not isinstance(key_event := next(events), yaml.MappingEndEvent):
            if _is_merge(key_event):
                value, size = self._value(next(events), events, (*path, "<<"))
                merged += self._merged(value, key_event)
            else:
                key = self._key(key_event, found, path)
                value, size = self._value(next(events), events, (*path, key))
                found[key] = value
            total += size + 1
        for mapping in merged:
            for key, value in mapping.items():
                found.setdefault(key, value)
        return found, total

    def _key(self, event: Any, found: dict[Any, Any], path: Path) -> Any:
        key = self._key_value(event)
        if isinstance(key, dict | list):
            raise self._error("A key must be a word or a number.", event.start_mark)
        if key in found:
            raise self._error(f"The key '{key}' is here twice.", event.start_mark)
        if self.lines is not None:
            self.lines[*path, key] = event.start_mark.line + 1
        return key

    def _key_value(self, event: Any) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)[0]
        if not isinstance(event, yaml.ScalarEvent):
            return []
        key = self._scalar(event)
        if event.anchor:
            self.anchors[event.anchor] = key, 1
        return key

    def _merged(self, value: Any, event: Any) -> list[Any]:
        mappings = value if isinstance(value, list) else [value]
        if not all(isinstance(mapping, dict) for mapping in mappings):
            raise self._error("'<<' takes a mapping or a list of mappings.", event.start_mark)
        return mappings

    def _scalar(self, event: Any) -> Any:
        if event.tag is None or event.tag == "!":
            return _plain(event.value) if event.tag is None and event.implicit[0] else event.value
        kind = event.tag.removeprefix(_TAG)
        if kind == "str":
            return event.value
        value = _plain(event.value)
        fits = kind in _TYPES and isinstance(value, _TYPES[kind])
        if not fits:
            raise self._error(f"'{event.value}' cannot be read as {event.tag}.", event.start_mark)
        return float(value) if kind == "float" else value

    def _check_tag(self, event: Any, kind: str) -> None:
        if event.tag not in {None, "!", _TAG + kind}:
            raise self._error(f"The tag {event.tag} is not known here.", event.start_mark)

    def _error(self, message: str, mark: Any, hint: str | None = None) -> FlowDefinitionError:
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        return FlowDefinitionError(message, hint=hint, place=Place(self.file, line, column))


def _plain(text: str) -> Any:
    """An unquoted scalar by YAML 1.2 rules."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or len(text) > _MAX_DEPTH:
        return text
    if _INT.match(text):
        return _int(text.replace("_", ""))
    return float(text.replace("_", "")) if _FLOAT.match(text) else text


def _int(text: str) -> int:
    digits = text.lstrip("+-")
    number = int(digits[2:], _BASES[digits[:2]]) if digits[:2] in _BASES else int(digits)
    return -number if text[0] == "-" else number


def _is_merge(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _hint(problem: str, text: str, mark: Any) -> str | None:
    lines = text.split("\n")
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if line[mark.column if mark else 0 :].startswith("\t"):
        return "Indent with spaces, not tabs."
    if "mapping values are not allowed" in problem:
        return "Put quotes round a value that holds a colon followed by a space."
    if "cannot start any token" in problem:
        return "Put quotes round a value that begins with this character."
    return None
