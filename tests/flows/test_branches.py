"""Nodes that run under a condition, and references that list several nodes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flowgrade.errors import FlowDefinitionError, NodeError
from flowgrade.flows import RowResult
from flowgrade.tracing import RecordedSpan
from tests.flows.conftest import Load

PARTS = {
    "kind.py": """
        def kind(text: str) -> dict:
            return {"label": text.split()[0], "words": len(text.split())}
    """,
    "say.py": """
        def say(text: str, mark: str = "!") -> str:
            return text + mark
    """,
}
BRANCHES = """
    inputs:
      text: {type: string}
      amount: {type: double, default: 0}
    outputs:
      answer: {type: string, reference: "${refund.output} ?? ${greet.output}"}
    nodes:
    - name: kind
      type: python
      source: {type: code, path: kind.py}
      inputs: {text: "${inputs.text}"}
    - name: refund
      type: python
      source: {type: code, path: say.py}
      inputs: {text: refund, mark: "?"}
      when: ${kind.output.label} == 'refund' and ${inputs.amount} > 100
    - name: greet
      type: python
      source: {type: code, path: say.py}
      inputs: {text: "${inputs.text}"}
      when: ${kind.output.label} != 'refund' or ${inputs.amount} <= 100
"""


def test_the_branch_whose_condition_holds_runs_and_gives_the_output(load: Load) -> None:
    flow = load(BRANCHES, PARTS)
    assert flow(text="refund me", amount=200) == {"answer": "refund?"}
    assert flow(text="refund me", amount=50) == {"answer": "refund me!"}
    assert flow(text="hello", amount=500) == {"answer": "hello!"}


def test_a_branch_that_does_not_run_has_no_span(load: Load) -> None:
    spans: list[RecordedSpan] = []
    asyncio.run(load(BRANCHES, PARTS).aexecute({"text": "hello"}, sink=spans.extend))
    assert [span.name for span in spans] == ["kind", "greet", "flow"]


def test_a_node_input_takes_the_first_that_was_not_bypassed(load: Load) -> None:
    flow = load(
        BRANCHES.replace(
            'reference: "${refund.output} ?? ${greet.output}"', 'reference: "${last.output}"'
        )
        + """
    - name: last
      type: python
      source: {type: code, path: say.py}
      inputs: {text: "${refund.output} ?? ${greet.output}", mark: "."}
