"""A script says what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from flowgrade.testing import StubReply, StubScript, StubScriptError, StubToolCall


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("error_rate", 1.5),
        ("error_rate", float("nan")),
        ("error_status", 200),
        ("latency", -1),
        ("latency", {"lognormal": {"median": 0, "sigma": 1}}),
        ("latency", {"uniform": [2, 1]}),
        ("latency", {"normal": {"mean": 1}}),
        ("fail_first", 1.5),
        ("rate_limit", 0),
        ("retry_after_form", "minutes"),
        ("content_filter_pattern", "("),
        ("known_models", "gpt"),
        ("embedding", []),
        ("replies", [{"text": "not read yet"}]),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(StubScriptError, match=f"{field} must be") as caught:
        StubScript(**{field: value})
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("field", "value"),
    [("match", "["), ("status", 302), ("times", 0), ("text", []), ("tool_calls", ["f"])],
)
def test_a_rule_is_checked_too(field: str, value: Any) -> None:
    with pytest.raises(StubScriptError, match=f"{field} must be"):
        StubReply(**{field: value})


def test_a_tool_calls_arguments_are_a_mapping_or_a_text() -> None:
    assert StubToolCall(name="f", arguments='{"cut": ').arguments == '{"cut": '
    with pytest.raises(StubScriptError, match="arguments must be"):
        StubToolCall(name="f", arguments=[1])  # type: ignore[arg-type]


def test_the_rates_must_not_exceed_one_together() -> None:
    with pytest.raises(StubScriptError, match="must not exceed 1"):
        StubScript(error_rate=0.5, drop_rate=0.3, garbage_rate=0.3)


def test_a_required_key_is_neither_shown_nor_named_in_errors() -> None:
    assert "s3cret" not in repr(StubScript(require_key="s3cret"))
    with pytest.raises(StubScriptError) as caught:
        StubScript(require_key=["s3cret"])  # type: ignore[arg-type]
    assert "s3cret" not in str(caught.value)
