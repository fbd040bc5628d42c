"""Nodes that repeat until a condition holds."""

from __future__ import annotations

from typing import Any

import pytest

from flowgrade.errors import FlowDefinitionError, LoopBoundError, NodeError
from tests.flows.conftest import SHOUT, Write, spans_of, tree

LOOP = """
    inputs: {word: {type: string}}
    outputs:
      last: {type: string, reference: "${grow.output.loud}"}
      how: {type: object, reference: "${grow.output.loop}"}
    nodes:
    - name: grow
      type: loop
      source: {path: ../shout}
      inputs: {text: "${inputs.word}"}
      feed: {text: loud}
      until: length(${output.loud}) >= 5
      max_iterations: 4
"""


def test_a_flow_is_repeated_with_what_it_gave_until_the_condition_holds(build: Any) -> None:
    flow = build(LOOP)
    assert flow(word="ab") == {"last": "AB!!!", "how": {"iterations": 3, "stopped": "condition"}}
    found = tree(spans_of(flow, word="ab"))
    assert found["grow[1]"] == found["grow[3]"] == "grow"
    assert "grow[4]" not in found


def test_a_loop_that_reaches_its_bound_fails_or_stops_as_asked(build: Any) -> None:
    with pytest.raises(NodeError, match="'grow' failed: LoopBoundError: After 4") as caught:
        build(LOOP)(word="")
    assert isinstance(caught.value.cause, LoopBoundError)
    flow = build(LOOP + "      at_bound: stop\n")
    assert flow(word="")["how"] == {"iterations": 4, "stopped": "bound"}


def test_a_condition_may_look_at_inputs_and_count(build: Any) -> None:
    dag = LOOP.replace("length(${output.loud}) >= 5", "${inputs.text} == 'A!' or ${iteration} == 3")
    assert build(dag)(word="a")["how"]["iterations"] == 2
    assert build(dag)(word="b")["how"]["iterations"] == 3


def test_outputs_with_the_name_of_an_input_are_fed_back_by_themselves(
    build: Any, write: Write
) -> None:
    write(
        {
            "flow.dag.yaml": SHOUT.replace("loud:", "text:"),
        },
        "shout",
    )
    dag = LOOP.replace(".loud", ".text").replace("      feed: {text: loud}\n", "")
    assert build(dag)(word="ab")["last"] == "AB!!!"


def test_a_python_function_can_be_repeated(build: Any) -> None:
    flow = build(
        """
        inputs: {n: {type: int}}
        outputs: {n: {type: int, reference: "${half.output.output}"}}
        nodes:
        - name: half
          type: loop
          each: python
          source: {path: half.py}
          inputs: {n: "${inputs.n}"}
          feed: {n: output}
          until: ${output.output} <= 1
          max_iterations: 100
        """,
        {"half.py": "def half(n: int) -> int:\n    return n // 2\n"},
    )
    assert flow(n=1000) == {"n": 1}


def test_an_error_names_the_iteration(build: Any) -> None:
    dag = LOOP.replace("text: loud", "text: loud").replace("length(${output.loud}) >= 5", "false")
    with pytest.raises(NodeError, match=r"Node 'grow\[1\]/shout' failed: ValueError"):
        build(dag)(word="bad")
    dag = LOOP.replace("length(${output.loud}) >= 5", "${output.loud} > 3")
    with pytest.raises(NodeError, match=r"Node 'grow\[1\]' failed: ConditionError"):
        build(dag)(word="a")


@pytest.mark.parametrize(
    ("change", "message", "line"),
    [
        (("      max_iterations: 4\n", ""), "has no bound, so it might never end", 6),
        (("max_iterations: 4", "max_iterations: 0"), "max_iterations: 0", 12),
        (("max_iterations: 4", "max_iterations: 1001"), "(?s)from 1 to 1,000", 12),
        (("max_iterations: 4", "max_iterations: true"), "max_iterations: True", 12),
        (("max_iterations: 4", "max_iteration: 4"), "(?s)Did you mean 'max_iterations'", 12),
        (("      until: length(${output.loud}) >= 5\n", ""), "does not say until when", 6),
        (("length(${output.loud})", "length(${output.lod})"), "(?s)'lod'.*'loud'", 11),
        (("length(${output.loud})", "length(${inputs.txt})"), "(?s)'txt'.*'text'", 11),
        (("length(${output.loud})", "length(${grow.output})"), "cannot refer to", 11),
        (("      feed: {text: loud}\n", ""), "what goes from one iteration into the next", 6),
        (("{text: loud}", "{txt: loud}"), "(?s)input 'txt'.*'text'", 10),
        (("{text: loud}", "{text: lod}"), "(?s)'lod'.*'loud'", 10),
        (("{text: loud}", "[text]"), "'feed' that is no mapping", 10),
        (("max_iterations: 4", "max_iterations: 4\n      at_bound: go"), "(?s)fail, stop", 13),
        (("../shout", "../shoot"), "(?s)Did you mean '../shout'", 8),
    ],
)
def test_a_wrong_loop_is_refused_with_its_place(
    build: Any, change: tuple[str, str], message: str, line: int
) -> None:
    with pytest.raises(FlowDefinitionError, match=message) as caught:
        build(LOOP.replace(*change))
    assert caught.value.place is not None
    assert caught.value.place.line == line


def test_an_output_called_loop_is_refused(build: Any, write: Write) -> None:
    write({"flow.dag.yaml": SHOUT.replace("loud:", "loop:")}, "shout")
    with pytest.raises(FlowDefinitionError, match="an output 'loop'"):
        build(LOOP.replace("loud", "loop"))
