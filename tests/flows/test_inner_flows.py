"""Nodes that run other flows."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from flowgrade.errors import FlowDefinitionError, NodeError
from flowgrade.flows import load_flow
from flowgrade.models import Models
from tests.flows.conftest import SHOUT, SHOUT_FILES, Write, spans_of, tree

CALL = """
    inputs: {word: {type: string}}
    outputs: {answer: {type: string, reference: "${call.output.loud}"}}
    nodes:
    - name: call
      type: flow
      source: {path: ../shout}
      inputs: {text: "${inputs.word}"}
"""


def test_a_flow_runs_as_a_node_of_another_and_its_spans_join_the_trace(build: Any) -> None:
    flow = build(CALL)
    assert flow(word="hi") == {"answer": "HI!"}
    names = [span.name for span in spans_of(flow, word="hi")]
    assert names == ["shout", "shout", "call", "outer"]  # node, its flow, node, its flow
    assert tree(spans_of(flow, word="hi"))["call"] == "outer"
    assert flow.body.threaded  # both are sync chains, so nothing needs a loop


def test_two_flows_may_have_modules_of_the_same_name(build: Any) -> None:
    flow = build(
        CALL.replace("${call.output.loud}", "${own.output}")
        + """
    - name: own
      type: python
      source: {path: own.py}
      inputs: {text: "${call.output.loud}"}
""",
        {
            "own.py": "from helpers import upper\ndef own(text: str):\n    return upper(text)\n",
            "helpers.py": "def upper(text: str):\n    return f'<{text}>'\n",
        },
    )
    assert flow(word="hi") == {"answer": "<HI!>"}


def test_messages_show_the_plain_path_of_an_inner_flow(build: Any, write: Write) -> None:
    write({"flow.dag.yaml": SHOUT.replace("type: python", "type: pithon")}, "shout")
    with pytest.raises(FlowDefinitionError) as caught:
        build(CALL)
    assert "/shout/flow.dag.yaml:" in str(caught.value)
    assert ".." not in str(caught.value)


def test_the_variant_of_an_inner_flow_can_be_chosen(build: Any) -> None:
    flow = build(CALL + '      variant: "${shout.twice}"\n')
    assert flow(word="hi") == {"answer": "HIHI!"}
    with pytest.raises(Exception, match="no variant of 'shout' 'thrice'"):
        build(CALL + '      variant: "${shout.thrice}"\n')


def test_an_error_names_the_way_to_the_node_that_failed(build: Any) -> None:
    with pytest.raises(NodeError, match="Node 'call/shout' failed: ValueError: a bad text"):
        build(CALL)(word="bad")


def test_a_flow_of_any_kind_can_stand_inside(build: Any, write: Write) -> None:
    write({"fn.py": "def double(text: str):\n    return text * 2\n"}, "other")
    write({"flow.flex.yaml": "entry: flex:run\n", "flex.py": "def run(text): return {'loud': 1}"})
    dag = CALL.replace("../shout", "../other/fn.py:double").replace(".loud", ".output")
    assert build(dag)(word="hi") == {"answer": "hihi"}
    assert build(CALL.replace("../shout", "../flow"))(word="hi") == {"answer": 1}


def test_what_a_bypassed_node_would_have_given_leaves_the_inner_default(build: Any) -> None:
    flow = build(
        CALL.replace('"${inputs.word}"}', '"${word.output}", mark: "${mark.output}"}')
        + """
    - {name: word, type: prompt, source: {path: word.jinja2}, inputs: {word: "${inputs.word}"}}
    - {name: mark, type: prompt, source: {path: mark.jinja2},
       when: "${inputs.word} == 'quiet'"}
