"""Record: the base of everything that is frozen and typed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

import msgspec
from msgspec import field as field

_R = TypeVar("_R", bound="Record")

if TYPE_CHECKING:

    @dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
    class Record:
        """A frozen class whose annotated names are its fields, compared by value.

        ``kw_only=False`` takes them by position too. ``hide`` names those that ``repr`` leaves
        out, as secrets and what is long. ``dict=True`` makes room for cached properties.
        """

        __struct_fields__: tuple[str, ...]

        def __init_subclass__(
            cls, *, kw_only: bool = True, hide: tuple[str, ...] = (), dict: bool = False
        ) -> None: ...

else:

    class _RecordMeta(msgspec.StructMeta):
        # msgspec makes a class and an instance in a tenth of the time that a frozen dataclass
        # takes: docs/why/records.md.
        def __new__(cls, name, bases, namespace, *, hide=(), **options):
            if hide:
                namespace["__repr__"], namespace["__rich_repr__"] = _shown_without(hide)
            options = {"frozen": True, "kw_only": True, **options}
            return super().__new__(cls, name, bases, namespace, **options)

    class Record(msgspec.Struct, metaclass=_RecordMeta):
        """A frozen class whose annotated names are its fields, compared by value.

        ``kw_only=False`` takes them by position too. ``hide`` names those that ``repr`` leaves
        out, as secrets and what is long. ``dict=True`` makes room for cached properties.
        """


def fields_of(record: Record | type[Record]) -> tuple[str, ...]:
    """The names of its fields, in order."""
    return record.__struct_fields__


def is_record(value: object) -> bool:
    """Whether ``value`` has named fields: a record, a struct of msgspec or a dataclass."""
    return isinstance(value, msgspec.Struct) or hasattr(type(value), "__dataclass_fields__")


def replace(record: _R, **changes: Any) -> _R:
    """A copy with other values in some fields; raises TypeError for a field it has not."""
    return msgspec.structs.replace(record, **changes)  # type: ignore[type-var]


def shallow(record: Any) -> dict[str, Any]:
    """Its fields by name, each value as it is; of a struct or a dataclass too."""
    is_struct = isinstance(record, msgspec.Struct)
    names = record.__struct_fields__ if is_struct else type(record).__dataclass_fields__
    return {name: getattr(record, name) for name in names}


def as_dict(record: Any) -> dict[str, Any]:
    """Its fields by name, with records within it as dictionaries too."""
    return {name: _deep(value) for name, value in shallow(record).items()}


def _deep(value: Any) -> Any:
    if is_record(value):
        return as_dict(value)
    if isinstance(value, dict):
        return {key: _deep(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_deep, value))
    return value


def _shown_without(hidden: tuple[str, ...]) -> tuple[Any, Any]:
    def shown(self: Record) -> Iterator[tuple[str, Any]]:
        return (
            (name, getattr(self, name)) for name in self.__struct_fields__ if name not in hidden
        )

    def __repr__(self: Record) -> str:
        parts = ", ".join(f"{name}={value!r}" for name, value in shown(self))
        return f"{type(self).__name__}({parts})"

    return __repr__, shown
