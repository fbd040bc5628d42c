"""Flows of nodes: what runs, in which order, with which values."""

from __future__ import annotations

import asyncio
import time

import pytest

from flowgrade.errors import FlowDefinitionError, FlowInputError, NodeError
from flowgrade.flows import Flow
from flowgrade.tracing import RecordedSpan
from tests.flows.conftest import Load, Write, dag, node

UPPER = """
from flowgrade import tool

@tool
def upper(text: str) -> str:
    return text.upper()
"""

TWO = """
inputs:
  text: {type: string}
  times: {type: int, default: 2}
outputs:
  result: {type: string, reference: "${repeat.output}"}
nodes:
- name: repeat
  type: python
  source: {type: code, path: repeat.py}
  inputs: {text: "${upper.output}", times: "${inputs.times}"}
- name: upper
  type: python
  source: {type: code, path: upper.py}
  inputs: {text: "${inputs.text}"}
"""
REPEAT = """
from flowgrade import tool

@tool
def repeat(text: str, times: int) -> str:
    return text * times
"""


def test_nodes_run_in_the_order_of_their_references(load: Load) -> None:
    flow = load(TWO, {"upper.py": UPPER, "repeat.py": REPEAT})
    assert flow(text="ab") == {"result": "ABAB"}


def test_an_input_is_coerced_and_a_default_filled_in(load: Load) -> None:
    flow = load(TWO, {"upper.py": UPPER, "repeat.py": REPEAT})
    assert flow(text="x", times="3") == {"result": "XXX"}


def test_a_wrong_type_names_input_value_and_type(load: Load) -> None:
    flow = load(TWO, {"upper.py": UPPER, "repeat.py": REPEAT})
    with pytest.raises(FlowInputError, match=r"'times' is 'many', which is no int"):
        flow(text="x", times="many")


def test_a_missing_input_is_named(load: Load) -> None:
    flow = load(TWO, {"upper.py": UPPER, "repeat.py": REPEAT})
    with pytest.raises(FlowInputError, match="needs the input 'text'"):
        flow()


def test_a_failing_node_is_named_with_its_error(load: Load) -> None:
    flow = load(
        dag(
            "  a: {type: int}",
            '  b: {type: int, reference: "${n.output}"}',
            node("n", "n.py", '{a: "${inputs.a}"}'),
        ),
        {"n.py": "def n(a: int) -> float:\n    return 1 / a\n"},
    )
    with pytest.raises(NodeError, match="Node 'n' failed: ZeroDivisionError"):
        flow(a=0)


def test_independent_nodes_run_side_by_side(load: Load) -> None:
    slow = "import time\n\ndef wait() -> str:\n    time.sleep(0.3)\n    return 'done'\n"
    join = "def join(a: str, b: str, c: str) -> str:\n    return a + b + c\n"
    flow = load(
        dag(
            "  x: {type: string, default: x}",
            '  all: {type: string, reference: "${join.output}"}',
            node("a", "slow.py"),
            node("b", "slow.py"),
            node("c", "slow.py"),
            node("join", "join.py", '{a: "${a.output}", b: "${b.output}", c: "${c.output}"}'),
        ),
        {"slow.py": slow, "join.py": join},
    )
    start = time.monotonic()
    assert flow() == {"all": "donedonedone"}
    assert time.monotonic() - start < 0.8


def test_async_nodes_and_sync_nodes_mix(load: Load) -> None:
    later = """
        import asyncio

        async def later(text: str) -> str:
            await asyncio.sleep(0)
            return text + '!'
    """
    flow = load(
        dag(
            "  text: {type: string}",
            '  out: {type: string, reference: "${upper.output}"}',
            node("later", "later.py", '{text: "${inputs.text}"}'),
            node("upper", "upper.py", '{text: "${later.output}"}'),
        ),
        {"later.py": later, "upper.py": UPPER},
    )
    assert flow(text="a") == {"out": "A!"}
    assert asyncio.run(flow.acall(text="b")) == {"out": "B!"}


def test_a_generator_is_joined_and_streams(load: Load) -> None:
    words = "def words(text: str):\n    for word in text.split():\n        yield word + ' '\n"
    flow = load(
        dag(
            "  text: {type: string}",
            '  out: {type: string, reference: "${words.output}"}',
            node("words", "words.py", '{text: "${inputs.text}"}'),
        ),
        {"words.py": words},
    )
    assert flow(text="a b c") == {"out": "a b c "}

    async def pieces() -> list[object]:
        return [piece async for piece in flow.astream(text="a b")]

    *chunks, outputs = asyncio.run(pieces())
    assert chunks == [("out", "a "), ("out", "b ")]
    assert outputs == {"out": "a b "}


