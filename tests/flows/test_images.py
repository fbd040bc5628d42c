"""Images as inputs, in prompts and as outputs."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest

from flowgrade.errors import FlowInputError
from flowgrade.flows import load_flow
from flowgrade.models import Models
from flowgrade.settings import read_settings
from flowgrade.testing import StubServer
from tests.flows.conftest import Load, Write

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SAME = """
inputs:
  picture: {type: image}
outputs:
  picture: {type: image, reference: "${same.output}"}
nodes:
- name: same
  type: python
  source: {type: code, path: same.py}
  inputs: {picture: "${inputs.picture}"}
"""
FILES = {"same.py": "def same(picture):\n    return picture\n"}


def test_an_image_is_loaded_from_beside_the_flow_and_given_back_as_json(load: Load) -> None:
    flow = load(SAME, FILES)
    (flow.folder / "p.png").write_bytes(PIXEL)
    execution = flow.execute({"picture": {"data:image/png;path": "p.png"}}, sink=lambda _: None)
    assert execution.error is None
    expected = {"data:image/png;base64": base64.b64encode(PIXEL).decode()}
    assert json.loads(execution.outputs_json or "") == {"picture": expected}


def test_what_is_no_image_fails_with_the_inputs_name(load: Load) -> None:
    with pytest.raises(FlowInputError, match="'picture'"):
        load(SAME, FILES)(picture={"data:image/png;path": "not-there.png"})


def test_an_image_becomes_a_part_of_the_message(write: Write, tmp_path: Path) -> None:
    folder = write(
        {
            "flow.dag.yaml": """
                inputs:
                  picture: {type: image}
                outputs:
                  answer: {type: string, reference: "${see.output}"}
                nodes:
                - name: see
                  type: llm
                  api: chat
                  source: {type: code, path: see.jinja2}
                  inputs: {model: openai/gpt-test, picture: "${inputs.picture}"}
            """,
            "see.jinja2": "user:\nWhat is this?\n![image]({{picture}})\n",
        }
    )
    (folder / "p.png").write_bytes(PIXEL)

    async def call() -> tuple[object, Any]:
        async with StubServer() as stub:
            environment = {"OPENAI_API_KEY": "sk-stub", "OPENAI_BASE_URL": stub.base_url}
            async with Models(read_settings(environment, folder=tmp_path)) as models:
                flow = load_flow(folder, models=models)
                outputs = await flow.acall(picture={"data:image/png;path": "p.png"})
            return outputs, stub.requests[-1].body["messages"]

    outputs, messages = asyncio.run(call())
    assert "<image>" in str(outputs)  # the stub saw one
    text, image = messages[0]["content"]
    assert text == {"type": "text", "text": "What is this?"}
    assert image["image_url"]["url"].startswith("data:image/png;base64,")
