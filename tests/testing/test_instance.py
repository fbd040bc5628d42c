"""The smallest instance of a JSON Schema is valid."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from flowgrade.testing.stub.instance import named_properties, smallest_instance
from flowgrade.testing.stub.refusal import StubRefusal


class Colour(Enum):
    RED = "red"


class Node(BaseModel):
    children: list[Node]
    next: Node | None
    pair: tuple[int, str]


class Everything(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=6, max_length=8)]
    colour: Colour
    fixed: Literal["yes"]
    count: Annotated[int, Field(gt=3, lt=5)]
    share: Annotated[float, Field(gt=0, lt=1)]
    negative: Annotated[int, Field(lt=-2)]
    fives: Annotated[int, Field(ge=7, multiple_of=5)]
    flag: bool
    day: date
    moment: datetime
    identity: UUID
    table: dict[str, int]
    several: Annotated[list[int], Field(min_length=2)]
    node: Node
    choice: int | str
    nothing: None
    optional: str = "default"


def test_it_fits_a_model_with_every_kind_of_field() -> None:
    made = Everything.model_validate(smallest_instance(Everything.model_json_schema()))
    assert made.fixed == "yes"
    assert made.several == [0, 0]
    assert made.optional == "default"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (True, "stub"),
        ({"const": 5}, 5),
        ({"enum": ["a", "b"]}, "a"),
        ({"type": "string", "default": "d"}, "d"),
        ({"type": ["null", "integer"]}, 0),
        ({"type": "array", "items": {"type": "boolean"}, "maxItems": 0}, []),
        ({"type": "object", "properties": {"a": {"type": "null"}}}, {}),
        (
            {
                "allOf": [
                    {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]},
                    {"$ref": "#/$defs/b~1c"},
                ],
                "$defs": {"b/c": {"properties": {"b": {"const": 2}}, "required": ["b"]}},
            },
            {"a": 1, "b": 2},
        ),
    ],
)
def test_each_keyword_has_its_plainest_value(schema: Any, value: object) -> None:
    assert smallest_instance(schema) == value


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        {"$ref": "other.json"},
        {"$ref": "#/$defs/absent"},
        {"type": "integer", "minimum": 1.2, "maximum": 1.8},
        {"type": "integer", "minimum": "one"},
        {"type": "object", "required": 5},
    ],
)
def test_a_schema_without_a_finite_value_is_refused(schema: Any) -> None:
    with pytest.raises(StubRefusal, match="response_format cannot be used"):
        smallest_instance(schema)


@given(low=st.integers(-1000, 1000), width=st.integers(0, 50), whole=st.booleans())
def test_numbers_lie_within_their_bounds(low: int, width: int, whole: bool) -> None:
    kind = "integer" if whole else "number"
    value = smallest_instance({"type": kind, "minimum": low, "maximum": low + width})
    assert low <= value <= low + width


def test_the_names_of_properties_are_found_through_references() -> None:
    assert named_properties({"$ref": "#/$defs/a", "$defs": {"a": {"properties": {"x": True}}}}) == {
        "x"
    }
