"""One cheap call says whether a connection works."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowgrade.models import Models, Probe, RetryPolicy, probe
from flowgrade.settings import Settings
from flowgrade.testing import StubServer, parse_script, running_stub

KEY = "sk-probe-0123456789"


@pytest.fixture
def stub() -> Iterator[StubServer]:
    script = {"require_key": KEY, "known_models": ["m1", "m2"]}
    with running_stub(parse_script(script)) as stub:
        yield stub


def ask(folder: Path, fields: dict[str, Any], model: str | None = None) -> Probe:
    (folder / "connections.yaml").write_text(json.dumps({"c": fields}), encoding="utf-8")
    settings = Settings(project=folder, home=folder, store="")

    async def work() -> Probe:
        async with Models(settings, retry=RetryPolicy(retries=0)) as models:
            return await probe(models, "c", model=model)

    return asyncio.run(work())


def test_an_endpoint_says_what_it_serves(stub: StubServer, tmp_path: Path) -> None:
    found = ask(tmp_path, {"base_url": stub.base_url, "api_key": KEY})
    assert (found.outcome, found.models) == ("ok", ("m1", "m2"))
    assert "2 models" in found.message
    assert found.seconds is not None


@pytest.mark.parametrize("path", ["", "/openai", "/openai/v1"])
def test_azure_says_it_too(stub: StubServer, tmp_path: Path, path: str) -> None:
    root = stub.base_url.removesuffix("/v1")
    fields = {"kind": "azure_openai", "base_url": root + path, "api_key": KEY}
    assert ask(tmp_path, fields).models == ("m1", "m2")


def test_anthropic_is_asked_in_its_own_way(stub: StubServer, tmp_path: Path) -> None:
    fields = {"kind": "anthropic", "base_url": stub.base_url, "api_key": KEY}
    assert ask(tmp_path, fields).models == ("m1", "m2")


def test_a_model_is_asked_itself(stub: StubServer, tmp_path: Path) -> None:
    fields = {"base_url": stub.base_url, "api_key": KEY}
    assert ask(tmp_path, fields, "m1").outcome == "ok"
    missing = ask(tmp_path, fields, "m3")
    assert missing.outcome == "failed"
    assert "m3" in missing.message


@pytest.mark.parametrize("model", [None, "m1"])
def test_a_wrong_key_is_a_failure(stub: StubServer, tmp_path: Path, model: str | None) -> None:
    found = ask(tmp_path, {"base_url": stub.base_url, "api_key": "sk-other-0123456789"}, model)
    assert found.outcome == "failed"
    assert "refused the key" in found.message
    assert found.hint
    assert "sk-other" not in str(found)


def test_an_endpoint_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    found = ask(tmp_path, {"base_url": "http://127.0.0.1:1/v1"})
    assert found.outcome == "failed"
    assert "cannot be reached" in found.message


def test_an_endpoint_without_a_list_leaves_it_open(stub: StubServer, tmp_path: Path) -> None:
    found = ask(tmp_path, {"base_url": f"{stub.base_url}/elsewhere", "api_key": KEY})
    assert found.outcome == "unsure"
    assert found.hint
    assert "--model" in found.hint


def test_a_connection_for_code_is_not_called(tmp_path: Path) -> None:
    found = ask(tmp_path, {"kind": "custom", "secrets": {"a": "b"}})
    assert (found.outcome, found.seconds) == ("unsure", None)


def test_a_model_that_only_embeds_is_asked_to(tmp_path: Path) -> None:
    pytest.importorskip("wordllama")
    assert ask(tmp_path, {"kind": "embedded"}, "static").outcome == "ok"
    assert ask(tmp_path, {"kind": "embedded"}).models == ("reader", "static")
