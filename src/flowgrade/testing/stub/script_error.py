"""What is wrong with a stub script, and the checks that find it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite

from flowgrade.errors import InputError, Place
from flowgrade.records import Record, replace


class StubScriptError(InputError):
    """The stub's script cannot be used."""

    def __init__(
        self, field: str, problem: str, *, hint: str | None = None, place: Place | None = None
    ) -> None:
        self.field = field
        self.problem = problem
        message = f"Stub script: {field} {problem}" if field else f"Stub script: {problem}"
        super().__init__(message, hint=hint, place=place)

    def at(self, field: str) -> StubScriptError:
        """The same error, seen from the enclosing ``field``."""
        inner = f".{self.field}" if self.field else ""
        return StubScriptError(field + inner, self.problem, hint=self.hint)

    def placed(self, place: Place) -> StubScriptError:
        """The same error with the place in the user's file."""
        return StubScriptError(self.field, self.problem, hint=self.hint, place=place)


class Check(Record, kw_only=False):
    """A condition on a field's value and its wording: "must be <expected>"."""

    holds: Callable[[object], bool]
    expected: str
    optional: bool = False
    secret: bool = False

    def or_none(self) -> Check:
        """The same check that lets None pass."""
        return replace(self, optional=True)


def check_fields(record: object, checks: Mapping[str, Check]) -> None:
    """Raise StubScriptError for the first field of ``record`` that fails its check."""
    for name, check in checks.items():
        value = getattr(record, name)
        if (value is None and check.optional) or (value is not None and check.holds(value)):
            continue
        shown = type(value).__name__ if check.secret else _shortened(repr(value))
        raise StubScriptError(name, f"must be {check.expected}, not {shown}")


def is_number(value: object) -> bool:
    """A finite number, but no boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def is_whole(value: object) -> bool:
    """An integer, but no boolean."""
    return isinstance(value, int) and not isinstance(value, bool)


def at_least(least: float) -> Callable[[object], bool]:
    """A finite number not below ``least``."""
    return lambda value: isinstance(value, int | float) and is_number(value) and value >= least


def is_texts(value: object) -> bool:
    """A list of texts."""
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def is_vector(value: object) -> bool:
    """A list of at least one number."""
    return isinstance(value, list | tuple) and bool(value) and all(map(is_number, value))


def is_pattern(value: object) -> bool:
    """A regular expression."""
    if not isinstance(value, str):
        return False
    try:
        re.compile(value)
    except re.error:
        return False
    return True


def is_mapping(value: object) -> bool:
    """A mapping whose keys are texts."""
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def _whole_from(least: int) -> Callable[[object], bool]:
    holds = at_least(least)
    return lambda value: is_whole(value) and holds(value)


COUNT = Check(_whole_from(0), "a whole number, 0 or more")
POSITIVE_COUNT = Check(_whole_from(1), "a whole number, 1 or more")
MAPPING = Check(is_mapping, "a mapping with text keys")
PATTERN = Check(is_pattern, "a regular expression")
SECONDS = Check(at_least(0), "a number of seconds, 0 or more")
SHARE = Check(
    lambda value: isinstance(value, int | float) and 0 <= value <= 1, "a share from 0 to 1"
)
TEXT = Check(lambda value: isinstance(value, str), "a text")
KEY = Check(lambda value: isinstance(value, str), "a text", secret=True)
TEXTS = Check(is_texts, "a list of texts")
VECTOR = Check(is_vector, "a list of numbers")
WHOLE = Check(is_whole, "a whole number")
FAULT_STATUS = Check(
    lambda value: isinstance(value, int) and 400 <= value <= 599, "an HTTP status from 400 to 599"
)
