"""``flowgrade models`` and ``flowgrade schema``, as a user types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowgrade.testing import StubScript, StubServer, parse_script, running_stub
from tests.project import Project

FILES = {
    "flowgrade.yaml": """
        models:
          fast: stub/gpt-4o-mini
          safe: {use: gone/x, fallback: [fast]}
        environments:
          test: {models: {fast: embedded/reader}}
    """,
    "models.yaml": """
        connections: {stub: openai}
        models:
          stub/dear:
            context: 4096
            has: [chat]
            price: {input: 7, output: 9, date: 2026-11-27, source: us}
    """,
    "data.jsonl": '{"id": 1, "question": "One?"}\n{"id": 2, "question": "Two?"}\n',
}


@pytest.fixture(scope="module")
def stub() -> Iterator[StubServer]:
    with running_stub() as server:
        yield server


@pytest.fixture
def here(project: Project, stub: StubServer) -> Project:
    for name, text in FILES.items():
        project.write(name, text)
    project.write(
        "connections.yaml",
        f"stub: {{base_url: '{stub.base_url}'}}\ngone: {{base_url: 'http://127.0.0.1:1/v1'}}\n",
    )
    return project


def names(project: Project, *arguments: str) -> list[str]:
    found = project.run("models", "list", *arguments, "--json")
    assert found.code == 0, found.err
    return [line["model"] for line in found.json]


@pytest.mark.slow
def test_list_narrows_by_words_and_filters(here: Project) -> None:
    assert "anthropic/claude-sonnet-4-5" in names(here)
    assert set(names(here, "openai", "gpt-4o")) >= {"openai/gpt-4o", "azure_openai/gpt-4o-mini"}
    assert names(here, "--provider", "Mistral", "--capability", "embeddings") == [
        "mistral/mistral-embed",
        "mistral/codestral-embed",
    ]
    cheap = names(here, "--provider", "openai", "--max-price", "0.05", "--capability", "tools")
    assert "openai/gpt-5-nano" in cheap
    assert "openai/gpt-4o" not in cheap
    configured = names(here, "--configured")
    assert {"embedded/reader", "stub/dear", "ollama/llama3.2"} <= set(configured)
    assert "anthropic/claude-sonnet-4-5" not in configured
    nothing = here.run("models", "list", "no-such-model-anywhere")
    assert (nothing.code, nothing.out) == (0, "")
    assert "no such model" in nothing.err


def test_list_is_a_table_for_people(here: Project) -> None:
    found = here.run("models", "list", "gpt-4o-mini")
    assert found.out.splitlines()[0].split("\t")[1:4] == ["MODEL", "CONTEXT", "INPUT"]
    assert "*\topenai/gpt-4o-mini (as stub/gpt-4o-mini)\t128k\t$0.15\t$0.60\thosted" in found.out


@pytest.mark.slow
def test_show_has_prices_with_date_and_source(here: Project) -> None:
    found = here.run("models", "show", "openai/gpt-4o-mini-2024-07-18")
    assert found.code == 0, found.err
    for text in ("openai/gpt-4o-mini", "128,000 tokens", "cached input: $0.075", "50% less"):
        assert text in found.out
    assert "https://developers.openai.com/api/docs/pricing" in found.out
    by_slot = here.run("models", "show", "fast", "--json").json
    assert by_slot["model"] == "openai/gpt-4o-mini"
    assert by_slot["price"]["rates"]["output"] == 0.6
    assert by_slot["connections"] == ["stub"]
    other = here.run("models", "show", "fast", "--environment", "test", "--json").json
    assert other["model"] == "embedded/reader"
    unknown = here.run("models", "show", "openai/gpt-4-mini")
    assert unknown.code == 2
    assert "Did you mean 'openai/gpt-4o-mini'?" in unknown.err
    managed = here.run("models", "show", "azure_ai/Meta-Llama-3.1-8B-Instruct")
    assert "price       unknown" in managed.out
    assert "No connection leads there" in managed.out


def test_test_calls_a_model_once(here: Project) -> None:
    found = here.run("models", "test", "fast", "--json")
    assert found.code == 0, found.err
    assert found.json["ok"] is True
    assert found.json["text"] == "echo: Say hello in one word."
    assert found.json["cost"] > 0
    text = here.run("models", "test", "stub/dear", "--prompt", "Hi").out
    assert "works" in text
    assert "echo: Hi" in text
    embedding = here.run("models", "test", "stub/text-embedding-3-small")
    assert "a vector of" in embedding.out, embedding.err
    assert "a vector of" in here.run("models", "test", "stub/any", "--embed").out


def test_test_says_what_failed_and_what_to_do(here: Project) -> None:
    found = here.run("models", "test", "gone/x")
    assert found.code == 1
    assert "ModelUnreachableError" in found.out
    assert "Is it running?" in found.out
    as_json = here.run("models", "test", "gone/x", "--json")
    assert as_json.code == 1
    assert as_json.json["error"]["type"] == "ModelUnreachableError"
    assert as_json.json["cost"] is None
    assert here.run("models", "test", "nowhere/x").code == 2


def test_test_answers_by_the_fallback_of_a_slot(here: Project) -> None:
    assert here.run("models", "test", "safe").code == 0


def test_compare_shows_models_side_by_side(here: Project) -> None:
    found = here.run("models", "compare", "fast", "embedded/reader", "--prompt", "Hello <b>")
    assert found.code == 0, found.err
    assert found.out.splitlines()[0].startswith("MODEL\tANSWERS\tMEDIAN")
    assert "fast\t1/1\t" in found.out
    assert "echo: Hello <b>" in found.out


@pytest.mark.slow  # a server that is gone is tried again, for some seconds
def test_compare_over_data_writes_json_and_a_page(here: Project) -> None:
    found = here.run(
        *("models", "compare", "fast", "safe", "gone/x", "--data", "data.jsonl"),
        *("--system", "Be <i>brief</i>.", "--html", "page.html", "--json"),
    )
    assert found.code == 1, found.err
    standings = {one["model"]: one for one in found.json["models"]}
    assert (standings["fast"]["answered"], standings["gone/x"]["failed"]) == (2, 2)
    assert standings["fast"]["cost"] > 0
    assert standings["gone/x"]["cost"] is None
    assert [row["question"] for row in found.json["answers"]] == ["One?", "Two?"]
    page = (here.folder / "page.html").read_text(encoding="utf-8")
    assert "Be &lt;i&gt;brief&lt;/i&gt;." in page
    assert "<i>brief" not in page
    assert "ModelUnreachableError" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://127.0.0.1", "")


def test_a_page_shows_what_a_model_wrote_as_text(here: Project, stub: StubServer) -> None:
    stub.set_script(parse_script({"replies": [{"text": "<script>alert(1)</script>"}]}))
    try:
        here.run("models", "compare", "fast", "--prompt", "x", "--html", "page.html")
    finally:
        stub.set_script(StubScript())
    page = (here.folder / "page.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fast",), "Give --prompt or --data"),
        (("fast", "--prompt", "a", "--data", "data.jsonl"), "one of them"),
        (("--prompt", "a"), "Missing argument"),
        (("fast", "--data", "data.jsonl", "--column", "q"), "no column 'q'"),
        (("fast", "--data", "none.jsonl"), "none.jsonl"),
    ],
)
def test_compare_refuses_what_it_cannot_use(
    here: Project, arguments: tuple[str, ...], words: str
) -> None:
    found = here.run("models", "compare", *arguments)
    assert found.code == 2
    assert words in found.err


@pytest.mark.slow
def test_a_flow_uses_slots_and_a_run_remembers_its_environment(here: Project) -> None:
    here.write("ask.prompty", "---\nmodel: {configuration: {model: fast}}\n---\nuser:\n{{q}}\n")
    here.write("q.jsonl", '{"q": "Hi"}\n')
    plain = here.run("run", "ask.prompty", "--data", "q.jsonl", "--name", "plain", "--json")
    assert plain.code == 0, plain.err
    assert plain.json["cost"] > 0
    assert plain.json["unpriced"] == 0
    other = here.run(
        *("run", "ask.prompty", "--data", "q.jsonl", "--name", "other", "--json"),
        *("--environment", "test"),
    )
    assert other.json["cost"] == 0
    answers = [json.loads(here.run("runs", "export", n).out)["outputs"] for n in ("plain", "other")]
    assert answers[0] == {"output": "echo: Hi"}
    assert answers[1] != answers[0]
    here.write("q.jsonl", '{"q": "Hi"}\n')
    again = here.run("runs", "resume", "other", "--json")
    assert again.code == 0, again.err
    called = here.run("test", "ask.prompty", "-i", "q=Hi", "--environment", "tset")
    assert called.code == 2
    assert "Did you mean 'test'?" in called.err


def test_the_cost_of_a_run_with_an_unpriced_call_is_a_lower_bound(here: Project) -> None:
    node = (
        "- name: {0}\n  type: llm\n  source: {{type: code, path: a.jinja2}}\n"
        "  inputs: {{model: {1}}}\n"
    )
    here.write(
        "two/flow.dag.yaml",
        "outputs:\n  a: {type: string, reference: '${one.output}'}\nnodes:\n"
        + node.format("one", "fast")
        + node.format("two", "stub/of-no-known-price"),
    )
    here.write("two/a.jinja2", "user:\nHi\n")
    here.write("d.jsonl", "{}\n{}\n")
    found = here.run("run", "two", "--data", "d.jsonl", "--name", "part", "--json")
    assert found.code == 0, found.err
    assert found.json["cost"] is None
    assert found.json["known_cost"] > 0
    assert found.json["unpriced"] == 2
    shown = here.run("runs", "show", "part")
    assert "≥ $0.00" in shown.out
    assert "2 calls without a known price" in shown.out


@pytest.mark.parametrize("file", ["flowgrade.yaml", "models.yaml"])
def test_schema_prints_the_json_schema_of_a_file(project: Project, file: str) -> None:
    found = project.run("schema", file)
    assert found.code == 0
    schema: dict[str, Any] = found.json
    assert schema["title"] == file


def test_a_mistake_in_models_yaml_ends_with_its_place(here: Project) -> None:
    here.write("models.yaml", "models:\n  a/b: {contxt: 1}\n")
    found = here.run("models", "list")
    assert found.code == 2
    assert "models.yaml:2: There is no field of a model 'contxt'." in found.err
    assert Path(here.folder / "models.yaml").is_file()
