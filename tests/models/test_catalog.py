"""What is known of models."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowgrade.errors import NotFoundError, SettingsError
from flowgrade.models import CAPABILITIES, DEPLOYMENTS, Catalog, Connection, Models
from flowgrade.models.catalog.load import load_catalog, shipped_catalog
from flowgrade.settings import Settings
from tools import catalog as tool

SHIPPED = Catalog(shipped_catalog())


def catalog(folder: Path, text: str = "", *, home: str = "") -> Catalog:
    (folder / "home").mkdir(exist_ok=True)
    (folder / "models.yaml").write_text(text, encoding="utf-8")
    (folder / "home" / "models.yaml").write_text(home, encoding="utf-8")
    return load_catalog(Settings(project=folder, home=folder / "home", store=""))


def connection(name: str = "c", kind: str = "openai", url: str | None = None) -> Connection:
    return Connection(name=name, kind=kind, base_url=url)


def test_what_is_shipped_is_made_of_the_yaml() -> None:
    assert tool.TARGET.read_bytes() == tool.make(tool.FOLDER / "data"), (
        "run python tools/catalog.py"
    )


def test_the_shipped_models_are_well_formed() -> None:
    found = list(SHIPPED.models())
    assert len(found) > 100
    for model in found:
        assert model.provider in SHIPPED.providers, model.name
        assert not model.has & model.lacks, model.name
        assert model.has | model.lacks <= set(CAPABILITIES), model.name
        assert model.has & {"chat", "embeddings", "completion"}, model.name
        assert model.deployment in DEPLOYMENTS, model.name
        if model.price is not None:
            assert model.price.source.startswith("https://"), model.name
            assert model.price.date >= "2026-11-27", model.name
            assert model.price.rates.input is not None, model.name


def test_the_providers_that_people_use_are_there() -> None:
    providers = {model.provider for model in SHIPPED.models()}
    assert providers >= {
        *("openai", "azure_openai", "azure_ai", "anthropic", "gemini", "mistral", "cohere"),
        *("ollama", "embedded"),
    }


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("openai/gpt-4o-mini", "openai/gpt-4o-mini"),
        ("openai/gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini"),
        ("anthropic/claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5"),
        ("anthropic/claude-sonnet-4-5@20250929", "anthropic/claude-sonnet-4-5"),
        ("mistral/mistral-large-2512", "mistral/mistral-large-3"),
        ("ollama/llama3.2:3b-instruct-q4_0", "ollama/llama3.2"),
        ("azure_ai/gpt-4o", "azure_openai/gpt-4o"),
    ],
)
def test_dated_names_tags_and_aliases_mean_their_model(name: str, meant: str) -> None:
    assert SHIPPED.get(name).name == meant


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="Did you mean 'openai/gpt-4o-mini'"):
        SHIPPED.get("openai/gpt-4-mini")
    with pytest.raises(NotFoundError, match="Did you mean"):
        SHIPPED.get("gpt-4o-mini")
    with pytest.raises(NotFoundError, match="flowgrade models list"):
        SHIPPED.get("lab/zzzzzzzz")


@pytest.mark.parametrize(
    ("found", "provider"),
    [
        (connection(url="https://api.openai.com/v1"), "openai"),
        (connection(url="https://eu.api.openai.com/v1"), "openai"),
        (connection("openai"), "openai"),
        (connection(url="https://api.mistral.ai/v1"), "mistral"),
        (connection(kind="azure_openai", url="https://a.openai.azure.com"), "azure_openai"),
        (connection(url="https://a.openai.azure.com/openai/v1"), "azure_openai"),
        (connection(url="https://a.services.ai.azure.com/models"), "azure_ai"),
        (connection("ollama", url="http://localhost:11434/v1"), "ollama"),
        (connection("embedded", "embedded"), "embedded"),
        (connection("openai", url="http://127.0.0.1:9/v1"), None),
        (connection(url="https://notopenai.com/v1"), None),
        (connection(url="https://openai.com.evil.example/v1"), None),
        (connection("other", url="http://localhost:11434/v1"), None),
        (connection("ollama", url="https://paid.example/v1"), None),
        (connection(kind="elsewhere"), None),
    ],
)
def test_a_connection_leads_to_a_provider_by_its_address(
    found: Connection, provider: str | None
) -> None:
    leads_to = SHIPPED.provider_for(found)
    assert (leads_to.name if leads_to else None) == provider


def test_any_model_of_a_local_server_is_free() -> None:
    found = SHIPPED.of(connection("ollama", url="http://127.0.0.1:11434/v1"), "tiny-of-mine")
    assert found is not None
    assert found.price is not None
    assert found.price.rates.input == 0
    assert not found.lacks


def test_the_user_adds_models_and_corrects_what_is_shipped(tmp_path: Path) -> None:
    found = catalog(
        tmp_path,
        """