""",
        PARTS,
    )
    assert flow(text="hello") == {"answer": "hello!."}
    assert flow(text="refund", amount=101) == {"answer": "refund?."}


def test_a_flow_input_may_be_the_last_resort(load: Load) -> None:
    flow = load(
        """
        inputs: {text: {type: string}}
        outputs:
          answer: {type: string, reference: "${last.output}"}
          plain: {type: string, reference: "${never.output} ?? ${inputs.text}"}
        nodes:
        - name: never
          type: python
          source: {type: code, path: say.py}
          inputs: {text: x}
          when: ${inputs.text} == 'never'
        - name: last
          type: python
          source: {type: code, path: say.py}
          inputs: {text: "${never.output} ?? ${inputs.text}"}
        """,
        PARTS,
    )
    assert flow(text="a") == {"answer": "a!", "plain": "a"}
    assert flow(text="never") == {"answer": "x!!", "plain": "x!"}


def test_when_every_alternative_was_bypassed_the_reader_is_too(load: Load) -> None:
    flow = load(
        """
        inputs: {n: {type: int}}
        outputs:
          answer: {type: string, reference: "${last.output}"}
          part: {type: string, reference: "${one.output.some.part}"}
        nodes:
        - {name: one, type: python, source: {type: code, path: say.py}, inputs: {text: "1"},
           when: "${inputs.n} == 1"}
        - {name: two, type: python, source: {type: code, path: say.py}, inputs: {text: "2"},
           when: "${inputs.n} == 2"}
        - {name: last, type: python, source: {type: code, path: say.py},
           inputs: {text: "${one.output} ?? ${two.output}"}}
        """,
        PARTS,
    )
    assert flow(n=3) == {"answer": None, "part": None}
    assert flow(n=2)["answer"] == "2!!"


def test_a_condition_on_bypassed_nodes_alone_bypasses_too(load: Load) -> None:
    flow = load(
        """
        inputs: {n: {type: int}}
        outputs: {answer: {type: string, reference: "${second.output}"}}
        nodes:
        - {name: first, type: python, source: {type: code, path: say.py}, inputs: {text: "1"},
           when: "${inputs.n} == 1"}
        - {name: second, type: python, source: {type: code, path: say.py}, inputs: {text: "2"},
           when: "${first.output} != 'x'"}
        """,
        PARTS,
    )
    assert flow(n=0) == {"answer": None}
    assert flow(n=1) == {"answer": "2!"}


def test_a_default_of_the_code_stays_when_all_alternatives_were_bypassed(load: Load) -> None:
    flow = load(
        """
        inputs: {n: {type: int}}
        outputs: {answer: {type: string, reference: "${last.output}"}}
        nodes:
        - {name: one, type: python, source: {type: code, path: say.py}, inputs: {text: "1"},
           when: "${inputs.n} == 1"}
        - {name: two, type: python, source: {type: code, path: say.py}, inputs: {text: "2"}}
        - {name: last, type: python, source: {type: code, path: say.py},
           inputs: {text: "${two.output}", mark: "${one.output} ?? ${one.output}"}}
        """,
        PARTS,
    )
    assert flow(n=0) == {"answer": "2!!"}
    assert flow(n=1) == {"answer": "2!1!"}


def test_a_condition_that_cannot_be_decided_fails_the_row_at_its_node(load: Load) -> None:
    flow = load(
        """
        inputs: {n: {type: object}}
        outputs: {answer: {type: string, reference: "${one.output}"}}
        nodes:
        - {name: one, type: python, source: {type: code, path: say.py}, inputs: {text: "1"},
           when: "${inputs.n} > 1"}
        """,
        PARTS,
    )
    assert flow(n=2) == {"answer": "1!"}
    with pytest.raises(NodeError, match="Node 'one' failed: ConditionError: .* compares text"):
        flow(n="many")


def test_aggregation_sees_the_alternative_that_each_row_took(load: Load) -> None:
    flow = load(
        BRANCHES
        + """
    - name: all
      type: python
      source: {type: code, path: all.py}
      inputs: {texts: "${refund.output} ?? ${greet.output}"}
      aggregation: true
""",
        {**PARTS, "all.py": "def all_(texts: list) -> str:\n    return ' '.join(texts)\n"},
    )
    rows = []
    for given in ({"text": "refund", "amount": 101}, {"text": "hi"}):
        found = flow.execute(given, sink=lambda _: None)
        assert found.outputs is not None
        rows.append(RowResult(found.inputs, found.outputs, found.kept))
    assert asyncio.run(flow.aggregate(rows)).outputs == {"all": "refund? hi!"}


def test_a_variant_may_have_a_condition_of_its_own(load: Load) -> None:
    dag = """
        inputs: {n: {type: int}}
        outputs: {answer: {type: string, reference: "${say.output}"}}
        nodes:
        - {name: say, use_variants: true}
        node_variants:
          say:
            default_variant_id: always
            variants:
              always:
                node: {type: python, source: {type: code, path: say.py}, inputs: {text: a}}
              sometimes:
                node: {type: python, source: {type: code, path: say.py}, inputs: {text: b},
                       when: "${inputs.n} > 1"}
    """
    assert load(dag, PARTS)(n=1) == {"answer": "a!"}
    for_all = dag.replace("use_variants: true", "use_variants: true, when: '${inputs.n} > 5'")
    assert load(for_all, PARTS)(n=1) == {"answer": None}
    assert load(for_all, PARTS, variant="${say.sometimes}")(n=2) == {"answer": "b!"}
    assert load(dag, PARTS, variant="${say.sometimes}")(n=1) == {"answer": None}
    assert load(dag, PARTS, variant="${say.sometimes}")(n=2) == {"answer": "b!"}


def test_one_node_of_several_can_be_called_alone(load: Load) -> None:
    flow = load(
        BRANCHES
        + """
    - name: last
      type: python
      source: {type: code, path: say.py}
      inputs: {text: "${refund.output} ?? ${greet.output}"}
