"""What every record does."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import msgspec
import pytest

from flowgrade.records import (
    Record,
    as_dict,
    dumps,
    dumps_any,
    field,
    fields_of,
    is_record,
    replace,
    shallow,
)


class Point(Record):
    """A place with labels."""

    x: int
    y: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)


class Pair(Record, kw_only=False):
    """Two by position."""

    left: object
    right: object = None


class Key(Record, hide=("data",)):
    """Something secret."""

    name: str
    data: str


class Sum(Record, dict=True):
    """Adds up once."""

    parts: tuple[int, ...]

    @cached_property
    def total(self) -> int:
        """The sum."""
        return sum(self.parts)


@dataclass
class Old:
    """A dataclass, as users have them."""

    point: Point


class Foreign(msgspec.Struct):
    """A struct of somebody else."""

    size: int


def test_a_record_is_frozen_and_compared_by_value() -> None:
    point = Point(x=1)
    assert point == Point(x=1, y=0, labels={})
    assert point != Point(x=2)
    assert Pair(1, 2) == Pair(1, right=2)
    assert hash(Pair(1, 2)) == hash(Pair(1, 2))
    with pytest.raises(AttributeError):
        point.x = 3  # type: ignore[misc]


def test_fields_are_given_by_keyword_and_completely() -> None:
    with pytest.raises(TypeError, match="positional"):
        Point(1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'x'"):
        Point(y=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'z'"):
        Point(x=1, z=1)  # type: ignore[call-arg]


def test_what_is_hidden_is_in_no_picture_of_it() -> None:
    key = Key(name="k", data="s3cret")
    assert repr(key) == "Key(name='k')"
    assert list(key.__rich_repr__()) == [("name", "k")]  # type: ignore[attr-defined]
    assert key.data == "s3cret"


def test_a_copy_has_other_values_and_no_other_fields() -> None:
    assert replace(Point(x=1), y=5) == Point(x=1, y=5)
    with pytest.raises(TypeError, match="z"):
        replace(Point(x=1), z=5)


def test_a_record_goes_to_another_process_and_back() -> None:
    for record in (Point(x=1, labels={"a": "b"}), Pair(1, 2), Key(name="k", data="d")):
        assert pickle.loads(pickle.dumps(record)) == record
        assert copy.deepcopy(record) == record


def test_cached_properties_have_room_where_asked_for() -> None:
    found = Sum(parts=(1, 2))
    assert (found.total, found.total) == (3, 3)


def test_fields_come_out_by_name() -> None:
    assert fields_of(Point) == ("x", "y", "labels")
    nested = Pair(Point(x=1), [Pair(1)])
    assert shallow(nested) == {"left": Point(x=1), "right": [Pair(1)]}
    assert as_dict(nested) == {
        "left": {"x": 1, "y": 0, "labels": {}},
        "right": [{"left": 1, "right": None}],
    }


@pytest.mark.parametrize("value", [Point(x=1), Old(Point(x=1)), Foreign(1)])
def test_records_dataclasses_and_structs_are_written_alike(value: object) -> None:
    assert is_record(value)
    assert not is_record(type(value))
    assert dumps(value) == dumps_any(value) == dumps(as_dict(value))


def test_what_has_no_form_in_json_is_refused_unless_there_is_a_default() -> None:
    with pytest.raises(TypeError):
        dumps({"a": object()})
    assert dumps({"a": Pair(object())}, default=lambda _: "thing") == (
        '{"a":{"left":"thing","right":null}}'
    )
