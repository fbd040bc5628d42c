"""Conditions: what they say of values, and what is refused."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.errors import ConditionError, FlowDefinitionError
from flowgrade.flows.conditions import parse_condition
from flowgrade.flows.references import bind_reference

VALUES: dict[str, Any] = {
    "n": 3,
    "half": 0.5,
    "text": "refund please",
    "yes": True,
    "no": False,
    "nothing": None,
    "list": [1, "a", True],
    "map": {"a": 1},
}


def holds(text: str) -> bool:
    condition = parse_condition(text, bind=bind_reference)
    return condition.holds(lambda binding: VALUES[str(binding.input)])


@pytest.mark.parametrize(
    "text",
    [
        "${inputs.n} == 3",
        "${inputs.n} == 3.0 and ${inputs.half} < 1",
        "${inputs.n} != '3'",
        "${inputs.n} >= 3 and ${inputs.n} <= 3 and not ${inputs.n} > 3",
        "-1 < ${inputs.n}",
        "1e3 > 2.5",
        "${inputs.yes}",
        "not ${inputs.no}",
        "not ${inputs.nothing}",
        "not not ${inputs.yes}",
        "${inputs.nothing} == null",
        "${inputs.no} == false",
        "1 != true",
        "'refund' in ${inputs.text}",
        '"it\'s" == "it\'s"',
        "'a' in ${inputs.map} and 'b' not in ${inputs.map}",
        "1 in ${inputs.list} and 2 not in ${inputs.list}",
        "0 not in [false, '0']",
        "${inputs.n} in [1, 2, 3]",
        "${inputs.n} not in []",
        "length(${inputs.list}) == 3 and length('ab') < length(${inputs.text})",
        "${inputs.no} or ${inputs.yes} and ${inputs.yes}",
        "(${inputs.yes} or ${inputs.yes}) and not (${inputs.no} or ${inputs.no})",
        "'a' < 'b'",
        "true",
        "'or' == 'or'",
        # What decides comes first, so that the rest need not be comparable.
        "${inputs.nothing} == null or ${inputs.nothing} > 3",
        "not (${inputs.nothing} != null and ${inputs.nothing} > 3)",
    ],
)
def test_it_is_true(text: str) -> None:
    assert holds(text)
    assert not holds(f"not ({text})")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${inputs.text} > 3", "compares text with a number"),
        ("${inputs.nothing} > 3", "compares null with a number"),
        ("${inputs.yes} < 3", "compares true with a number"),
        ("[1] < [2]", "compares a list with a list"),
        ("${inputs.text}", "has text where true or false is needed"),
        ("${inputs.n} and true", "has a number where true or false is needed"),
        ("1 in 'abc'", "looks for a number in text"),
        ("'a' in ${inputs.nothing}", "looks for text in null"),
        ("length(3) > 1", "the length of a number"),
    ],
)
def test_values_that_do_not_fit_are_an_error_and_never_a_guess(text: str, message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        holds(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${inputs.n} = 3", "character 13: it cannot be read"),
        ("${inputs.n} == refund", "'refund' is unknown; text stands in quotes"),
        ("${inputs.n} ==", "it ends too soon"),
        ("(${inputs.n} == 3", "'\\)' is missing"),
        ("1 < 2 < 3", "cannot be chained"),
        ("${inputs.n} == 3 3", "'3' is not expected"),
        ("== 3", "a value is missing before '=='"),
        ("[1, 2", "',' is missing"),
        ("__import__('os')", "'__import__' is unknown"),
        ("${inputs.n}.__class__ == 1", "it cannot be read"),
        ("lambda: 1", "character 7: it cannot be read"),
        ("'a", "it cannot be read"),
        ("", "must be text"),
        (3, "must be text"),
        ("(" * 60 + "true" + ")" * 60, "nested too deeply"),
        ("not " * 60 + "true", "nested too deeply"),
        ("true or " * 400 + "true", "more than 2,000 characters"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: object, message: str) -> None:
    with pytest.raises(FlowDefinitionError, match=message):
        parse_condition(text, bind=bind_reference)


def test_its_references_are_known() -> None:
    condition = parse_condition(
        "${a.output.label} == 'x' and (${b.output} or ${inputs.n} in [${d}])",
        bind=bind_reference,
    )
    assert [b.node or b.input for b in condition.bindings] == ["a", "b", "n", "d"]


_WORDS = ["${inputs.n}", "${inputs.text}", "'a'", "1", "null", "true", "==", "<", "in", "not"]
_SIGNS = ["and", "or", "(", ")", "[", "]", ",", "length", "${", "}", "__class__", "\\", "é", " "]


@given(st.lists(st.sampled_from(_WORDS + _SIGNS), max_size=30))
def test_no_text_does_anything_but_hold_or_be_refused(words: list[str]) -> None:
    with suppress(FlowDefinitionError, ConditionError):
        condition = parse_condition(" ".join(words), bind=bind_reference)
        # What looks like a reference to a node is none of a flow: loading one refuses it.
        assert condition.holds(lambda binding: VALUES.get(str(binding.input))) in (True, False)
