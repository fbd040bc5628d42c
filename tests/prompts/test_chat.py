"""Messages are split as prompt flow splits them."""

from __future__ import annotations

from typing import Any

import pytest

from flowgrade.errors import TemplateError
from flowgrade.prompts import Image, parse_chat, render_chat

CASES: list[tuple[str, list[dict[str, Any]]]] = [
    ("", []),
    (" \n\n", []),
    ("system:\nhi", [{"role": "system", "content": "hi"}]),
    ("# system:\nhi\n", [{"role": "system", "content": "hi"}]),
    ("  #  SYSTEM : \n\n hi \n", [{"role": "system", "content": "hi"}]),
    ("system:\n", [{"role": "system", "content": ""}]),
    (
        "system:\nuser:\nx",
        [{"role": "system", "content": ""}, {"role": "user", "content": "x"}],
    ),
    (
        "\n\nsystem:\na: b\n\n\nuser:\nc\nd\n",
        [{"role": "system", "content": "a: b"}, {"role": "user", "content": "c\nd"}],
    ),
    # Two signs or text before the word make no marker, nor does a missing line end.
    ("user:\n## system:\nx", [{"role": "user", "content": "## system:\nx"}]),
    ("user:\nthe system:\nx", [{"role": "user", "content": "the system:\nx"}]),
    ("user:\nsystem: x", [{"role": "user", "content": "system: x"}]),
    ("user:\nx\nsystem:", [{"role": "user", "content": "x\nsystem:"}]),
    (
        "function:\n## name:\nsearch\n## content:\nfound\n",
        [{"role": "function", "name": "search", "content": "found"}],
    ),
    (
        "user:\nname:\nBo\ncontent:\nhi",
        [{"role": "user", "name": "Bo", "content": "hi"}],
    ),
    (
        "tool:\n## tool_call_id:\ncall_1\n## content:\n42\n",
        [{"role": "tool", "tool_call_id": "call_1", "content": "42"}],
    ),
    (
        "assistant:\n## tool_calls:\n[{'id': 'c', 'type': 'function'}]\ntool:\n"
        "tool_call_id:\nc\ncontent:\n\n7\n",
        [
            {"role": "assistant", "tool_calls": [{"id": "c", "type": "function"}]},
            {"role": "tool", "tool_call_id": "c", "content": "7"},
        ],
    ),
    (
        "assistant:\n## tool_calls:\n[{'a': true}]",
        [{"role": "assistant", "content": "## tool_calls:\n[{'a': true}]"}],
    ),
]


@pytest.mark.parametrize(("text", "messages"), CASES, ids=[repr(text)[:40] for text, _ in CASES])
def test_text_is_split_into_messages(text: str, messages: list[dict[str, Any]]) -> None:
    assert parse_chat(text) == messages
    assert parse_chat(text, dialect="prompty") == messages


def test_the_llm_node_reads_tool_calls_to_the_first_bracket_and_prompty_to_the_last() -> None:
    nested = "assistant:\n## tool_calls:\n[{'a': [1]}]\n"
    assert parse_chat(nested) == [{"role": "assistant", "content": "## tool_calls:\n[{'a': [1]}]"}]
    assert parse_chat(nested, dialect="prompty") == [
        {"role": "assistant", "tool_calls": [{"a": [1]}]}
    ]
    followed = "assistant:\n## tool_calls:\n[{'a': 1}]\nand text\n"
    assert parse_chat(followed) == [{"role": "assistant", "tool_calls": [{"a": 1}]}]
    assert parse_chat(followed, dialect="prompty") == [
        {"role": "assistant", "content": "## tool_calls:\n[{'a': 1}]\nand text"}
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Hello\nuser:\nx", "not with 'hello'"),
        ("Say something", "not with 'say something'"),
        ("function:\nx", "'function' has no name"),
        ("tool:\nx", "'tool' has no tool_call_id"),
    ],
)
def test_what_is_no_chat_is_an_error_with_a_hint(text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message) as caught:
        parse_chat(text)
    assert caught.value.hint


def test_the_error_shows_user_text_as_it_was_written() -> None:
    with pytest.raises(TemplateError, match="not with 'x\nsystem:'"):
        render_chat("{{ a }}\nuser:\ny", {"a": "x\nsystem:"})


def test_a_list_is_written_an_item_a_line_by_the_node_and_as_python_writes_it_by_prompty() -> None:
    variables = {"l": ["a", {"b": ["c", "d"]}]}
    node = render_chat("user:\n{{ l }}", variables)
    assert node == [{"role": "user", "content": "a\n{'b': ['c', 'd']}"}]
    assert render_chat("user:\n{% for x in l[1].b %}{{ x }}{% endfor %}", variables) == [
        {"role": "user", "content": "cd"}
    ]
    prompty = render_chat("user:\n{{ l }}", variables, dialect="prompty")
    assert prompty == [{"role": "user", "content": "['a', {'b': ['c', 'd']}]"}]


PNG = Image(b"\x89PNG\r\n\x1a\nabc")


def test_an_image_alone_on_its_line_makes_a_list_of_parts() -> None:
    template = "user:\nLook at ![image]({{ photo }}) now\n\nPlease\n"
    found = render_chat(template, {"photo": PNG})
    assert found == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look at "},
                {"type": "image_url", "image_url": {"url": PNG.url, "detail": "auto"}},
                {"type": "text", "text": " now"},
                {"type": "text", "text": "Please"},
            ],
        }
    ]


def test_images_in_lists_and_at_addresses_become_parts() -> None:
    address = Image(source_url="https://x.example/a.png")
    found = render_chat("user:\n{{ l }}", {"l": ["see", PNG, address]}, image_detail="low")
    assert [part.get("image_url") for part in found[0]["content"]] == [
        None,
        {"url": PNG.url, "detail": "low"},
        {"url": "https://x.example/a.png", "detail": "low"},
    ]


def test_the_image_mark_is_left_alone_by_the_node_without_images_and_taken_by_prompty() -> None:
    variables = {"x": "https://x.example/a.png"}
    node = render_chat("user:\nsee ![image]({{x}})", variables)
    assert node == [{"role": "user", "content": "see ![image](https://x.example/a.png)"}]
    prompty = render_chat("user:\nsee ![image]({{x}})", variables, dialect="prompty")
    assert prompty == [{"role": "user", "content": "see \nhttps://x.example/a.png"}]


def test_text_parts_beside_images_are_restored_too() -> None:
    found = render_chat("user:\n{{ q }}\n![image]({{p}})", {"q": "user:\nx", "p": PNG})
    assert found[0]["content"][:2] == [
        {"type": "text", "text": "user:"},
        {"type": "text", "text": "x"},
    ]