def test_a_later_node_gets_the_generator_itself(load: Load) -> None:
    words = "def words(text: str):\n    yield from text.split()\n"
    count = "def count(words) -> int:\n    return sum(1 for _ in words)\n"
    flow = load(
        dag(
            "  text: {type: string}",
            '  n: {type: int, reference: "${count.output}"}\n'
            '  all: {type: string, reference: "${words.output}"}',
            node("words", "words.py", '{text: "${inputs.text}"}'),
            node("count", "count.py", '{words: "${words.output}"}'),
        ),
        {"words.py": words, "count.py": count},
    )
    assert flow(text="a b c") == {"n": 3, "all": "abc"}


def test_references_go_into_outputs(load: Load) -> None:
    make = "def make() -> dict:\n    return {'a-b': [{'c': 7}], 'd': {'e': 'f'}}\n"
    flow = load(
        dag(
            "  x: {type: string, default: x}",
            "  seven: {type: int, reference: \"${make.output['a-b'][0].c}\"}\n"
            '  f: {type: string, reference: "${make.output.d.e}"}\n'
            '  literal: {type: string, reference: "a ${make.output}"}',
            node("make", "make.py"),
        ),
        {"make.py": make},
    )
    assert flow() == {"seven": 7, "f": "f", "literal": "a ${make.output}"}


def test_a_reference_to_a_missing_part_says_what_there_is(load: Load) -> None:
    flow = load(
        dag(
            "  x: {type: string, default: x}",
            '  y: {type: int, reference: "${make.output.nothing}"}',
            node("make", "make.py"),
        ),
        {"make.py": "def make() -> dict:\n    return {'this': 1}\n"},
    )
    with pytest.raises(NodeError, match=r"no 'nothing' in this"):
        flow()


BRANCHES = dag(
    "  kind: {type: string}",
    '  a: {type: string, reference: "${a.output}"}\n'
    '  b: {type: string, reference: "${b.output}"}\n'
    '  after: {type: string, reference: "${after.output}"}\n'
    '  both: {type: string, reference: "${both.output}"}',
    node("kind", "same.py", '{x: "${inputs.kind}"}'),
    node("a", "same.py", '{x: "took a"}', '  activate: {when: "${kind.output}", is: a}\n'),
    node("b", "same.py", '{x: "took b"}', '  activate: {when: "${kind.output}", is: b}\n'),
    node("after", "same.py", '{x: "${a.output}"}'),
    node("both", "both.py", '{a: "${a.output}", b: "${b.output}"}'),
)
BRANCH_FILES = {
    "same.py": "def same(x):\n    return x\n",
    "both.py": "def both(b, a='default a'):\n    return f'{a} and {b}'\n",
}


def test_a_node_that_is_not_activated_is_bypassed_with_those_that_only_read_it(load: Load) -> None:
    flow = load(BRANCHES, BRANCH_FILES)
    assert flow(kind="b") == {
        "a": None,
        "b": "took b",
        "after": None,
        "both": "default a and took b",  # the bypassed reference leaves the default in place
    }


def test_a_bypassed_reference_without_a_default_is_none(load: Load) -> None:
    assert load(BRANCHES, BRANCH_FILES)(kind="a")["both"] == "took a and None"


def test_activation_compares_without_coercion(load: Load) -> None:
    flow = load(
        dag(
            "  flag: {type: string}",
            '  a: {type: string, reference: "${a.output}"}',
            node(
                "a",
                "same.py",
                "{x: yes it ran}",
                '  activate: {when: "${inputs.flag}", is: true}\n',
            ),
        ),
        BRANCH_FILES,
    )
    assert flow(flag="true") == {"a": None}


