"""The built-in providers against the conformance kit, and what each sends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from flowgrade.errors import InputError, MissingKeyError
from flowgrade.models import PROVIDERS, ChatRequest, Connection, Provider
from flowgrade.plugins import load_plugin, plugins
from flowgrade.settings import Secret
from flowgrade.testing import running_stub
from flowgrade.testing.providers import ProviderConformance

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server

REQUEST = ChatRequest(messages=[{"role": "user", "content": "Hi"}])


def builtin(name: str) -> Provider:
    return load_plugin(PROVIDERS, name, Provider)  # type: ignore[type-abstract]


class OverHttp(ProviderConformance):
    """The stub behind a provider's own protocol."""

    kind = ""
    calls_tools = True
    writes_json = True

    @pytest.fixture(autouse=True)
    def _stub(self) -> Iterator[None]:
        with running_stub(self.script) as self.stub:
            yield

    def provider(self) -> Provider:
        return builtin(self.kind)

    def model_name(self) -> str:
        return "stub-model"

    def connection(self) -> Connection:
        key = Secret("sk-stub-key-123")
        return Connection(name="stub", kind=self.kind, base_url=self.address(), api_key=key)

    def address(self) -> str:
        return self.stub.base_url


class TestOpenAI(OverHttp):
    kind = "openai"


class TestAzureOpenAI(OverHttp):
    kind = "azure_openai"

    def address(self) -> str:
        return self.stub.url


class TestAnthropic(OverHttp):
    kind = "anthropic"


@pytest.mark.slow  # litellm takes seconds to load
@pytest.mark.filterwarnings("ignore:.*ReadOnly:UserWarning", "ignore::DeprecationWarning:litellm")
class TestLiteLLM(OverHttp):
    kind = "litellm"

    def model_name(self) -> str:
        return "openai/stub-model"

    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        pytest.importorskip("litellm")


class TestReader(ProviderConformance):
    name = "reader"

    def provider(self) -> Provider:
        return builtin("embedded")

    def model_name(self) -> str:
        return self.name

    def connection(self) -> Connection:
        return Connection(name="embedded", kind="embedded")


class TestStatic(TestReader):
    name = "static"

    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        pytest.importorskip("wordllama")


def test_the_builtin_providers_are_entry_points() -> None:
    known = {"openai", "azure_openai", "anthropic", "embedded", "litellm", "bedrock", "gemini"}
    assert known <= {one.name for one in plugins(PROVIDERS)}


def sent(rig: Rig, server: Server, **fields: Any) -> tuple[str, dict[str, str], Any]:
    asyncio.run(rig.open("my model", **fields).chat(REQUEST))
    request = server.requests[-1]
    return request.path, request.headers, request.body


@pytest.mark.parametrize("end", ["", "/", "/openai", "/openai/"])
def test_azure_is_called_by_deployment_version_and_key(
    rig: Rig, server: Server, kit: Kit, end: str
) -> None:
    address = f"http://127.0.0.1:{server.port}{end}"
    path, headers, body = sent(
        rig, server, kind="azure_openai", base_url=address, api_version="2024-06-01"
    )
    assert path == "/openai/deployments/my%20model/chat/completions?api-version=2024-06-01"
    assert headers["api-key"] == kit.key
    assert "Authorization" not in headers
    assert body["model"] == "my model"


def test_azures_newer_interface_needs_no_deployment_in_the_path(rig: Rig, server: Server) -> None:
    address = f"http://127.0.0.1:{server.port}/openai/v1/"
    path, _, _ = sent(rig, server, kind="azure_openai", base_url=address)
    assert path == "/openai/v1/chat/completions"


def test_a_version_goes_into_the_query(rig: Rig, server: Server) -> None:
    path, _, _ = sent(rig, server, base_url=f"{server.url}/?tenant=7", api_version="2024-05-01")
    assert path == "/v1/chat/completions?tenant=7&api-version=2024-05-01"


def test_azure_without_address_or_key_says_what_to_set(rig: Rig) -> None:
    with pytest.raises(InputError, match=r"AZURE_OPENAI_ENDPOINT to https://"):
        rig.models().open("azure_openai/my-deployment")
    with pytest.raises(MissingKeyError, match="AZURE_OPENAI_API_KEY"):
        rig.open(kind="azure_openai", api_key=None, key_setting="AZURE_OPENAI_API_KEY")


def test_openai_itself_needs_a_key_and_other_hosts_do_not(rig: Rig, server: Server) -> None:
    with pytest.raises(MissingKeyError, match="OPENAI_API_KEY"):
        rig.models().open("openai/gpt-4o")
    _, headers, _ = sent(rig, server, api_key=None)
    assert "Authorization" not in headers


def test_no_key_is_sent_to_a_log_or_a_body(
    rig: Rig, server: Server, kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        _, _, body = sent(rig, server)
    assert kit.key not in caplog.text
    assert kit.key not in orjson.dumps(body).decode()
