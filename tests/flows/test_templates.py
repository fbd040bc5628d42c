"""Templates of nodes that include other files."""

from __future__ import annotations

import pytest

from flowgrade.errors import NodeError
from tests.flows.conftest import Load

FLOW = """
    inputs: {q: {type: string}}
    outputs: {answer: {type: string, reference: "${ask.output}"}}
    nodes:
    - name: ask
      type: TYPE
      source: {type: code, path: ask.jinja2}
      inputs: {q: "${inputs.q}", model: embedded/reader}
"""
FILES = {
    "ask.jinja2": '# system:\n{% include "rules/facts.md" %}\n\n# user:\n{{ q }}\n',
    "rules/facts.md": "<context>\nTea is hot.\n</context>\n",
}


def test_the_templates_of_nodes_include_files(load: Load) -> None:
    asked = load(FLOW.replace("TYPE", "llm"), FILES)
    assert asked(q="Is tea hot?") == {"answer": "Tea is hot."}
    text = load(FLOW.replace("TYPE", "prompt"), FILES)(q="?")["answer"]
    assert text == "# system:\n<context>\nTea is hot.\n</context>\n\n# user:\n?\n"


@pytest.mark.parametrize("node_type", ["llm", "prompt"])
def test_an_error_names_the_included_file_and_its_line(load: Load, node_type: str) -> None:
    flow = load(FLOW.replace("TYPE", node_type), {**FILES, "rules/facts.md": "Tea\n{{ q.a.b }}\n"})
    with pytest.raises(NodeError, match="cannot be rendered") as caught:
        flow(q="x")
    assert str(caught.value.place).endswith("rules/facts.md:2")


def test_an_included_file_counts_for_the_version(load: Load) -> None:
    before = load(FLOW.replace("TYPE", "llm"), FILES).ref
    changed = {**FILES, "rules/facts.md": "<context>Tea is cold.</context>\n"}
    assert load(FLOW.replace("TYPE", "llm"), changed).ref != before
