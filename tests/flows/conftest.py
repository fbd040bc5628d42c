"""Flows written to a temporary folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from flowgrade.flows import Flow, load_flow, run_blocking
from flowgrade.models import Models
from flowgrade.settings import read_settings
from flowgrade.tracing import RecordedSpan

Write = Callable[..., Path]
Load = Callable[..., Flow]


@pytest.fixture
def models(tmp_path: Path) -> Iterator[Models]:
    models = Models(read_settings({"FLOWGRADE_HOME": str(tmp_path / "home")}, folder=tmp_path))
    yield models
    run_blocking(models.aclose())


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files given as ``{name: text}`` below a folder of the test's own."""

    def write(files: dict[str, str], folder: str = "flow") -> Path:
        for name, text in files.items():
            file = tmp_path / folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return tmp_path / folder

    return write


@pytest.fixture
def load(write: Write, models: Models) -> Load:
    """Write a flow of nodes with its files and load it."""

    def load(dag: str, files: dict[str, str] | None = None, **options: object) -> Flow:
        folder = write({"flow.dag.yaml": dag, **(files or {})})
        return load_flow(folder, models=models, **options)  # type: ignore[arg-type]

    return load


SHOUT = """
    inputs:
      text: {type: string}
      mark: {type: string, default: "!"}
    outputs:
      loud: {type: string, reference: "${shout.output}"}
    nodes:
    - name: shout
      use_variants: true
    node_variants:
      shout:
        default_variant_id: upper
        variants:
          upper:
            node: {type: python, source: {type: code, path: shout.py},
                   inputs: {text: "${inputs.text}", mark: "${inputs.mark}"}}
          twice:
            node: {type: python, source: {type: code, path: shout.py},
                   inputs: {text: "${inputs.text}", mark: "${inputs.mark}", times: 2}}
"""
SHOUT_FILES = {
    "flow.dag.yaml": SHOUT,
    "shout.py": """
        from helpers import upper

        def shout(text: str, mark: str, times: int = 1) -> str:
            return upper(text) * times + mark
    """,
    "helpers.py": """
        def upper(text: str) -> str:
            if text == "bad":
                raise ValueError("a bad text")
            return text.upper()
    """,
}


@pytest.fixture
def build(write: Write, models: Models) -> Any:
    """Write an outer flow beside the flow ``shout`` of SHOUT_FILES and load it."""
    write(SHOUT_FILES, "shout")

    def build(dag: str, files: dict[str, str] | None = None, **options: Any) -> Flow:
        folder = write({"flow.dag.yaml": dag, **(files or {})}, "outer")
        return load_flow(folder, models=models, **options)

    return build


def node(name: str, path: str, inputs: str = "{}", more: str = "") -> str:
    return (
        f"- name: {name}\n  type: python\n  source: {{type: code, path: {path}}}\n"
        f"  inputs: {inputs}\n{more}"
    )


def dag(inputs: str, outputs: str, *nodes: str, more: str = "") -> str:
    body = "".join(nodes)
    return f"inputs:\n{inputs}\noutputs:\n{outputs}\nnodes:\n{body}{more}"


def spans_of(flow: Flow, **inputs: Any) -> list[RecordedSpan]:
    spans: list[RecordedSpan] = []
    asyncio.run(flow.aexecute(inputs, sink=spans.extend))
    return spans


def tree(spans: list[RecordedSpan]) -> dict[str, str]:
    names = {span.span_id: span.name for span in spans}
    return {span.name: names.get(span.parent_id or "", "") for span in spans}
