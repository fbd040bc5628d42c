"""What a YAML file of settings may hold, said once: the reader and the JSON Schema follow from it.

A shape checks a value and describes it. ``Fields`` has keys of its own, ``Named`` any names; the
others are values. A key whose value is null counts as absent.

This module is not behind the room's door: most commands never need it, and it takes some
milliseconds to load.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import NoReturn, Protocol

from flowgrade.errors import Place, SettingsError
from flowgrade.records import Json, JsonObject, Record, field
from flowgrade.settings.files import Path, place_in

_DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"


class Spot(Record, kw_only=False):
    """Where in a file a value stands."""

    file: str
    lines: Mapping[Path, int]
    path: Path = ()

    def below(self, key: str | int) -> Spot:
        """The spot of a part of this value."""
        return Spot(self.file, self.lines, (*self.path, key))

    @property
    def place(self) -> Place:
        """File and line; the line of what it is part of where it has none itself."""
        return place_in(self.file, self.lines, self.path)

    def refuse(self, complaint: str, hint: str | None = None) -> NoReturn:
        """Raise SettingsError for the value here; ``complaint`` goes on after its name."""
        name = ".".join(map(str, self.path))
        text = f"'{name}' {complaint}" if name else f"It {complaint}"
        raise SettingsError(text, hint=hint, place=self.place)


class Shape(Protocol):
    """What a value must be."""

    @property
    def help(self) -> str:
        """What the value sets; empty where it needs no words."""
        ...

    def check(self, value: Json, spot: Spot) -> None:
        """Raise SettingsError with the place when ``value`` is not of this shape."""
        ...

    def schema(self) -> JsonObject:
        """The same as JSON Schema (draft 2020-12)."""
        ...


class Text(Record, kw_only=False):
    """A text, perhaps one of a few or of a certain form."""

    help: str = ""
    choices: tuple[str, ...] = ()
    pattern: str = ""
    form: str = ""
    """The pattern in words, for the message."""

    def check(self, value: Json, spot: Spot) -> None:
        """Raise SettingsError when ``value`` is no such text."""
        if not isinstance(value, str):
            spot.refuse("must be a text.", "Put it in quotes." if value is not None else None)
        if self.choices and value not in self.choices:
            near = get_close_matches(value, self.choices, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"One of: {', '.join(self.choices)}."
            spot.refuse(f"cannot be '{value}'.", hint)
        if self.pattern and not re.fullmatch(self.pattern, value):
            spot.refuse(f"is '{value}', which is not {self.form}.")

    def schema(self) -> JsonObject:
        """The same as JSON Schema."""
        found: JsonObject = {"type": "string", **_described(self.help)}
        if self.choices:
            found["enum"] = list(self.choices)
        if self.pattern:
            found["pattern"] = f"^(?:{self.pattern})$"
        return found


def day(help: str = "") -> Text:
    """A date such as 2027-01-31."""
    return Text(help, pattern=_DAY, form="a date such as 2027-01-31")


class Number(Record, kw_only=False):
    """A number from ``least`` to ``most``."""

    help: str = ""
    least: float = 0
    most: float = 1e12
    whole: bool = False

    def check(self, value: Json, spot: Spot) -> None:
        """Raise SettingsError when ``value`` is no such number."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            spot.refuse("must be a number.")
        if not self.least <= value <= self.most:
            spot.refuse(f"must be from {self.least:g} to {self.most:g}.")
        if self.whole and value != int(value):
            spot.refuse("must be a whole number.")

    def schema(self) -> JsonObject:
        """The same as JSON Schema."""
        kind = "integer" if self.whole else "number"
        return {
            "type": kind,
            "minimum": self.least,
            "maximum": self.most,
            **_described(self.help),
        }


class Flag(Record, kw_only=False):
    """Yes or no."""

    help: str = ""

    def check(self, value: Json, spot: Spot) -> None:
        """Raise SettingsError when ``value`` is neither true nor false."""
        if not isinstance(value, bool):
            spot.refuse("must be true or false.")

    def schema(self) -> JsonObject:
        """The same as JSON Schema."""
        return {"type": "boolean", **_described(self.help)}


class Items(Record, kw_only=False):
    """A list."""

    of: Shape
    help: str = ""

    def check(self, value: Json, spot: Spot) -> None:
        """Raise SettingsError when ``value`` is no list or one of its items is wrong."""
        if not isinstance(value, list):
            spot.refuse("must be a list.", "Write it as [a, b].")
        for index, item in enumerate(value):
            self.of.check(item, spot.below(index))

    def schema(self) -> JsonObject:
        """The same as JSON Schema."""
        return {"type": "array", "items": self.of.schema(), **_described(self.help)}