""",
        PARTS,
    )
    call = flow.body.acall_node
    assert asyncio.run(call("last", {"greet.output": "g"})).outputs == {"output": "g!"}
    assert asyncio.run(call("last", {"text": "t"})).outputs == {"output": "t!"}


async def _streamed(flow: Any, **inputs: Any) -> tuple[list[str], dict[str, Any]]:
    found = [piece async for piece in flow.astream(**inputs)]
    return [piece.text for piece in found[:-1]], found[-1]


def test_the_branch_that_runs_is_the_one_that_streams(load: Load) -> None:
    flow = load(
        """
        inputs: {n: {type: int}}
        outputs: {answer: {type: string, reference: "${one.output} ?? ${two.output}"}}
        nodes:
        - {name: one, type: python, source: {type: code, path: spell.py}, inputs: {text: one},
           when: "${inputs.n} == 1"}
        - {name: two, type: python, source: {type: code, path: spell.py}, inputs: {text: two}}
        """,
        {"spell.py": "def spell(text: str):\n    yield from text\n"},
    )
    assert asyncio.run(_streamed(flow, n=1)) == (["o", "n", "e"], {"answer": "one"})
    assert asyncio.run(_streamed(flow, n=2)) == (["t", "w", "o"], {"answer": "two"})


def test_an_output_that_does_not_come_in_pieces_comes_whole(load: Load) -> None:
    flow = load(BRANCHES, PARTS)
    assert asyncio.run(_streamed(flow, text="hi")) == (["hi!"], {"answer": "hi!"})


@pytest.mark.parametrize(
    ("change", "message", "line"),
    [
        (("> 100\n", "> 100 100\n"), "'100' is not expected", 15),
        (("${kind.output.label} == ", "${kin.output.label} == "), "node 'kin'.*\n.*'kind'", 15),
        (("when: ${kind.output.label} == 'refund' and", "when: 7 #"), "must be text", 15),
        (("${refund.output} ?? ", "${refnd.output} ?? "), "node 'refnd'.*\n.*'refund'", 5),
        (("?? ${greet.output}", "?? ${gret.output}"), "node 'gret'", 5),
        (("${refund.output} ?? ", "${inputs.text} ?? "), "nothing after .* is ever taken", 5),
        (
            ('"${refund.output} ?? ${greet.output}"', '["${refund.output}"]'),
            "is a list.*\n.*Join several with",
            5,
        ),
        (
            ("<= 100\n", "<= 100\n      activate: {when: '${kind.output}', is: 1}\n"),
            "both 'when' and 'activate'",
            20,
        ),
        (("<= 100\n", "<= 100\n      aggregation: true\n"), "aggregation node 'greet'", 20),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(
    load: Load, change: tuple[str, str], message: str, line: int
) -> None:
    with pytest.raises(FlowDefinitionError, match=f"(?s){message}") as caught:
        load(BRANCHES.replace(*change), PARTS)
    assert caught.value.place is not None
    assert caught.value.place.line == line


def test_row_nodes_and_aggregation_nodes_are_not_mixed(load: Load) -> None:
    dag = """
        outputs: {x: {type: string, reference: "${a.output} ?? ${b.output}"}}
        nodes:
        - {name: a, type: python, source: {type: code, path: say.py}, inputs: {text: a}}
        - {name: b, type: python, source: {type: code, path: say.py}, inputs: {text: b},
           aggregation: true}
    """
    with pytest.raises(FlowDefinitionError, match="mixes aggregation nodes"):
        load(dag, PARTS)