def test_variants_replace_a_node(load: Load) -> None:
    text = dag(
        "  x: {type: string}",
        '  y: {type: string, reference: "${say.output}"}',
        "- name: say\n  use_variants: true\n",
        more="""node_variants:
  say:
    default_variant_id: plain
    variants:
      plain:
        node: {type: python, source: {type: code, path: same.py}, inputs: {x: "${inputs.x}"}}
      loud:
        node: {type: python, source: {type: code, path: upper.py}, inputs: {text: "${inputs.x}"}}
""",
    )
    files = {"same.py": BRANCH_FILES["same.py"], "upper.py": UPPER}
    assert load(text, files)(x="a") == {"y": "a"}
    assert load(text, files, variant="${say.loud}")(x="a") == {"y": "A"}
    assert load(text, files).variants == {"say": ("plain", "loud")}
    with pytest.raises(FlowDefinitionError, match=r"no variant of 'say' 'lout'.*\n.*'loud'"):
        load(text, files, variant="${say.lout}")


def test_a_prompt_node_renders(load: Load) -> None:
    flow = load(
        dag(
            "  name: {type: string}",
            '  y: {type: string, reference: "${greet.output}"}',
            "- name: greet\n  type: prompt\n  source: {type: code, path: greet.jinja2}\n"
            '  inputs: {name: "${inputs.name}"}\n',
        ),
        {"greet.jinja2": "Hello {{ name }}{{ nothing }}!"},
    )
    assert flow(name="Ada") == {"y": "Hello Ada!"}


def test_an_llm_node_asks_the_embedded_reader(load: Load) -> None:
    flow = load(
        dag(
            "  question: {type: string}\n  context: {type: string}",
            '  answer: {type: string, reference: "${ask.output}"}',
            "- name: ask\n  type: llm\n  api: chat\n  source: {type: code, path: ask.jinja2}\n"
            "  inputs: {model: embedded/reader, question: '${inputs.question}',"
            " context: '${inputs.context}'}\n",
        ),
        {"ask.jinja2": "system:\n<context>{{context}}</context>\nuser:\n{{question}}\n"},
    )
    answer = flow(
        question="How long is the battery warranty?",
        context="The frame has a warranty of five years. The battery warranty is two years.",
    )["answer"]
    assert answer == "The battery warranty is two years."


def test_modules_of_two_flows_do_not_collide(load: Load, write: Write, models: object) -> None:
    from flowgrade.flows import load_flow

    flows: list[Flow] = []
    for letter in "ab":
        folder = write(
            {
                "flow.dag.yaml": dag(
                    "  x: {type: string, default: x}",
                    '  y: {type: string, reference: "${n.output}"}',
                    node("n", "n.py"),
                ),
                "n.py": """
                    from utils import LETTER
                    import helpers.words

                    def n() -> str:
                        from helpers import words as again  # found at run time as well
                        return LETTER + helpers.words.WORD + again.WORD
                """,
                "utils.py": f"LETTER = '{letter}'\n",
                "helpers/__init__.py": "",
                "helpers/words.py": f"from . import more\nWORD = more.MORE + '{letter}'\n",
                "helpers/more.py": "MORE = '-'\n",
            },
            folder=letter,
        )
        flows.append(load_flow(folder, models=models))  # type: ignore[arg-type]
    assert [flow()["y"] for flow in flows] == ["a-a-a", "b-b-b"]


def test_additional_includes_stand_beside_the_flow(write: Write, load: Load) -> None:
    write({"shared.py": "VALUE = 5\n"}, folder="elsewhere")
    flow = load(
        dag(
            "  x: {type: string, default: x}",
            '  y: {type: int, reference: "${n.output}"}',
            node("n", "n.py"),
            more="additional_includes:\n- ../elsewhere/shared.py\n",
        ),
        {"n.py": "from shared import VALUE\n\ndef n() -> int:\n    return VALUE\n"},
    )
    assert flow() == {"y": 5}


def test_the_digest_follows_code_and_ignores_data(load: Load) -> None:
    text, files = TWO, {"upper.py": UPPER, "repeat.py": REPEAT}
    first = load(text, files).ref
    assert load(text, {**files, "data.jsonl": "{}\n"}).ref == first
    assert load(text, {**files, "upper.py": UPPER + "\n# changed\n"}).ref != first


def test_every_node_is_a_span_below_the_flow(load: Load) -> None:
    flow = load(TWO, {"upper.py": UPPER, "repeat.py": REPEAT})
    spans: list[RecordedSpan] = []
    execution = flow.execute({"text": "a"}, sink=spans.extend)
    root = next(span for span in spans if span.root)
    assert {span.name for span in spans} == {flow.name, "upper", "repeat"}
    assert all(span.parent_id == root.span_id for span in spans if not span.root)
    assert {span.trace_id for span in spans} == {execution.trace_id}
