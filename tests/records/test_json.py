"""The codec, and the records that it must not end."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.records import Usage, dumps, dumps_any, loads

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
SURROGATES = st.text(st.characters(min_codepoint=0, max_codepoint=0xFFFF))
ANYTHING = st.recursive(
    st.none()
    | st.integers()
    | st.complex_numbers()
    | st.binary()
    | SURROGATES
    | st.fractions()
    | st.timedeltas()
    | st.just(object()),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.sets(st.integers() | SURROGATES)
        | st.dictionaries(st.integers() | SURROGATES | st.tuples(SURROGATES), inner)
    ),
    max_leaves=8,
)


class Unshowable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class Failing:
    def __flowgrade_json__(self) -> Any:
        raise RuntimeError("no")


class Shown:
    def __flowgrade_json__(self) -> Any:
        return {"mime": "image/png"}


class Colour(Enum):
    RED = "red"


@dataclass
class Holder:
    value: object


def without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    return value


@given(JSON)
def test_json_comes_back_as_it_was(value: Any) -> None:
    assert loads(dumps(value)) == without_nan(value)


@given(ANYTHING)
def test_any_value_becomes_json(value: Any) -> None:
    orjson.loads(dumps_any(value))


@given(ANYTHING)
def test_an_object_stays_an_object_whatever_stands_in_it(value: Any) -> None:
    found = loads(dumps_any({"kept": 1, "odd": value}))
    assert found["kept"] == 1
    assert "odd" in found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**64, "18446744073709551616"),
        ([10**5000], ["<an integer of 16610 bits>"]),
        ("a\udc80b", "a\\udc80b"),
        (Unshowable(), "<Unshowable>"),
        (Failing(), "<Failing>"),
        (Shown(), {"mime": "image/png"}),
        ([Shown(), 2**64], [{"mime": "image/png"}, "18446744073709551616"]),
        (b"abc", "<3 bytes>"),
        ({2, 1}, ["1", "2"]),
        ({2**70: 1, (1, 2): 2, "\ud800": 3}, {str(2**70): 1, "(1, 2)": 2, "\\ud800": 3}),
        ({Unshowable(): 1}, {"<Unshowable>": 1}),
        (Holder(2**64), {"value": "18446744073709551616"}),
        ([Usage(input_tokens=1), 2**64], [{"input_tokens": 1}, "18446744073709551616"]),
        ([Colour.RED, "\ud800"], ["red", "\\ud800"]),
        ([orjson.Fragment("[1]"), 2**64], [[1], "18446744073709551616"]),
        ([math.nan, 2**64], [None, "18446744073709551616"]),
    ],
)
def test_what_is_not_json_is_described(value: Any, expected: Any) -> None:
    found = loads(dumps_any(value))
    if isinstance(expected, list) and isinstance(expected[0], dict):
        assert expected[0].items() <= found[0].items()
        assert found[1:] == expected[1:]
    else:
        assert found == expected


@dataclass
class Guarded:
    key: str

    def __flowgrade_json__(self) -> Any:
        return {"kind": "guarded"}


@pytest.mark.parametrize("beside", [1, 2**70, "\udc80", object()])
def test_a_dataclass_that_says_how_it_is_shown_shows_no_more(beside: object) -> None:
    found = dumps_any({"guarded": Guarded("sk-1"), "list": [Guarded("sk-1")], "beside": beside})
    assert "sk-1" not in found
    assert loads(found)["guarded"] == {"kind": "guarded"}


def test_a_value_that_holds_itself_is_described() -> None:
    value: dict[str, Any] = {"name": "a"}
    value["self"] = value
    value["list"] = [value]
    assert loads(dumps_any(value)) == {"name": "a", "self": "<dict>", "list": ["<dict>"]}


def test_a_value_that_is_deep_is_described() -> None:
    value: list[Any] = []
    for _ in range(5_000):
        value = [value]
    found = loads(dumps_any({"deep": value, "beside": 1}))
    assert found["beside"] == 1


def test_a_web_of_values_does_not_take_forever() -> None:
    web: list[list[Any]] = [[] for _ in range(30)]
    for part in web:
        part.extend(web)
    assert isinstance(loads(dumps_any(web)), list)


def test_a_long_description_is_cut() -> None:
    class Long:
        def __repr__(self) -> str:
            return "x" * 1_000_000

    assert len(dumps_any(Long())) < 5_000


def test_the_strict_codec_refuses_what_is_not_json() -> None:
    with pytest.raises(TypeError):
        dumps(object())
    assert dumps(object(), default=lambda _: "an object") == '"an object"'
    assert loads(dumps(datetime(2025, 1, 2, tzinfo=UTC))) == "2025-01-02T00:00:00+00:00"
    assert loads(dumps(uuid.UUID(int=1))) == "00000000-0000-0000-0000-000000000001"
    with pytest.raises(ValueError, match="line 1"):
        loads("{")
