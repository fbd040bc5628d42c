"""Models by name."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowgrade.errors import (
    ConnectionNotFoundError,
    InputError,
    MissingKeyError,
    SettingsError,
    UnsupportedByModelError,
)
from flowgrade.models import ChatRequest, CompletionRequest, LimitedModel, Model, Models
from flowgrade.models.proxies import proxy_for
from flowgrade.settings import Settings

if TYPE_CHECKING:
    from tests.models.conftest import Rig
    from tests.models.server import Server

REQUEST = ChatRequest(messages=[{"role": "user", "content": "Hi"}])


def models(folder: Path, text: str = "", **environment: str) -> Models:
    (folder / "connections.yaml").write_text(text, encoding="utf-8")
    return Models(Settings(project=folder, home=folder, store="", environment=environment))


def test_a_name_carries_its_connection(tmp_path: Path, server: Server) -> None:
    text = f"mine: {{base_url: '{server.url}'}}"
    model = models(tmp_path, text).open("mine/meta/llama-3")
    assert isinstance(model, Model)
    assert model.name == "meta/llama-3"
    asyncio.run(model.chat(REQUEST))
    assert server.requests[0].body["model"] == "meta/llama-3"


def test_with_a_connection_the_name_is_the_endpoints(tmp_path: Path) -> None:
    text = "mine: {base_url: 'http://a/v1'}"
    assert models(tmp_path, text).open("org/model", connection="mine").name == "org/model"


def test_a_bare_name_is_one_of_openai(tmp_path: Path) -> None:
    assert models(tmp_path, OPENAI_API_KEY="sk-1").open("gpt-4o").name == "gpt-4o"
    own = models(tmp_path, OPENAI_BASE_URL="http://localhost:8000/v1")
    assert own.open("llama").name == "llama"


def test_a_bare_name_without_a_key_names_the_ways_out(tmp_path: Path) -> None:
    with pytest.raises(MissingKeyError) as caught:
        models(tmp_path).open("gpt-4o")
    assert "OPENAI_API_KEY" in str(caught.value)
    assert "ollama/gpt-4o" in str(caught.value)
    with pytest.raises(MissingKeyError, match="Did you mean 'embedded/reader'"):
        models(tmp_path).open("reader")


def test_an_unknown_connection_has_a_near_name(tmp_path: Path) -> None:
    with pytest.raises(ConnectionNotFoundError, match="Did you mean 'openai/gpt-4o'"):
        models(tmp_path).open("opnai/gpt-4o")
    known = "Known: anthropic, .*embedded, .*ollama, .*vllm"
    with pytest.raises(ConnectionNotFoundError, match=known):
        models(tmp_path).open("x", connection="zzz")


def test_a_connection_that_serves_no_models_is_refused(tmp_path: Path) -> None:
    text = "search: {kind: cognitive_search, api_key: k}"
    with pytest.raises(ConnectionNotFoundError, match="'cognitive_search', which serves no models"):
        models(tmp_path, text).open("search/x")


def test_a_variable_without_value_is_named_when_the_connection_is_used(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="variables without a value: HOST"):
        models(tmp_path, "a: {base_url: 'http://${env:HOST}/v1'}").open("a/x")


def test_an_address_that_is_none_names_where_to_set_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="OPENAI_BASE_URL"):
        models(tmp_path, OPENAI_API_KEY="k", OPENAI_BASE_URL="localhost:8000").open("gpt-4o")


def test_a_model_is_opened_once(rig: Rig) -> None:
    opener = rig.models()
    connection = rig.connection()
    first = opener.open("a", connection=connection)
    assert opener.open("a", connection=connection) is first
    assert opener.open("b", connection=connection) is not first
    assert opener.open("a", connection=rig.connection(parameters={"seed": 1})) is not first


def test_a_limited_model_refuses_each_ability_at_once() -> None:
    model = LimitedModel()
    assert isinstance(model, Model)
    with pytest.raises(UnsupportedByModelError, match="cannot chat"):
        model.chat_stream(REQUEST)
    with pytest.raises(UnsupportedByModelError, match="cannot complete"):
        model.complete_stream(CompletionRequest(prompt="Once"))


def test_the_room_does_not_import_what_is_heavy() -> None:
    code = """
import sys
from pathlib import Path
import flowgrade.models
heavy = {"aiohttp", "numpy", "wordllama", "yaml", "yarl", "asyncio"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
from flowgrade.settings import Settings
settings = Settings(project=Path("nowhere"), home=Path("nowhere"), store="")
flowgrade.models.Models(settings).open("embedded/reader")
assert not {"aiohttp", "numpy", "wordllama", "yaml"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("https://a.com/v1", {"https_proxy": "http://p:1"}, "http://p:1"),
        ("https://a.com/v1", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("http://a.com/v1", {"https_proxy": "http://p:1"}, None),
        ("http://a.com/v1", {"all_proxy": "http://p:1"}, "http://p:1"),
        ("https://a.com/v1", {"https_proxy": "http://p:1", "no_proxy": "b.com, .a.com"}, None),
        ("https://a.com:8/v1", {"https_proxy": "http://p:1", "NO_PROXY": "*"}, None),
        ("http://localhost:8/v1", {"http_proxy": "http://p:1"}, None),
        ("https://a.com/v1", {"https_proxy": "socks5://p:1"}, None),
        ("https://a.com/v1", {}, None),
    ],
)
def test_the_environment_names_the_proxy(
    url: str, environment: dict[str, str], proxy: str | None
) -> None:
    assert proxy_for(url, environment) == proxy


def test_a_proxy_gets_the_call(server: Server, tmp_path: Path) -> None:
    environment = {"http_proxy": f"http://127.0.0.1:{server.port}"}
    opener = models(tmp_path, "far: {base_url: 'http://far.example/v1'}", **environment)
    assert asyncio.run(opener.open("far/x").chat(REQUEST)).text == "Hello."
    assert server.requests[0].path == "http://far.example/v1/chat/completions"
