"""Connection objects in the hands of flows' code."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from flowgrade.app import App
from flowgrade.errors import FlowgradeError, InputError
from flowgrade.promptflow.configurations import (
    AzureOpenAIModelConfiguration,
    OpenAIModelConfiguration,
)
from flowgrade.promptflow.connections import (
    AzureOpenAIConnection,
    CognitiveSearchConnection,
    CustomConnection,
    OpenAIConnection,
    connection_object,
)
from flowgrade.records import dumps_any
from tests.promptflow.conftest import Made


@pytest.fixture(autouse=True)
def forget() -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "promptflow"]:
        del sys.modules[name]


def test_each_kind_has_its_class_and_fields(app: App) -> None:
    azure = connection_object(app.models.connection("azure"))
    assert isinstance(azure, AzureOpenAIConnection)
    assert azure.api_key == "sk-stub"
    assert azure.api_type == "azure"
    assert azure.api_version == "2024-02-01"
    assert azure.api_base.startswith("http://127.0.0.1")
    assert azure.auth_mode == "key"
    opened = connection_object(app.models.connection("open"))
    assert isinstance(opened, OpenAIConnection)
    assert opened.base_url.endswith("/v1")
    assert opened.organization is None
    assert isinstance(connection_object(app.models.connection("search")), CognitiveSearchConnection)


def test_a_custom_connection_is_read_by_attribute_item_and_dict(app: App) -> None:
    mine: Any = connection_object(app.models.connection("mine"))
    assert isinstance(mine, CustomConnection)
    assert mine.endpoint == mine["endpoint"] == mine.configs["endpoint"] == "https://mine.test"
    assert mine.token == mine["token"] == mine.secrets["token"] == "s3cret-token"
    assert dict(mine) == {
        "endpoint": "https://mine.test",
        "model_family": "LLaMa",
        "token": "s3cret-token",
    }
    assert mine.is_secret("token")
    assert not mine.is_secret("endpoint")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        mine.nothing  # noqa: B018


def test_secrets_are_not_shown(app: App) -> None:
    mine: Any = connection_object(app.models.connection("mine"))
    assert "s3cret" not in repr(mine)
    assert "s3cret" not in str(mine)
    assert "s3cret" not in dumps_any({"connection": mine})


NODE = """
    inputs: {}
    outputs: {out: {type: object, reference: "${a.output}"}}
    nodes:
    - {name: a, type: python, source: {type: code, path: a.py}, inputs: {connection: %s}}
"""


def python(annotation: str, body: str, more: str = "") -> str:
    return (
        "from typing import Union\n"
        "from promptflow.core import tool\n"
        "from promptflow.connections import *\n"
        "from promptflow.contracts.types import Secret\n"
        f"{more}\n@tool\ndef a(connection: {annotation}):\n    return {body}\n"
    )


@pytest.mark.parametrize(
    ("name", "annotation", "body", "expected"),
    [
        ("azure", "AzureOpenAIConnection", "connection.api_version", "2024-02-01"),
        ("open", "OpenAIConnection", "type(connection).__name__", "OpenAIConnection"),
        (
            "azure",
            "Union[OpenAIConnection, AzureOpenAIConnection]",
            "type(connection).__name__",
            "AzureOpenAIConnection",
        ),
        ("mine", "CustomConnection", "connection.model_family", "LLaMa"),
    ],
)
def test_a_node_gets_the_object_that_its_parameter_asks_for(
    load: Made, name: str, annotation: str, body: str, expected: str
) -> None:
    flow = load({"flow.dag.yaml": NODE % name, "a.py": python(annotation, body)})
    assert flow() == {"out": expected}


def test_a_strong_type_has_declared_keys_and_defaults(load: Made) -> None:
    more = (
        "class Mine(CustomStrongTypeConnection):\n"
        "    token: Secret\n"
        "    endpoint: str = 'https://default.test'\n"
        "    region: str = 'west'\n"
    )
    body = "[str(connection.token), connection.endpoint, connection.region]"
    flow = load({"flow.dag.yaml": NODE % "mine", "a.py": python("Mine", body, more)})
    assert flow() == {"out": ["s3cret-token", "https://mine.test", "west"]}


def test_a_connection_of_another_kind_is_refused(load: Made) -> None:
    with pytest.raises(FlowgradeError, match="a OpenAIConnection is wanted"):
        load({"flow.dag.yaml": NODE % "search", "a.py": python("OpenAIConnection", "1")})


def test_a_configuration_takes_a_connection_or_credentials() -> None:
    with pytest.raises(InputError, match="a connection and credentials"):
        AzureOpenAIModelConfiguration(azure_deployment="d", connection="c", api_key="k")
    made = OpenAIModelConfiguration.from_connection(
        OpenAIConnection(api_key="k", base_url="http://x"), model="m"
    )
    assert made.as_configuration() == {
        "type": "openai",
        "model": "m",
        "base_url": "http://x",
        "api_key": "k",
    }


def test_from_env_names_the_variable_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT", raising=False)
    with pytest.raises(InputError, match="AZURE_OPENAI_ENDPOINT"):
        AzureOpenAIConnection.from_env()