models:
  my-azure/chat-prod: {like: azure_openai/gpt-4o-mini, aliases: [chat-old]}
  openai/gpt-4o-mini:
    has: [reasoning]
    lacks: [images]
    price: {input: 9, output: 9, date: 2027-01-01, source: our contract}
  lab/own: {context: 4096, deployment: managed, has: [chat]}
connections: {gateway: openai}
""",
    )
    own = found.of(connection("my-azure", url="https://x.example"), "chat-prod")
    assert own is not None
    assert own.context == 128_000
    assert own.price == SHIPPED.get("azure_openai/gpt-4o-mini").price
    assert found.get("my-azure/chat-old") == own
    corrected = found.get("openai/gpt-4o-mini")
    assert corrected.price is not None
    assert (corrected.price.rates.input, corrected.price.rates.cached_input) == (9, None)
    assert corrected.context == 128_000
    assert {"reasoning", "tools"} <= corrected.has
    assert "images" in corrected.lacks - corrected.has
    assert "reasoning" not in corrected.lacks
    assert found.get("lab/own").deployment == "managed"
    gateway = found.of(connection("gateway", url="https://gateway.example/v1"), "gpt-4o")
    assert gateway == SHIPPED.get("openai/gpt-4o")


def test_the_project_goes_before_the_users_home(tmp_path: Path) -> None:
    found = catalog(
        tmp_path,
        "models: {lab/a: {context: 1}}",
        home="models: {lab/a: {context: 2, max_output: 7}, lab/b: {context: 3}}",
    )
    assert (found.get("lab/a").context, found.get("lab/a").max_output) == (1, 7)
    assert found.get("lab/b").context == 3


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("models:\n  lab/a: {contxt: 1}", 2, "no field of a model 'contxt'.*'context'"),
        ("models:\n  lab/a:\n    context: many", 3, "must be a number"),
        ("models:\n  lab/a:\n    context: 0", 3, "from 1 to"),
        ("models:\n  lab/a:\n    context: 1.5", 3, "whole number"),
        ("models:\n  lab/a:\n    has: [tool]", 3, "cannot be 'tool'.*'tools'"),
        ("models:\n  lab/a:\n    price: {input: 1}", 3, "lacks 'date'"),
        ("models:\n  lab/a:\n    price:\n      date: soon\n      source: x", 4, "not a date"),
        ("models:\n  lab/a:\n    deployment: cloud", 3, "cannot be 'cloud'"),
        ("models:\n  nameless: {}", 2, "form connection/model"),
        ("model: {}", 1, "no part of a catalog 'model'.*'models'"),
        ("connections:\n  a: opnai", 2, "no provider 'opnai'.*'openai'"),
        ("- a", 1, "not a mapping"),
        ("models: [a", 2, "not valid YAML"),
        ("models:\n  1: {}", 2, "no text"),
    ],
)
def test_a_mistake_in_models_yaml_is_shown_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    with pytest.raises(SettingsError, match=f"(?s){words}") as caught:
        catalog(tmp_path, text)
    assert caught.value.place is not None
    assert caught.value.place.file.endswith("models.yaml")
    assert caught.value.place.line == line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("models:\n  lab/a: {like: openai/gpt-4o-minni}", "Did you mean 'openai/gpt-4o-mini'"),
        ("models:\n  lab/a: {like: lab/a}", "like itself"),
        ("models:\n  lab/a: {like: lab/b}\n  lab/b: {like: lab/a}", "like itself"),
    ],
)
def test_likeness_to_nothing_or_to_itself_is_refused(tmp_path: Path, text: str, words: str) -> None:
    found = catalog(tmp_path, text)
    with pytest.raises(SettingsError, match=words) as caught:
        found.get("lab/a")
    assert caught.value.place is not None
    assert caught.value.place.line in (2, 3)


def test_a_model_that_is_opened_is_found_in_the_catalog(tmp_path: Path) -> None:
    models = Models(Settings(project=tmp_path, home=tmp_path, store=""))
    assert models.can("embedded/reader", "embeddings") is False
    assert models.can("embedded/reader", "chat") is True
    assert models.can("ollama/whatever", "tools") is None
