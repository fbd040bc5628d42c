"""Connections from files and the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from flowgrade.errors import InputError, SettingsError
from flowgrade.models import Connection, Timeouts, load_connections
from flowgrade.settings import Secret, Settings


def settings(folder: Path, text: str | None = None, **environment: str) -> Settings:
    if text is not None:
        (folder / "connections.yaml").write_text(text, encoding="utf-8")
    return Settings(project=folder, home=folder, store="", environment=environment)


def load(folder: Path, text: str | None = None, **environment: str) -> Mapping[str, Connection]:
    return load_connections(settings(folder, text, **environment))


def test_the_environment_makes_connections(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        OPENAI_API_KEY=" sk-1\n",
        OPENAI_ORG_ID="org",
        AZURE_OPENAI_API_KEY="az",
        AZURE_OPENAI_ENDPOINT="https://r.openai.azure.com",
        OPENAI_API_VERSION="2024-06-01",
    )
    assert found["openai"].api_key == Secret("sk-1")
    assert found["openai"].base_url == "https://api.openai.com/v1"
    assert found["openai"].organization == "org"
    assert found["azure_openai"].base_url == "https://r.openai.azure.com"
    assert found["azure_openai"].api_version == "2024-06-01"
    assert found["ollama"].base_url == "http://localhost:11434/v1"
    assert found["embedded"].kind == "embedded"


def test_a_file_holds_connections_in_our_own_shape(tmp_path: Path) -> None:
    text = """
my-vllm:
  base_url: http://gpu:8000/v1
  api_key: ${env:VLLM_KEY}
  headers: {X-Team: "${env:TEAM}-x"}
  parameters: {temperature: 0}
  timeouts: {first_token: 300, total: null}
"""
    found = load(tmp_path, text, VLLM_KEY="k-1", TEAM="blue")["my-vllm"]
    assert (found.kind, found.base_url) == ("openai", "http://gpu:8000/v1")
    assert found.api_key == Secret("k-1")
    assert found.key_place == "VLLM_KEY"
    assert dict(found.headers) == {"X-Team": "blue-x"}
    assert dict(found.parameters) == {"temperature": 0}
    assert found.timeouts == Timeouts(first_token=300, total=None)


def test_a_connection_of_the_file_is_filled_in_from_the_environment(tmp_path: Path) -> None:
    text = "openai: {timeouts: {idle: 5}}"
    found = load(tmp_path, text, OPENAI_API_KEY="sk-1")["openai"]
    assert found.api_key == Secret("sk-1")
    assert found.key_place == "OPENAI_API_KEY"
    assert found.base_url == "https://api.openai.com/v1"
    assert found.timeouts.idle == 5


def test_a_connection_of_another_kind_takes_nothing_over(tmp_path: Path) -> None:
    found = load(tmp_path, "openai: {kind: azure_openai}", OPENAI_ORG_ID="org")["openai"]
    assert found.kind == "azure_openai"
    assert (found.base_url, found.organization) == (None, None)


def test_the_variable_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.yaml"
    file.write_text("a: {base_url: http://a/v1}", encoding="utf-8")
    found = load_connections(Settings(project=tmp_path, home=tmp_path, store="", connections=file))
    assert found["a"].base_url == "http://a/v1"


def test_a_file_that_is_named_and_missing_is_an_error(tmp_path: Path) -> None:
    named = Settings(project=tmp_path, home=tmp_path, store="", connections=tmp_path / "no.yaml")
    with pytest.raises(SettingsError, match="FLOWGRADE_CONNECTIONS"):
        load_connections(named)


PROMPTFLOW = """
$schema: https://azuremlschemas.azureedge.net/promptflow/latest/OpenAIConnection.schema.json
name: my_openai
type: open_ai
api_key: sk-2
organization: ""
base_url: "_"
---
name: my_azure
type: azure_open_ai
api_base: https://r.openai.azure.com
api_key: <user-input>
---  # a comment
- name: my_serverless
  type: serverless
  api_base: https://m.eastus.models.ai.azure.com/
  api_key: "******"
