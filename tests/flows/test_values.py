"""``${env:NAME}`` and ``${connection.key}`` in flows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from flowgrade.app import App
from flowgrade.errors import ConnectionNotFoundError, FlowDefinitionError, InputError
from flowgrade.flows import load_flow
from flowgrade.models import Models
from flowgrade.settings import Settings

CONNECTIONS = """
vault:
  kind: custom
  base_url: http://v/v1
  api_key: key-1
  configs: {index: products, endpoint: "${base.base_url}/x"}
  secrets: {token: token-1}
base: {base_url: "http://base"}
"""

PYTHON = """
from flowgrade import tool
from flowgrade.models import Connection

@tool
def told(value: str = "", where: {annotation} = None) -> dict:
    if where is None:
        return {{"output": value}}
    return {{"output": value, "where": {shown}}}
"""


def flow(folder: Path, inputs: str, *, annotation: str = "str", shown: str = "where") -> Path:
    (folder / "connections.yaml").write_text(CONNECTIONS, encoding="utf-8")
    code = PYTHON.format(annotation=annotation, shown=shown)
    (folder / "told.py").write_text(code, encoding="utf-8")
    (folder / "flow.dag.yaml").write_text(
        "outputs:\n  found: {type: object, reference: '${told.output}'}\nnodes:\n"
        "- name: told\n  type: python\n  source: {type: code, path: told.py}\n"
        f"  inputs: {inputs}\n",
        encoding="utf-8",
    )
    return folder


def call(folder: Path, **environment: str) -> Any:
    settings = Settings(project=folder, home=folder, store="", environment=environment)
    return load_flow(folder, models=Models(settings))()["found"]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("${env:CITY}", "Bonn"),
        ("in ${env:CITY}!", "in Bonn!"),
        ("${vault.token}", "token-1"),
        ("${vault.api_key}", "key-1"),
        ("${vault.index}", "products"),
        ("${vault.api_base}", "http://v/v1"),
        ("${vault.endpoint}", "http://base/x"),
        ("plain ${no} reference", "plain ${no} reference"),
    ],
)
def test_an_input_takes_a_value_from_the_surroundings(
    tmp_path: Path, written: str, found: str
) -> None:
    told = call(flow(tmp_path, f"{{value: '{written}'}}"), CITY="Bonn")
    assert told == {"output": found}


@pytest.mark.parametrize(
    ("written", "error", "message"),
    [
        ("${env:CITY}", InputError, r"flow\.dag\.yaml:\d+: .*env:CITY.* without a value"),
        ("${vault.nope}", InputError, r"flow\.dag\.yaml:\d+: .*'vault' has no value 'nope'"),
        ("${valt.token}", ConnectionNotFoundError, "'valt', which is not known"),
        ("${told.token}", FlowDefinitionError, "Only a node's output"),
        ("${tolt.output}", FlowDefinitionError, "Did you mean 'told'"),
    ],
)
def test_one_without_a_value_is_named_with_its_place(
    tmp_path: Path, written: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call(flow(tmp_path, f"{{value: '{written}'}}"))


def test_the_name_of_the_connection_may_be_a_variable(tmp_path: Path) -> None:
    made = flow(
        tmp_path,
        "{value: x, where: '${env:WHICH}'}",
        annotation="Connection",
        shown="where.configs['index']",
    )
    assert call(made, WHICH="vault")["where"] == "products"


def test_the_configuration_of_a_prompty_takes_values_too(tmp_path: Path) -> None:
    (tmp_path / "connections.yaml").write_text(CONNECTIONS, encoding="utf-8")
    models = Models(Settings(project=tmp_path, home=tmp_path, store="", environment={"H": "h"}))
    given = {"api_key": "${vault.api_key}", "base_url": "http://${env:H}/v1"}
    found = models.inline_connection("openai", given)
    assert found.base_url == "http://h/v1"
    assert found.api_key is not None
    assert found.api_key.reveal() == "key-1"
    with pytest.raises(InputError, match="env:NO"):
        models.inline_connection("openai", {"api_key": "${env:NO}"})


def test_connections_of_a_file_that_borrow_in_a_circle_are_refused(tmp_path: Path) -> None:
    made = flow(tmp_path, "{value: '${vault.api_key}'}")
    text = "a: {api_key: '${b.api_key}'}\nb: {api_key: '${a.api_key}'}"
    (tmp_path / "connections.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"b\.api_key → a\.api_key → b\.api_key"):
        call(made)


def test_a_flows_environment_takes_values_too(tmp_path: Path) -> None:
    made = flow(tmp_path, "{value: x}")
    app = App(
        Settings(
            project=tmp_path,
            home=tmp_path,
            store=f"sqlite:///{tmp_path / 's.db'}",
            environment={"CITY": "Bonn"},
        )
    )
    loaded = app.load_flow(made)
    given = {"A": "${env:CITY}", "B": "${vault.token}", "C": "plain"}
    with app.surroundings(loaded, given):
        assert [os.environ[name] for name in given] == ["Bonn", "token-1", "plain"]
    assert "A" not in os.environ
    with pytest.raises(InputError, match="env:NO"), app.surroundings(loaded, {"A": "${env:NO}"}):
        pass
    app.close()
