"""Usage in the dialects of endpoints."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.models import read_usage
from flowgrade.records import Usage


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 0}, Usage(input_tokens=3, output_tokens=0)),
        ({"input_tokens": 3, "output_tokens": 5}, Usage(input_tokens=3, output_tokens=5)),
        ({"prompt_tokens": "3", "completion_tokens": 5.0}, Usage(input_tokens=3, output_tokens=5)),
        ({"prompt_tokens": 3, "completion_tokens": None}, Usage(input_tokens=3)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 8,
                "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 6},
                "total_tokens": 17,
                "queue_time": 0.1,
            },
            Usage(
                input_tokens=9,
                output_tokens=8,
                cached_tokens=4,
                audio_input_tokens=0,
                reasoning_tokens=6,
            ),
        ),
        (
            {
                "input_tokens": 9,
                "output_tokens": 8,
                "input_tokens_details": {"cached_tokens": 4},
                "output_tokens_details": {"reasoning_tokens": 6},
            },
            Usage(input_tokens=9, output_tokens=8, cached_tokens=4, reasoning_tokens=6),
        ),
        (
            {
                "input_tokens": 2,
                "output_tokens": 8,
                "cache_read_input_tokens": 30,
                "cache_creation_input_tokens": 10,
            },
            Usage(input_tokens=42, output_tokens=8, cached_tokens=30, cache_write_tokens=10),
        ),
        (  # Anthropic, with a cache of an hour
            {
                "input_tokens": 2,
                "output_tokens": 8,
                "cache_read_input_tokens": 0,
                "cache_creation_input_tokens": 10,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 4,
                    "ephemeral_1h_input_tokens": 6,
                },
            },
            Usage(
                input_tokens=12,
                output_tokens=8,
                cached_tokens=0,
                cache_write_tokens=10,
                cache_write_1h_tokens=6,
            ),
        ),
        (  # a translator that gives both dialects, the whole input as OpenAI counts it
            {
                "prompt_tokens": 42,
                "completion_tokens": 8,
                "cache_read_input_tokens": 30,
                "cache_creation_input_tokens": 10,
            },
            Usage(input_tokens=42, output_tokens=8, cached_tokens=30, cache_write_tokens=10),
        ),
        (  # OpenAI since models charge for writing to the cache
            {
                "prompt_tokens": 42,
                "completion_tokens": 8,
                "prompt_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 10},
                "completion_tokens_details": {"audio_tokens": 5},
            },
            Usage(
                input_tokens=42,
                output_tokens=8,
                cached_tokens=30,
                cache_write_tokens=10,
                audio_output_tokens=5,
            ),
        ),
        ({"prompt_tokens": 3, "prompt_tokens_details": None}, Usage(input_tokens=3)),
        ({"prompt_tokens": -3, "completion_tokens": True}, None),
        ({"prompt_tokens": "many", "completion_tokens": "²"}, None),
        ({"queue_time": 0.1}, None),
        ({}, None),
        (None, None),
        ([], None),
        ("3", None),
    ],
)
def test_usage_is_read_in_every_dialect(raw: Any, expected: Usage | None) -> None:
    assert read_usage(raw) == expected


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=5), part),
    max_leaves=5,
)
names = st.sampled_from(
    ["prompt_tokens", "input_tokens", "completion_tokens", "prompt_tokens_details"]
)


@given(st.dictionaries(names, json))
def test_no_usage_breaks_a_call(raw: dict[str, Any]) -> None:
    usage = read_usage(raw)
    assert usage is None or usage.total_tokens is None or usage.total_tokens >= 0
