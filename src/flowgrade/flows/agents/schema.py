"""JSON Schemas of Python annotations: how a model learns what a tool takes."""

from __future__ import annotations

import enum
import inspect
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
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
from flowgrade.records import Json, JsonObject, dumps

_PLAIN: dict[Any, JsonObject] = {
    Any: {},
    object: {},
    None: {"type": "null"},
    type(None): {"type": "null"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    **{kind: {"type": "string", "format": form} for kind, form in TEXTS.items()},
}
_JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


class Schemas:
    """Writes schemas; a dataclass or TypedDict is written once, into ``definitions``."""

    def __init__(self) -> None:
        self.definitions: JsonObject = {}
        self._names: dict[Any, str] = {}

    def of(self, annotation: Any) -> JsonObject:
        """The schema of ``annotation``; raises TypeError for a type that JSON has no form for."""
        origin = get_origin(annotation)
        if origin is Annotated:
            return self._annotated(annotation)
        if origin in (Required, NotRequired):
            return self.of(get_args(annotation)[0])
        if origin is Literal:
            return _choice(get_args(annotation))
        if origin in (Union, types.UnionType):
            return self._union(get_args(annotation))
        if isinstance(annotation, str):
            raise TypeError(f"the name '{annotation}' is not known where the function stands")
        if origin is not None:
            return self._container(origin, get_args(annotation))
        return self._class(annotation)

    def object_of(
        self, properties: Mapping[str, JsonObject], required: Iterable[str]
    ) -> JsonObject:
        """The schema of an object with these properties and no others."""
        return {
            "type": "object",
            "properties": dict(properties),
            "required": list(required),
            "additionalProperties": False,
        }

    def _class(self, annotation: Any) -> JsonObject:
        try:
            plain = _PLAIN.get(annotation)
        except TypeError:  # not hashable, so no type
            plain = None
        if plain is not None:
            return dict(plain)
        if not inspect.isclass(annotation):
            raise TypeError(f"{annotation!r} is not a type")
        if issubclass(annotation, enum.Enum):
            return _choice([member.value for member in annotation])
        if is_dataclass(annotation) or is_typeddict(annotation):
            return self._named(annotation, self._fields)
        if hasattr(annotation, "model_json_schema"):  # pydantic's classes say it themselves
            return self._named(annotation, self._own)
        return self._container(annotation, ())

    def _container(self, origin: Any, arguments: tuple[Any, ...]) -> JsonObject:
        if origin is tuple and arguments and arguments[-1] is not ...:
            items = [self.of(argument) for argument in arguments]
            return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
        if origin in LISTS or origin in SETS:
            unique: JsonObject = {"uniqueItems": True} if origin in SETS else {}
            return {"type": "array", "items": self._item(arguments, 0), **unique}
        if origin in MAPPINGS:
            if arguments and arguments[0] not in (str, Any):
                raise TypeError("the keys of a mapping must be str")
            return {"type": "object", "additionalProperties": self._item(arguments, 1)}
        raise TypeError(f"{getattr(origin, '__name__', origin)} has no form in JSON")

    def _item(self, arguments: tuple[Any, ...], position: int) -> JsonObject:
        return self.of(arguments[position]) if len(arguments) > position else {}

    def _annotated(self, annotation: Any) -> JsonObject:
        inner, *notes = get_args(annotation)
        schema = self.of(inner)
        texts = [note for note in notes if isinstance(note, str)]
        return {**schema, "description": texts[0]} if texts else schema

    def _union(self, members: tuple[Any, ...]) -> JsonObject:
        return {"anyOf": [self.of(member) for member in members]}

    def _named(self, kind: Any, write: Callable[[Any], JsonObject]) -> JsonObject:
        name = self._names.get(kind)
        if name is None:
            taken = [n for n in self.definitions if n.rstrip("0123456789") == kind.__name__]
            name = f"{kind.__name__}{len(taken) + 1}" if taken else kind.__name__
            self._names[kind] = name
            self.definitions[name] = {}  # its place, should the class hold itself
            self.definitions[name] = write(kind)
        return {"$ref": f"#/$defs/{name}"}

    def _fields(self, kind: Any) -> JsonObject:
        hints = get_type_hints(kind, include_extras=True)
        if is_typeddict(kind):
            # Where annotations are texts, __required_keys__ has what is NotRequired too.
            required = [
                name
                for name, hint in hints.items()
                if get_origin(hint) is Required
                or (name in kind.__required_keys__ and get_origin(hint) is not NotRequired)
            ]
            return self.object_of({n: self.of(hint) for n, hint in hints.items()}, required)
        properties: dict[str, JsonObject] = {}
        needed = []
        for field in fields(kind):
            if not field.init:
                continue
            properties[field.name] = with_default(self.of(hints[field.name]), field.default)
            if field.default is MISSING and field.default_factory is MISSING:
                needed.append(field.name)
        return self.object_of(properties, needed)

    def _own(self, kind: Any) -> JsonObject:
        schema: JsonObject = kind.model_json_schema()
        for name, definition in schema.pop("$defs", {}).items():
            self.definitions.setdefault(name, definition)
        return schema


def with_default(schema: JsonObject, default: Any) -> JsonObject:
    """``schema`` with the default that JSON can say; without one if it cannot."""
    if default in _NO_DEFAULT:
        return schema
    value = default.value if isinstance(default, enum.Enum) else default
    try:
        dumps(value)
    except TypeError:
        return schema
    return {**schema, "default": value}


class _NoDefault:
    """Equal to the marks of an absent default, by identity: a default may not be hashable."""

    def __contains__(self, value: object) -> bool:
        return value is MISSING or value is inspect.Parameter.empty


_NO_DEFAULT = _NoDefault()


def _choice(values: Iterable[Json]) -> JsonObject:
    found = [value.value if isinstance(value, enum.Enum) else value for value in values]
    kinds = {_JSON_TYPES.get(type(value)) for value in found}
    if None in kinds:
        raise TypeError("a choice must be among texts, numbers, true, false and null")
    kind = kinds.pop() if len(kinds) == 1 else None
    return {"type": kind, "enum": found} if kind else {"enum": found}
