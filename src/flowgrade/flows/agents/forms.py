"""The Python types that JSON's lists, objects and texts can stand for."""

from __future__ import annotations

import collections.abc as abc
import datetime
import decimal
import pathlib
import uuid
from typing import Any, Final

LISTS: Final = frozenset({list, tuple, abc.Sequence, abc.Iterable, abc.Collection})
SETS: Final = frozenset({set, frozenset, abc.Set})
MAPPINGS: Final = frozenset({dict, abc.Mapping, abc.MutableMapping})
TEXTS: Final[dict[Any, str]] = {
    datetime.datetime: "date-time",
    datetime.date: "date",
    datetime.time: "time",
    uuid.UUID: "uuid",
    decimal.Decimal: "decimal",
    pathlib.Path: "path",
}
"""Types written as a text, with JSON Schema's word for its form or a plain one."""