""",
        {"mark.jinja2": ".", "word.jinja2": "{{ word }}"},
    )
    assert flow(word="loud") == {"answer": "LOUD!"}
    assert flow(word="quiet") == {"answer": "QUIET."}


def test_the_version_of_a_flow_covers_the_flows_inside(build: Any, write: Write) -> None:
    before = build(CALL).ref
    assert build(CALL).ref == before
    write({"helpers.py": "def upper(text):\n    return text\n"}, "shout")
    assert build(CALL).ref != before


def test_a_flow_is_found_beside_the_definition_although_includes_move_the_rest(
    build: Any, write: Write
) -> None:
    write({"mark.txt": "x"}, "shared")
    flow = build(CALL + "    additional_includes: [../shared/mark.txt]\n")
    assert flow(word="hi") == {"answer": "HI!"}


def test_variables_of_an_inner_flow_hold_for_the_outer_one(build: Any, write: Write) -> None:
    inner = SHOUT + "    environment_variables: {A: inner, B: inner}\n"
    write({"flow.dag.yaml": inner}, "shout")
    flow = build(CALL + "    environment_variables: {B: outer}\n")
    assert flow.environment == {"A": "inner", "B": "outer"}


def test_the_text_of_an_inner_flow_streams(build: Any, write: Write) -> None:
    write({"shout.py": "def shout(text, mark, times=1):\n    yield from text\n"}, "shout")
    flow = build(CALL)
    assert flow.body.streamed == "answer"

    async def collect() -> list[Any]:
        return [piece async for piece in flow.astream(word="hi")]

    found = asyncio.run(collect())
    assert [piece.text for piece in found[:-1]] == ["h", "i"]
    assert found[-1] == {"answer": "hi"}


@pytest.mark.parametrize(
    ("change", "message", "line"),
    [
        (("../shout", "../shoot"), r"(?s)names the flow ../shoot, .*Did you mean '\.\./shout'", 6),
        (("{path: ../shout}", "{}"), "names no flow", 4),
        (("text:", "txt:"), "(?s)an input 'txt', .*Did you mean 'text'", 7),
        (("{text:", "{mark:"), "no value for its input 'text'", 7),
        (("type: flow", "type: flow\n      varient: x"), "(?s)'varient'.*'variant'", 6),
        (("type: flow", "type: flwo"), "unknown type 'flwo'", 5),
    ],
)
def test_a_wrong_flow_node_is_refused_with_its_place(
    build: Any, change: tuple[str, str], message: str, line: int
) -> None:
    with pytest.raises(FlowDefinitionError, match=message) as caught:
        build(CALL.replace(*change))
    assert caught.value.place is not None
    assert caught.value.place.line == line


def test_flows_in_a_circle_are_refused_with_the_whole_path(write: Write, models: Models) -> None:
    dag = """
        inputs: {word: {type: string}}
        outputs: {answer: {type: string, reference: "${next.output}"}}
        nodes:
        - {name: next, type: flow, source: {path: ../NEXT}, inputs: {word: "${inputs.word}"}}
    """
    for name, following in (("a", "b"), ("b", "c"), ("c", "b")):
        write({"flow.dag.yaml": dag.replace("NEXT", following)}, name)
    folder = write({}, "a")
    way = "b/flow.dag.yaml → c/flow.dag.yaml → b/flow.dag.yaml"
    with pytest.raises(FlowDefinitionError, match=way) as caught:
        load_flow(folder, models=models)
    assert str(caught.value.place).endswith("c/flow.dag.yaml:4")


@pytest.mark.parametrize("includes", ["", "additional_includes: [../shout/helpers.py]\n"])
def test_a_flow_inside_itself_is_refused_even_in_a_copy(
    write: Write, models: Models, includes: str
) -> None:
    write(SHOUT_FILES, "shout")
    inner = """
        inputs: {word: {type: string}}
        outputs: {answer: {type: string, reference: "${next.output}"}}
        nodes:
        - {name: next, type: flow, source: {path: ../flow.dag.yaml},
           inputs: {word: "${inputs.word}"}}
    """
    outer = inner.replace("../flow.dag.yaml", "sub")
    folder = write({"flow.dag.yaml": outer, "sub/flow.dag.yaml": inner}, "self")
    file = folder / "flow.dag.yaml"
    file.write_text(file.read_text(encoding="utf-8") + includes, encoding="utf-8")
    with pytest.raises(FlowDefinitionError, match="in a circle: self/flow.dag.yaml → sub/"):
        load_flow(folder, models=models)


def test_a_circle_through_python_code_is_refused_too(write: Write, models: Models) -> None:
    folder = write(
        {
            "flow.dag.yaml": """
                nodes:
                - {name: again, type: python, source: {path: again.py}}
            """,
            "again.py": """
                from pathlib import Path
                from flowgrade import load_flow

                me = load_flow(Path(__file__).parent)

                def again():
                    return me()
            """,
        },
        "again",
    )
    with pytest.raises(FlowDefinitionError, match="in a circle"):
        load_flow(folder, models=models)


def test_flows_stand_at_most_sixteen_deep(write: Write, models: Models, tmp_path: Path) -> None:
    dag = """
        nodes:
        - {name: next, type: flow, source: {path: sub}}
    """
    folder = tmp_path / "deep"
    place = folder
    for _ in range(20):
        write({"flow.dag.yaml": dag}, str(place.relative_to(tmp_path)))
        place = place / "sub"
    with pytest.raises(FlowDefinitionError, match="More than 16 flows"):
        load_flow(folder, models=models)
    shutil.rmtree(folder)
