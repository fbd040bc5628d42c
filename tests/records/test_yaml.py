"""YAML as prompt flow reads it, with places and bounds."""

from __future__ import annotations

import math
import re
import time
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.errors import FlowDefinitionError, Place
from flowgrade.records.yaml import parse_yaml, parse_yaml_with_lines


def read(text: str) -> Any:
    return parse_yaml(text, file="flow.yaml")


def place_of(text: str) -> Place | None:
    with pytest.raises(FlowDefinitionError) as caught:
        read(text)
    return caught.value.place


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "Yes", "OFF", "y", "n"])
def test_words_that_yaml_1_1_takes_for_booleans_stay_strings(word: str) -> None:
    assert read(f"a: {word}") == {"a": word}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-7", -7),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", 1000),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1:30", "1:30"),
        ("2024-02-01", "2024-02-01"),
        ("gpt-4", "gpt-4"),
        ("1.2.3", "1.2.3"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("!!float 3", 3.0),
        ("${inputs.x}", "${inputs.x}"),
        ("-", "-"),
        ("+", "+"),
    ],
)
def test_a_scalar_has_the_type_that_yaml_1_2_gives_it(text: str, value: object) -> None:
    found = read(f"a: {text}" if text != "-" else "a: '-'")["a"]
    assert (found, type(found)) == (value, type(value))


def test_infinities_and_nan_are_floats() -> None:
    found = read("[.inf, -.inf, .nan]")
    assert found[:2] == [math.inf, -math.inf]
    assert math.isnan(found[2])


def test_an_empty_text_is_none_and_a_byte_order_mark_is_not_part_of_a_key() -> None:
    assert read("") is None
    assert read("# only a comment\n") is None
    assert read("\ufeffa: 1") == {"a": 1}


def test_anchors_give_copies_and_merges_give_way_to_own_keys() -> None:
    found = read("base: &b {a: 1, l: [1]}\nx:\n  <<: *b\n  a: 2\ny: *b\n")
    assert found == {"base": {"a": 1, "l": [1]}, "x": {"a": 2, "l": [1]}, "y": {"a": 1, "l": [1]}}
    found["x"]["l"].append(2)
    assert found["base"]["l"] == [1]


def test_of_several_merged_mappings_the_first_wins() -> None:
    assert read("a: &a {k: 1}\nb: &b {k: 2, j: 3}\nc:\n  <<: [*a, *b]\n")["c"] == {"k": 1, "j": 3}


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, 2),
        ("a: 1\na: 2\n", 2, 1),
        ("a: {b: 1, b: 2}\n", 1, 11),
        ("a: b: c\n", 1, 5),
        ("a:\n\t- b\n", 2, 1),
        ("a: *nothing\n", 1, 4),
        ("a: &x [*x]\n", 1, 8),
        ("a: !!python/object/apply:os.system ['true']\n", 1, 4),
        ("a: !mine 3\n", 1, 4),
        ("a: !!int three\n", 1, 4),
        ("? [1, 2]\n: 3\n", 1, 3),
        ("a: 1\n---\nb: 2\n", 2, 1),
        ("<<: 3\n", 1, 1),
        ("a: 'open\n", 2, 1),
    ],
)
def test_what_is_wrong_is_said_with_line_and_column(text: str, line: int, column: int) -> None:
    assert place_of(text) == Place("flow.yaml", line, column)


def test_a_control_character_is_an_error() -> None:
    with pytest.raises(FlowDefinitionError, match="not valid YAML"):
        read("a: \x00")


def test_a_tab_gets_the_hint_to_use_spaces() -> None:
    with pytest.raises(FlowDefinitionError, match="spaces, not tabs"):
        read("a:\n\t- b\n")


@pytest.mark.parametrize("bomb", ["[" * 100_000, "{a: " * 50_000, "- " * 20_000])
def test_deep_nesting_is_an_error_and_does_not_end_the_process(bomb: str) -> None:
    started = time.perf_counter()
    with pytest.raises(FlowDefinitionError):
        read(bomb)
    assert time.perf_counter() - started < 2


def test_a_billion_laughs_are_bounded() -> None:
    text = "a0: &a0 [lol, lol]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
    )
    with pytest.raises(FlowDefinitionError, match="aliases expand"):
        read(text)


def test_lines_are_known_by_path() -> None:
    text = "inputs:\n  q:\n    type: string\nnodes:\n- name: a\n  inputs:\n    x: 1\n- name: b\n"
    data, lines = parse_yaml_with_lines(text, file="flow.yaml")
    assert data["nodes"][0]["inputs"] == {"x": 1}
    assert lines["inputs", "q", "type"] == 3
    assert lines["nodes", 0] == 5
    assert lines["nodes", 0, "inputs", "x"] == 7
    assert lines["nodes", 1, "name"] == 8
    assert lines[()] == 1


def test_a_key_may_carry_an_anchor() -> None:
    assert read("&k key: 1\nname: *k\n") == {"key": 1, "name": "key"}


@given(st.text(alphabet="ab:-[]{},&*!|>'\"#%@` \t\n0x._e+<"))
def test_any_text_is_a_value_or_a_definition_error(text: str) -> None:
    with suppress(FlowDefinitionError):
        read(text)


# PyYAML writes by YAML 1.1, which takes 0E0 and 0o7 for text; they are numbers in YAML 1.2.
TEXTS = st.text().filter(lambda text: not re.match(r"[-+]?\.?[0-9]", text))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | TEXTS | st.floats(0.1, 1e9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_what_is_written_as_yaml_is_read_back(value: Any) -> None:
    assert read(yaml.safe_dump(value)) == value
