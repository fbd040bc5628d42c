"""Column mapping as prompt flow has it."""

from __future__ import annotations

import pytest

from flowgrade.datasets import ColumnMapping, default_mapping
from flowgrade.errors import MappingError


def test_bindings_are_taken_from_their_sources_and_the_rest_is_constant() -> None:
    mapping = ColumnMapping.parse(
        {
            "a": "${data.x}",
            "b": "${run.inputs.x}",
            "c": "${run.outputs.x}",
            "d": 5,
            "e": "text",
            "f": "in ${data.x} text",
            "g": None,
            "h": ["${data.x}"],
        }
    )
    assert mapping.apply({"x": 1}, {"x": 2}, {"x": 3}) == {
        "a": 1,
        "b": 2,
        "c": 3,
        "d": 5,
        "e": "text",
        "f": "in ${data.x} text",
        "g": None,
        "h": ["${data.x}"],
    }
    assert list(mapping.apply({"x": 1}, {"x": 2}, {"x": 3})) == list("abcdefgh")


def test_a_column_with_dots_is_looked_up_whole_before_as_a_path() -> None:
    mapping = ColumnMapping.parse({"a": "${data.b.c}"})
    assert mapping.apply({"b.c": 1, "b": {"c": 2}}) == {"a": 1}
    assert mapping.apply({"b": {"c": 2}}) == {"a": 2}


def test_null_is_a_value_and_not_missing() -> None:
    assert ColumnMapping.parse({"a": "${data.b}"}).apply({"b": None}) == {"a": None}


def test_without_a_binding_there_is_no_mapping() -> None:
    for mapping in ({}, {"a": 1, "b": "x ${data.c}"}):
        with pytest.raises(MappingError, match="takes nothing from the data"):
            ColumnMapping.parse(mapping)


@pytest.mark.parametrize("text", ["${foo.x}", "${data}", "${data.}", "${inputs.x}", "${run.x}"])
def test_a_binding_to_no_source_is_an_error(text: str) -> None:
    with pytest.raises(MappingError, match="'a' is bound to"):
        ColumnMapping.parse({"a": text})


def test_a_missing_column_names_itself_the_columns_and_the_nearest() -> None:
    mapping = ColumnMapping.parse({"q": "${data.questionx}"})
    with pytest.raises(MappingError, match="no column 'questionx' for the input 'q'") as caught:
        mapping.apply({"question": 1, "answer": 2})
    hint = caught.value.hint or ""
    assert "Did you mean 'question'?" in hint
    assert "question, answer" in hint
    assert caught.value.exit_code == 2


def test_a_missing_source_is_said() -> None:
    with pytest.raises(MappingError, match="there are no run's outputs"):
        ColumnMapping.parse({"a": "${run.outputs.x}"}).apply({"x": 1})


def test_columns_can_be_checked_before_the_first_row() -> None:
    mapping = ColumnMapping.parse({"a": "${data.x}", "b": "${data.y.z}", "c": "${run.outputs.o}"})
    mapping.check(["x", "y"], run_outputs=["o"])
    with pytest.raises(MappingError, match="no column 'y.z'"):
        mapping.check(["x"], run_outputs=["o"])
    with pytest.raises(MappingError, match=r"run's outputs have no column 'o'"):
        mapping.check(["x", "y"])


def test_a_column_that_one_row_lacks_can_be_left_to_the_flow_s_default() -> None:
    mapping = ColumnMapping.parse({"a": "${data.x}", "b": "${data.y}"})
    assert mapping.apply({"x": 1}, strict=False) == {"a": 1}


def test_the_default_mapping_takes_each_input_from_the_column_of_its_name() -> None:
    mapping = default_mapping(["q", "a.b"])
    assert mapping.apply({"q": 1, "a.b": 2, "other": 3}) == {"q": 1, "a.b": 2}
    assert default_mapping([]).apply({"q": 1}) == {}


def test_a_constant_changed_by_one_row_does_not_reach_the_next() -> None:
    mapping = ColumnMapping.parse({"a": "${data.x}", "b": {"l": [1]}})
    mapping.apply({"x": 1})["b"]["l"].append(2)
    assert mapping.apply({"x": 1})["b"] == {"l": [1]}


def test_the_line_number_is_not_an_input() -> None:
    mapping = ColumnMapping.parse({"a": "${data.x}", "line_number": "${data.line_number}"})
    assert mapping.apply({"x": 1}) == {"a": 1}
