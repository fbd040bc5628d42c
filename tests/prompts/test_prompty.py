"""Prompty files of both generations become the same record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowgrade.errors import FlowDefinitionError, FlowgradeError, NotFoundError
from flowgrade.prompts import Prompty, load_prompty

FIRST = """---
name: Basic
description: A basic prompt
authors: [someone]
model:
  api: chat
  configuration:
    type: azure_openai
    azure_deployment: ${env:DEPLOYMENT}
    api_version: 2024-02-01
    api_key: ${env:ABSENT}
    azure_endpoint: https://${env:HOST}/x
  parameters:
    max_tokens: 128
    stop: ["no", 'yes']
    flag: on
  response: all
inputs:
  question:
    type: string
    is_chat_input: true
  chat_history:
    type: list
    default: []
outputs:
  answer:
    type: string
sample:
  question: What?
---
system:
You are kind.

user:
{{question}}
"""

SECOND = """---
name: Basic
description: A basic prompt
metadata:
  authors: [someone]
model:
  id: gpt-4
  provider: openai
  apiType: chat
  connection:
    kind: key
    endpoint: ${env:ENDPOINT:https://api.example/v1}
    apiKey: ${env:KEY}
  options:
    temperature: 0.5
    maxOutputTokens: 1000
    topP: 0.9
    stopSequences: [END]
    additionalProperties:
      reasoning_effort: low
inputs:
  - name: question
    kind: string
    description: What to answer
  - name: count
    kind: integer
    default: 3
  - name: history
    kind: thread
outputs:
  - name: answer
    kind: string
tools:
  - name: get_weather
    kind: function
    description: Weather
    parameters:
      - {name: city, kind: string, description: The city}
      - {name: unit, kind: string, enumValues: [c, f], required: false}
  - name: files
    kind: mcp
template:
  format: {kind: jinja2}
  parser: {kind: prompty}
---
system:
Hi
"""


def load(folder: Path, text: str, **environment: str) -> Prompty:
    path = folder / "basic.prompty"
    path.write_bytes(text.encode())
    return load_prompty(path, environment=environment)


def error_of(folder: Path, text: str) -> FlowgradeError:
    with pytest.raises(FlowgradeError) as caught:
        load(folder, text)
    return caught.value


def test_a_file_of_prompt_flow_s_generation_is_read(tmp_path: Path) -> None:
    found = load(tmp_path, FIRST, DEPLOYMENT="gpt", HOST="h.example")
    assert found == Prompty(
        name="Basic",
        description="A basic prompt",
        api="chat",
        configuration={
            "type": "azure_openai",
            "azure_deployment": "gpt",
            "api_version": "2024-02-01",
            "api_key": "${env:ABSENT}",
            "azure_endpoint": "https://h.example/x",
        },
        parameters={"max_tokens": 128, "stop": ["no", "yes"], "flag": "on"},
        response="all",
        inputs={
            "question": {"type": "string", "is_chat_input": True},
            "chat_history": {"type": "list", "default": []},
        },
        outputs={"answer": {"type": "string"}},
        sample={"question": "What?"},
        template="system:\nYou are kind.\n\nuser:\n{{question}}\n",
        source=found.source,
        lines=found.lines,
        path=tmp_path / "basic.prompty",
        extra={"authors": ["someone"]},
    )


def test_a_file_of_the_later_generation_is_read_with_the_same_keys(tmp_path: Path) -> None:
    found = load(tmp_path, SECOND, KEY="k")
    assert found.api == "chat"
    assert found.configuration == {
        "type": "openai",
        "model": "gpt-4",
        "base_url": "https://api.example/v1",
        "api_key": "k",
    }
    tools = found.parameters.pop("tools")
    assert found.parameters == {
        "temperature": 0.5,
        "max_tokens": 1000,
        "top_p": 0.9,
        "stop": ["END"],
        "reasoning_effort": "low",
    }
    assert [tool["function"]["name"] for tool in tools] == ["get_weather"]
    assert tools[0]["function"]["parameters"] == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "The city"},
            "unit": {"type": "string", "enum": ["c", "f"]},
        },
        "required": ["city"],
    }
    assert {name: field["type"] for name, field in found.inputs.items()} == {
        "question": "string",
        "count": "int",
        "history": "list",
    }
    assert found.inputs["count"]["default"] == 3
    assert found.outputs["answer"]["type"] == "string"
    assert found.extra["metadata"] == {"authors": ["someone"]}


def test_a_named_connection_replaces_keys(tmp_path: Path) -> None:
    model = "{id: m, provider: foundry, connection: {kind: reference, name: c}}"
    text = f"---\nmodel: {model}\n---\nx"
    assert load(tmp_path, text).configuration == {
        "type": "azure_openai",
        "azure_deployment": "m",
        "connection": "c",
    }


def test_the_name_and_the_api_have_defaults(tmp_path: Path) -> None:
    found = load(tmp_path, "---\nmodel: gpt-4o\n---\nsystem:\nx")
    assert (found.name, found.api, found.response) == ("basic", "chat", "first")
    assert found.configuration == {"type": "openai", "model": "gpt-4o"}


def test_a_file_without_front_matter_is_a_template(tmp_path: Path) -> None:
    found = load(tmp_path, "Only text.")
    assert (found.template, found.inputs) == ("Only text.", {})
    assert load(tmp_path, "---\n---\nsystem:\nx").template == "system:\nx"


def test_the_sample_stands_in_for_missing_inputs(tmp_path: Path) -> None:
    text = "---\nsample: {a: 1, b: x, c: 1.5, d: true, e: [1], f: {g: 1}}\n---\nx"
    assert {name: field["type"] for name, field in load(tmp_path, text).inputs.items()} == {
        "a": "int",
        "b": "string",
        "c": "double",
        "d": "bool",
        "e": "list",
        "f": "object",
    }


@pytest.mark.parametrize("form", ["s.json", "file:s.json", "${file:s.json}"])
def test_the_sample_may_be_a_file(tmp_path: Path, form: str) -> None:
    (tmp_path / "s.json").write_text(json.dumps({"q": "x"}), encoding="utf-8")
    found = load(tmp_path, f"---\nsample: {form}\n---\nx")
    assert (found.sample, found.inputs) == ({"q": "x"}, {"q": {"type": "string"}})


def test_files_are_filled_in_anywhere_by_their_kind(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("type: openai\nmodel: m\n", encoding="utf-8")
    (tmp_path / "t.txt").write_text("some text", encoding="utf-8")
    model = '{configuration: "${file:c.yaml}", parameters: {a: ["${file:t.txt}"]}}'
    text = f"---\nmodel: {model}\n---\nx"
    found = load(tmp_path, text)
    assert found.configuration == {"type": "openai", "model": "m"}
    assert found.parameters == {"a": ["some text"]}


def test_the_last_line_of_dashes_ends_the_front_matter_unless_that_is_not_yaml(
    tmp_path: Path,
) -> None:
    assert load(tmp_path, "---\nname: a\n---\nuser:\nx\n---\ny").template == "user:\nx\n---\ny"
    both = load(tmp_path, "---\nname: a\n# ---\ndescription: b\n---\nuser:\nx")
    assert (both.description, both.template) == ("b", "user:\nx")
    assert load(tmp_path, "-----\nname: a\n-----\nuser:\nx").name == "a"


def test_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    found = load(tmp_path, "\ufeff" + FIRST.replace("\n", "\r\n"), DEPLOYMENT="gpt", HOST="h")
    assert found.template == "system:\nYou are kind.\n\nuser:\n{{question}}\n"


@pytest.mark.parametrize("engine", ["mustache", "{format: {kind: mustache}}", "{type: mustache}"])
def test_another_template_engine_is_refused_with_its_name(tmp_path: Path, engine: str) -> None:
    error = error_of(tmp_path, f"---\ntemplate: {engine}\n---\nx")
    assert "'mustache' is not supported" in error.message


@pytest.mark.parametrize(
    "engine", ["jinja2", "{format: jinja2, parser: prompty}", "{type: jinja2}", "{format: '*'}"]
)
def test_jinja_may_be_asked_for_in_several_ways(tmp_path: Path, engine: str) -> None:
    assert load(tmp_path, f"---\ntemplate: {engine}\n---\nx").template == "x"


def test_an_error_in_the_front_matter_has_the_line_of_the_file(tmp_path: Path) -> None:
    error = error_of(tmp_path, "---\nname: a\nmodel: [1\n---\nx")
    assert isinstance(error, FlowDefinitionError)
    assert error.place is not None
    assert (error.place.file, error.place.line) == (str(tmp_path / "basic.prompty"), 4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("---\nname: a\n", "has no end"),
        ("---\n- a\n---\nx", "not a mapping"),
        ("---\nname: a\nname: b\n---\nx", "twice"),
        ("---\nmodel: [a]\n---\nx", "'model' must be a mapping"),
        ("---\nmodel:\n  parameters: 3\n---\nx", "'model.parameters' must be a mapping"),
        ("---\nmodel:\n  response: some\n---\nx", "not first or all"),
        ("---\ninputs: 3\n---\nx", "'inputs' must be a mapping or a list"),
        ("---\ninputs: [3]\n---\nx", "must have a name"),
        ("---\nsample: 3\n---\nx", "'sample' must be"),
        ("---\nsample: absent.json\n---\nx", "absent.json cannot be read"),
        ("---\nx: ${file:absent.txt}\n---\nx", "absent.txt cannot be read"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(tmp_path: Path, text: str, message: str) -> None:
    error = error_of(tmp_path, text)
    assert message in error.message
    assert error.place is not None
    assert error.place.file == str(tmp_path / "basic.prompty")


def test_a_file_that_is_not_utf_8_or_not_there_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.prompty"
    path.write_bytes(b"---\nname: \xe4\n---\n")
    with pytest.raises(FlowDefinitionError, match="not UTF-8"):
        load_prompty(path)
    with pytest.raises(NotFoundError, match="cannot be read"):
        load_prompty(tmp_path / "absent.prompty")