- name: my_search
  type: cognitive_search
  api_base: https://s.search.windows.net
  api_key: ${env:SEARCH_KEY}
- name: my_custom
  type: custom
  module: promptflow.connections
  configs: {endpoint: "http://c", depth: 3}
  secrets: {token: t-1}
"""


def test_a_file_holds_connections_of_prompt_flow(tmp_path: Path) -> None:
    found = load(tmp_path, PROMPTFLOW, MY_AZURE_API_KEY="az", SEARCH_KEY="s-1")
    assert found["my_openai"].kind == "openai"
    assert found["my_openai"].base_url is None
    assert found["my_openai"].api_key == Secret("sk-2")
    assert found["my_azure"].kind == "azure_openai"
    assert found["my_azure"].base_url == "https://r.openai.azure.com"
    assert found["my_azure"].api_version == "2024-02-01"
    assert found["my_azure"].api_key == Secret("az")
    assert found["my_serverless"].base_url == "https://m.eastus.models.ai.azure.com/v1"
    assert found["my_serverless"].api_key is None
    assert found["my_serverless"].key_place == "MY_SERVERLESS_API_KEY"


def test_connections_that_models_cannot_use_keep_their_values_for_code(tmp_path: Path) -> None:
    found = load(tmp_path, PROMPTFLOW, SEARCH_KEY="s-1")
    search, custom = found["my_search"], found["my_custom"]
    assert search.kind == "cognitive_search"
    assert dict(search.configs) == {"api_base": "https://s.search.windows.net"}
    assert search.secrets == {"api_key": Secret("s-1")}
    assert custom.kind == "custom"
    assert dict(custom.configs) == {"endpoint": "http://c", "depth": 3}
    assert custom.secrets == {"token": Secret("t-1")}


def test_no_secret_is_in_what_a_connection_shows(tmp_path: Path) -> None:
    text = "a: {base_url: http://a, api_key: sk-9, headers: {X: hush}, secrets: {t: t-9}}"
    shown = repr(load(tmp_path, text)["a"])
    assert not any(secret in shown for secret in ("sk-9", "hush", "t-9"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {base_ulr: http://a}", r"connections\.yaml: .*unknown field 'base_ulr'"),
        ("a: {base_ulr: http://a}", "Did you mean 'base_url'"),
        ("a: {base_url: 5}", "'base_url' of the connection 'a' is not a text"),
        ("a: {headers: x}", "'headers' of the connection 'a' is not a mapping"),
        ("a: {timeouts: {idle: soon}}", "timeout 'idle' of the connection 'a'"),
        ("a: {timeouts: {idle: -1}}", "timeout 'idle' of the connection 'a'"),
        ("a: {timeouts: {first: 1}}", "any of: connect, first_token, idle, total"),
        ("a: text", "'a' is not a mapping"),
        ("- {base_url: http://a}", "without a name"),
        ("just text", "holds no connections"),
        ("- {name: a}\n- {name: a}", "'a' is there twice"),
        ("a: {}\n---\nb: {base_url: [}", r"connections\.yaml:3:\d+: This is not valid YAML"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, text)


def test_a_variable_without_value_matters_only_when_its_connection_is_used(
    tmp_path: Path,
) -> None:
    found = load(tmp_path, "a: {base_url: '${env:HOST}'}\nb: {api_key: '${env:KEY}'}")
    assert found["a"].unset == ("HOST",)
    assert found["b"].unset == ()
    assert found["b"].api_key is None
    assert found["b"].key_place == "KEY"


@pytest.mark.parametrize("value", ["", "~", "{}", "# nothing"])
def test_an_empty_file_adds_nothing(tmp_path: Path, value: Any) -> None:
    assert load(tmp_path, value).keys() == load(tmp_path).keys()
