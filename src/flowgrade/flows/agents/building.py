"""Make Python values of the JSON that a model gave, by a function's annotations."""

from __future__ import annotations

import collections.abc as abc
import datetime
import enum
import inspect
import types
from dataclasses import fields, is_dataclass
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from flowgrade.flows.agents.forms import LISTS, MAPPINGS, SETS, TEXTS
from flowgrade.records import Json

_WRAPPERS = (Annotated, Required, NotRequired)
_COLLECTIONS: dict[Any, Any] = {
    tuple: tuple,
    set: set,
    abc.Set: set,
    frozenset: frozenset,
}
_DATES = (datetime.datetime, datetime.date, datetime.time)


def build(value: Json, annotation: Any) -> Any:
    """``value`` as what ``annotation`` says; raises TypeError or ValueError when it is not that.

    A number becomes a float, a choice its Enum member, an object its dataclass, a text a date.
    """
    origin = get_origin(annotation)
    if origin in _WRAPPERS:
        return build(value, get_args(annotation)[0])
    if annotation in (Any, object) or origin is Literal:
        return value
    if origin in (Union, types.UnionType):
        return _member(value, get_args(annotation))
    if annotation in (None, type(None)):
        return _same(value, type(None))
    if annotation is float:
        return float(_same(value, (int, float)))
    if annotation in (str, int, bool):
        return _same(value, annotation)
    if annotation in TEXTS:
        return _text(_same(value, str), annotation)
    if origin is None and inspect.isclass(annotation):
        return _class(value, annotation)
    return _container(value, origin, get_args(annotation))


def _class(value: Json, kind: Any) -> Any:
    if issubclass(kind, enum.Enum):
        return kind(value)
    if hasattr(kind, "model_validate"):
        return kind.model_validate(value)
    if is_dataclass(kind):
        return _dataclass(_same(value, dict), kind)
    if is_typeddict(kind):
        hints = get_type_hints(kind, include_extras=True)
        return {n: build(v, hints[n]) for n, v in _same(value, dict).items() if n in hints}
    return _container(value, kind, ())


def _dataclass(given: dict[str, Json], kind: Any) -> Any:
    hints = get_type_hints(kind, include_extras=True)
    names = {field.name for field in fields(kind) if field.init}
    return kind(**{n: build(v, hints[n]) for n, v in given.items() if n in names})


def _container(value: Json, origin: Any, arguments: tuple[Any, ...]) -> Any:
    if origin is tuple and arguments and arguments[-1] is not ...:
        parts = _same(value, list)
        return tuple(build(part, kind) for part, kind in zip(parts, arguments, strict=True))
    if origin in LISTS or origin in SETS:
        items = [build(part, arguments[0] if arguments else Any) for part in _same(value, list)]
        return _COLLECTIONS.get(origin, list)(items)
    if origin in MAPPINGS:
        kind = arguments[1] if len(arguments) > 1 else Any
        return {name: build(part, kind) for name, part in _same(value, dict).items()}
    return value


def _member(value: Json, members: tuple[Any, ...]) -> Any:
    # What fits as it is comes first: for int | float, 1 stays an int.
    for member in sorted(members, key=lambda kind: kind is not type(value)):
        try:
            return build(value, member)
        except (TypeError, ValueError):
            continue
    raise TypeError(f"{value!r} is none of {', '.join(map(str, members))}")


def _text(value: str, kind: Any) -> Any:
    return kind.fromisoformat(value) if kind in _DATES else kind(value)


def _same(value: Json, kind: Any) -> Any:
    # JSON's true is no number, though Python's is.
    if isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool):
        return value
    raise TypeError(f"{value!r} is no {getattr(kind, '__name__', 'number')}")
