"""Signatures of Python functions become what a model is told, and its JSON their arguments."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NotRequired, Optional, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from flowgrade.errors import FlowDefinitionError
from flowgrade.flows.agents.building import build
from flowgrade.flows.agents.docstring import describe
from flowgrade.flows.agents.function_tool import function_tool
from flowgrade.flows.agents.schema import Schemas


class Unit(enum.Enum):
    CELSIUS = "celsius"
    FAHRENHEIT = "fahrenheit"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Place:
    city: str
    zip: int | None = None
    tags: list[str] = field(default_factory=list)


@dataclass
class Tree:
    name: str
    parts: list[Tree] = field(default_factory=list)


class Options(TypedDict):
    fast: bool
    note: NotRequired[str]


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (str, {"type": "string"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (None, {"type": "null"}),
        (Any, {}),
        (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (Optional[str], {"anyOf": [{"type": "string"}, {"type": "null"}]}),  # noqa: UP045
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal["a", 1], {"enum": ["a", 1]}),
        (Unit, {"type": "string", "enum": ["celsius", "fahrenheit"]}),
        (Level, {"type": "integer", "enum": [1, 2]}),
        (list, {"type": "array", "items": {}}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (Sequence[str], {"type": "array", "items": {"type": "string"}}),
        (set[str], {"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
        (dict[str, float], {"type": "object", "additionalProperties": {"type": "number"}}),
        (dict[str, Any], {"type": "object", "additionalProperties": {}}),
        (datetime.date, {"type": "string", "format": "date"}),
        (Annotated[int, "How many."], {"type": "integer", "description": "How many."}),
    ],
)
def test_an_annotation_has_its_schema(annotation: Any, schema: dict[str, Any]) -> None:
    assert Schemas().of(annotation) == schema


def test_classes_are_written_once_and_may_hold_themselves() -> None:
    schemas = Schemas()
    assert schemas.of(list[Tree]) == {"type": "array", "items": {"$ref": "#/$defs/Tree"}}
    assert schemas.of(Tree) == {"$ref": "#/$defs/Tree"}
    tree = schemas.definitions["Tree"]
    assert tree["properties"]["parts"] == {"type": "array", "items": {"$ref": "#/$defs/Tree"}}
    assert (tree["required"], tree["additionalProperties"]) == (["name"], False)


def test_what_a_typed_dict_need_not_have_is_not_required() -> None:
    schemas = Schemas()
    schemas.of(Options)
    assert schemas.definitions["Options"]["required"] == ["fast"]


@pytest.mark.parametrize("annotation", [bytes, object(), dict[int, str], type(len), complex])
def test_what_json_has_no_form_for_is_refused(annotation: Any) -> None:
    with pytest.raises(TypeError):
        Schemas().of(annotation)


@pytest.mark.parametrize(
    ("value", "annotation", "built"),
    [
        (3, float, 3.0),
        ("celsius", Unit, Unit.CELSIUS),
        (2, Level, Level.HIGH),
        ({"city": "Oslo", "tags": ["a"]}, Place, Place("Oslo", None, ["a"])),
        ({"name": "a", "parts": [{"name": "b"}]}, Tree, Tree("a", [Tree("b")])),
        ({"fast": True}, Options, {"fast": True}),
        ([1, 2], set[int], {1, 2}),
        ([1, "a"], tuple[int, str], (1, "a")),
        ([1, 2], tuple[int, ...], (1, 2)),
        ("2026-01-31", datetime.date, datetime.date(2026, 1, 31)),
        (None, Place | None, None),
        (1, int | float, 1),
        ([{"city": "Oslo"}], list[Place | str], [Place("Oslo")]),
        ({"a": {"city": "Oslo"}}, dict[str, Place], {"a": Place("Oslo")}),
        (["x"], frozenset[str], frozenset({"x"})),
    ],
)
def test_json_becomes_what_the_annotation_says(value: Any, annotation: Any, built: Any) -> None:
    found = build(value, annotation)
    assert found == built
    assert type(found) is type(built)


@pytest.mark.parametrize(
    ("value", "annotation"),
    [(True, int), ("3", int), (3, str), ("kelvin", Unit), ({}, Place), ([1], list[str])],
)
def test_json_of_another_type_is_refused(value: Any, annotation: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        build(value, annotation)


_KINDS: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(),
    str: st.text(),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
}


@given(st.data())
def test_what_fits_a_schema_can_be_built_and_nothing_is_lost(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(list(_KINDS)))
    other = data.draw(st.sampled_from(list(_KINDS)))
    annotation = dict[str, list[kind | other]]  # type: ignore[valid-type]
    value = data.draw(st.dictionaries(st.text(), st.lists(_KINDS[kind])))
    Draft202012Validator(Schemas().of(annotation)).validate(value)
    assert build(value, annotation) == value


def google(city: str, days: int = 1, **_: Any) -> str:
    """Forecast the weather.

    It may be wrong.

    Args:
        city (str): Where it
            is asked for.
        days: How many: at most ten.

    Returns:
        str: A text.
    """
    return f"{city}{days}"


def numpy_style(city: str, days: int = 1) -> str:
    """Forecast the weather.

    It may be wrong.

    Parameters
    ----------
    city : str
        Where it
        is asked for.
    days : int, optional
        How many: at most ten.

    Returns
    -------
    str
        A text.
    """
    return f"{city}{days}"


def sphinx(city: str, days: int = 1) -> str:
    """Forecast the weather.

    It may be wrong.

    :param str city: Where it
        is asked for.
    :param days: How many: at most ten.
    :returns: A text.
    """
    return f"{city}{days}"


@pytest.mark.parametrize("function", [google, numpy_style, sphinx])
def test_docstrings_of_three_styles_describe_function_and_parameters(function: Any) -> None:
    said = describe(function)
    assert said.text == "Forecast the weather.\n\nIt may be wrong."
    assert said.parameters == {
        "city": "Where it is asked for.",
        "days": "How many: at most ten.",
    }


def test_a_function_becomes_a_tool_with_all_that_it_says() -> None:
    definition = function_tool(google).definition["function"]
    assert definition["name"] == "google"
    assert definition["description"] == "Forecast the weather.\n\nIt may be wrong."
    assert definition["parameters"] == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Where it is asked for."},
            "days": {"type": "integer", "description": "How many: at most ten.", "default": 1},
        },
        "required": ["city"],
        "additionalProperties": False,
    }


def untyped(city, days: int = 1):  # type: ignore[no-untyped-def]
    return city


def test_a_parameter_without_a_type_is_refused_with_function_name_and_line() -> None:
    with pytest.raises(FlowDefinitionError) as caught:
        function_tool(untyped)
    assert "The parameter 'city' of the tool 'untyped' has no type" in caught.value.message
    assert caught.value.place is not None
    assert caught.value.place.file == __file__
    assert caught.value.place.line == untyped.__code__.co_firstlineno


def of_bytes(data: bytes) -> str:
    return str(data)


def test_a_type_without_a_form_in_json_is_refused_with_its_parameter() -> None:
    with pytest.raises(FlowDefinitionError, match="'data' of the tool 'of_bytes'.*bytes"):
        function_tool(of_bytes)