class OneOrMany(Record, kw_only=False):
    """A value, or a list of such values."""

    of: Shape
    help: str = ""

    def check(self, value: Json, spot: Spot) -> None:
        """Raise SettingsError when ``value`` is neither."""
        if isinstance(value, list):
            Items(self.of).check(value, spot)
        else:
            self.of.check(value, spot)

    def schema(self) -> JsonObject:
        """The same as JSON Schema."""
        one = self.of.schema()
        return {"anyOf": [one, {"type": "array", "items": one}], **_described(self.help)}


class Anything(Record, kw_only=False):
    """A mapping of names to any values."""

    help: str = ""

    def check(self, value: Json, spot: Spot) -> None:
        """Raise SettingsError when ``value`` is no mapping with names."""
        _mapping(value, spot)

    def schema(self) -> JsonObject:
        """The same as JSON Schema."""
        return {"type": "object", **_described(self.help)}


class Named(Record, kw_only=False):
    """A mapping of names that the user chooses."""

    of: Shape
    help: str = ""
    pattern: str = r".+"
    form: str = "a name"

    def check(self, value: Json, spot: Spot) -> None:
        """Raise SettingsError when ``value`` is no mapping or a part of it is wrong."""
        for name, part in _mapping(value, spot).items():
            below = spot.below(name)
            if not re.fullmatch(self.pattern, name):
                below.refuse(f"is named '{name}', which is not {self.form}.")
            self.of.check(part, below)

    def schema(self) -> JsonObject:
        """The same as JSON Schema."""
        return {
            "type": "object",
            "propertyNames": {"pattern": f"^(?:{self.pattern})$"},
            "additionalProperties": self.of.schema(),
            **_described(self.help),
        }


class Fields(Record, kw_only=False):
    """A mapping with keys of its own."""

    keys: Mapping[str, Shape]
    help: str = ""
    needs: tuple[str, ...] = ()
    what: str = "setting"
    """What a key is, for the message."""

    def check(self, value: Json, spot: Spot) -> None:
        """Raise SettingsError when ``value`` has a key too many, too few, or one that is wrong."""
        given = _mapping(value, spot)
        for key, part in given.items():
            shape = self.keys.get(key)
            if shape is None:
                self._unknown(key, spot.below(key))
            elif part is not None:
                shape.check(part, spot.below(key))
        for key in self.needs:
            if given.get(key) is None:
                spot.refuse(f"lacks '{key}'.", self.keys[key].help or None)

    def _unknown(self, key: str, spot: Spot) -> NoReturn:
        near = get_close_matches(key, self.keys, n=1)
        raise SettingsError(
            f"There is no {self.what} '{key}'.",
            hint=f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(self.keys)}.",
            place=spot.place,
        )

    def schema(self) -> JsonObject:
        """The same as JSON Schema."""
        return {
            "type": "object",
            "properties": {
                key: shape.schema() if key in self.needs else _or_null(shape)
                for key, shape in self.keys.items()
            },
            "additionalProperties": False,
            "required": list(self.needs),
            **_described(self.help),
        }


class Short(Record, kw_only=False):
    """A text, or written out as a mapping."""

    text: Text
    long: Fields
    help: str = field(default="")

    def check(self, value: Json, spot: Spot) -> None:
        """Raise SettingsError when ``value`` is neither."""
        if isinstance(value, dict):
            self.long.check(value, spot)
        elif isinstance(value, str):
            self.text.check(value, spot)
        else:
            spot.refuse(f"must be a text or a mapping with '{self.long.needs[0]}'.")

    def schema(self) -> JsonObject:
        """The same as JSON Schema."""
        return {"anyOf": [self.text.schema(), self.long.schema()], **_described(self.help)}


def json_schema(shape: Shape, *, title: str) -> JsonObject:
    """The whole schema of a file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        # A file with nothing in it is a file without settings.
        "anyOf": [shape.schema(), {"type": "null"}],
    }


def _or_null(shape: Shape) -> JsonObject:
    return {"anyOf": [shape.schema(), {"type": "null"}], **_described(shape.help)}


def _mapping(value: Json, spot: Spot) -> JsonObject:
    if not isinstance(value, dict):
        spot.refuse("must be a mapping." if spot.path else "is not a mapping.")
    for key in value:
        if not isinstance(key, str):
            spot.below(key).refuse("is a key that is no text.", "Put it in quotes.")
    return value


def _described(text: str) -> JsonObject:
    return {"description": text} if text else {}
