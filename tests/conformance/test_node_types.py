"""The built-in node types pass the kit that strangers' node types are tested with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from flowgrade.flows import NODE_TYPES, NodeType
from flowgrade.plugins import load_plugin, plugins
from flowgrade.retrieval import OpenIndex
from flowgrade.testing.nodes import NodeTypeConformance
from tests.retrieval.memory import open_shop


class _BuiltIn(NodeTypeConformance):
    def node_type(self) -> NodeType:
        return load_plugin(NODE_TYPES, self.type_name(), NodeType)  # type: ignore[type-abstract]


class TestPython(_BuiltIn):
    def type_name(self) -> str:
        return "python"

    def files(self) -> dict[str, str]:
        return {"double.py": "def double(text: str) -> str:\n    return text * 2\n"}

    def inputs(self) -> dict[str, Any]:
        return {"text": "ab"}


class TestPrompt(_BuiltIn):
    def type_name(self) -> str:
        return "prompt"

    def files(self) -> dict[str, str]:
        return {"hello.jinja2": "Hello {{ name }}!"}

    def inputs(self) -> dict[str, Any]:
        return {"name": "Ada"}


class TestLlm(_BuiltIn):
    def type_name(self) -> str:
        return "llm"

    def files(self) -> dict[str, str]:
        return {"ask.jinja2": "system:\n<context>{{ context }}</context>\nuser:\n{{ question }}\n"}

    def inputs(self) -> dict[str, Any]:
        return {"question": "Is tea hot?", "context": "Tea is hot.", "model": "embedded/reader"}


class TestAgent(_BuiltIn):
    def type_name(self) -> str:
        return "agent"

    def files(self) -> dict[str, str]:
        return {"ask.jinja2": "system:\n<context>{{ context }}</context>\nuser:\n{{ question }}\n"}

    def inputs(self) -> dict[str, Any]:
        return {"question": "Is tea hot?", "context": "Tea is hot.", "model": "embedded/reader"}


_INNER = """
inputs: {text: {type: string}}
outputs: {text: {type: string, reference: "${say.output}"}}
nodes:
- {name: say, type: prompt, source: {path: say.jinja2}, inputs: {text: "${inputs.text}"}}
"""
_INNER_FILES = {"inner.dag.yaml": _INNER, "say.jinja2": "{{ text }}!"}


class TestFlow(_BuiltIn):
    def type_name(self) -> str:
        return "flow"

    def files(self) -> dict[str, str]:
        return _INNER_FILES

    def inputs(self) -> dict[str, Any]:
        return {"text": "hello"}


class TestMap(_BuiltIn):
    def type_name(self) -> str:
        return "map"

    def files(self) -> dict[str, str]:
        return _INNER_FILES

    def inputs(self) -> dict[str, Any]:
        return {"text": ["a", "b"]}

    def options(self) -> dict[str, Any]:
        return {"over": "text"}


class TestLoop(_BuiltIn):
    def type_name(self) -> str:
        return "loop"

    def files(self) -> dict[str, str]:
        return _INNER_FILES

    def inputs(self) -> dict[str, Any]:
        return {"text": "a"}

    def options(self) -> dict[str, Any]:
        return {"until": "length(${output.text}) > 3", "max_iterations": 5}


_PACKAGE = {
    "kit_tools/__init__.py": """
from flowgrade.promptflow.contracts import PromptTemplate


def fill(prompt: PromptTemplate, **variables):
    return prompt.replace("{{ name }}", variables["name"])


def package_tools():
    return {"kit_tools.fill": {"module": "kit_tools", "function": "fill"}}
""",
    "kit_tools-1.0.dist-info/entry_points.txt": "[package_tools]\nkit = kit_tools:package_tools\n",
}


class TestCustomLlm(_BuiltIn):
    @pytest.fixture(autouse=True)
    def package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, text in _PACKAGE.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, "utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "kit_tools", raising=False)

    def type_name(self) -> str:
        return "custom_llm"

    def files(self) -> dict[str, str]:
        return {"hello.jinja2": "Hello {{ name }}!"}

    def source(self) -> tuple[str, str | None]:
        return "package_with_prompt", "kit_tools.fill"

    def inputs(self) -> dict[str, Any]:
        return {"name": "Ada"}


class _WithoutSource(_BuiltIn):
    def files(self) -> dict[str, str]:
        return {}

    def indexes(self) -> OpenIndex:
        return open_shop


class TestRetrieve(_WithoutSource):
    def type_name(self) -> str:
        return "retrieve"

    def inputs(self) -> dict[str, Any]:
        return {"question": "When does the shop open?", "index": "shop", "expand": "window"}


class TestRerank(_WithoutSource):
    def type_name(self) -> str:
        return "rerank"

    def inputs(self) -> dict[str, Any]:
        passages = ["Tea is hot.", "The shop opens at nine."]
        rerank = "embedding:embedded/static"
        return {"question": "When is it open?", "passages": passages, "rerank": rerank}


class TestRewriteQuery(_WithoutSource):
    def type_name(self) -> str:
        return "rewrite_query"

    def inputs(self) -> dict[str, Any]:
        history = [{"inputs": {"question": "Is tea hot?"}, "outputs": {"answer": "Yes."}}]
        return {"question": "And coffee?", "history": history, "model": "embedded/reader"}


class TestCite(_WithoutSource):
    def type_name(self) -> str:
        return "cite"

    def inputs(self) -> dict[str, Any]:
        return {"answer": "Tea is hot [1].", "passages": ["Tea is hot."]}


class TestAgenticRetrieve(_WithoutSource):
    def type_name(self) -> str:
        return "agentic_retrieve"

    def inputs(self) -> dict[str, Any]:
        # The embedded reader writes no JSON: the search by the question is what is left.
        return {"question": "When is it open?", "index": "shop", "model": "embedded/reader"}


def test_every_built_in_node_type_is_run_through_the_kit() -> None:
    kits = (
        *(TestAgent, TestCustomLlm, TestPython, TestPrompt, TestLlm, TestFlow, TestMap, TestLoop),
        *(TestAgenticRetrieve, TestCite, TestRerank, TestRetrieve, TestRewriteQuery),
    )
    tested = {kit().type_name() for kit in kits}
    own = {p.name for p in plugins(NODE_TYPES) if p.distribution == "flowgrade"}
    assert own == tested
