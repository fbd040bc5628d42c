"""Nodes that run other flows: once, for each item of a list, or until a condition holds."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from flowgrade.errors import FlowDefinitionError, LoopBoundError, NodeError
from flowgrade.flows import Flow, RowResult, load_flow
from flowgrade.models import Models
from flowgrade.tracing import RecordedSpan
from tests.flows.conftest import Write

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
    """Write an outer flow beside the flow ``shout`` and load it."""
    write(SHOUT_FILES, "shout")

    def build(dag: str, files: dict[str, str] | None = None, **options: Any) -> Flow:
        folder = write({"flow.dag.yaml": dag, **(files or {})}, "outer")
        return load_flow(folder, models=models, **options)

    return build


def spans_of(flow: Flow, **inputs: Any) -> list[RecordedSpan]:
    spans: list[RecordedSpan] = []
    asyncio.run(flow.aexecute(inputs, sink=spans.extend))
    return spans


def tree(spans: list[RecordedSpan]) -> dict[str, str]:
    names = {span.span_id: span.name for span in spans}
    return {span.name: names.get(span.parent_id or "", "") for span in spans}


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
        (("type: flow", "type: flwo"), "unknown type 'flwo'", 4),
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


# --- map

MAP = """
    inputs:
      words: {type: list}
      mark: {type: string, default: "?"}
    outputs: {all: {type: list, reference: "${each.output}"}}
    nodes:
    - name: each
      type: map
      source: {path: ../shout}
      over: text
      inputs: {text: "${inputs.words}", mark: "${inputs.mark}"}
"""


def test_a_flow_runs_for_each_item_in_the_order_of_the_list(build: Any) -> None:
    flow = build(MAP)
    words = [f"w{i}" for i in range(50)]
    assert flow(words=words) == {"all": [{"loud": f"W{i}?"} for i in range(50)]}
    assert flow(words=[]) == {"all": []}
    found = tree(spans_of(flow, words=["a", "b"]))
    assert found["each[0]"] == found["each[1]"] == "each"


def test_the_order_stays_whichever_item_is_done_first(build: Any) -> None:
    flow = build(
        MAP.replace("source: {path: ../shout}", "each: python\n      source: {path: slow.py}"),
        {
            "slow.py": """
                import asyncio

                async def slow(text: int, mark: str) -> int:
                    await asyncio.sleep((5 - text) / 200)
                    return text * 10
            """
        },
    )
    assert flow(words=[0, 1, 2, 3, 4]) == {"all": [0, 10, 20, 30, 40]}


def test_no_more_items_are_under_way_than_allowed(build: Any) -> None:
    flow = build(
        MAP.replace(
            "source: {path: ../shout}",
            "each: python\n      concurrency: 3\n      source: {path: count.py}",
        ),
        {
            "count.py": """
                import asyncio

                now, most = 0, 0

                async def count(text: int, mark: str) -> int:
                    global now, most
                    now += 1
                    most = max(most, now)
                    await asyncio.sleep(0)
                    await asyncio.sleep(0)
                    now -= 1
                    return most
            """
        },
    )
    assert max(flow(words=list(range(20)))["all"]) == 3


def test_any_type_of_node_can_be_done_for_each_item(build: Any) -> None:
    dag = MAP.replace("source: {path: ../shout}", "each: prompt\n      source: {path: say.jinja2}")
    flow = build(dag, {"say.jinja2": "{{ text }}{{ mark }}"})
    assert flow(words=["a", "b"]) == {"all": ["a?", "b?"]}
    model = """
    inputs: {words: {type: list}}
    outputs: {all: {type: list, reference: "${each.output}"}}
    nodes:
    - name: each
      type: map
      each: llm
      over: question
      source: {path: ask.jinja2}
      inputs: {model: embedded/reader, temperature: 0, question: "${inputs.words}"}
    """
    ask = "system:\n<context>Tea is hot. Ice is cold.</context>\nuser:\n{{ question }}\n"
    flow = build(model, {"ask.jinja2": ask})
    assert flow(words=["Is tea hot?", "Is ice cold?"]) == {"all": ["Tea is hot.", "Ice is cold."]}


def test_several_lists_go_side_by_side(build: Any) -> None:
    flow = build(MAP.replace("over: text", "over: [text, mark]").replace("string, def", "list, def"))
    assert flow(words=["a", "b"], mark=["1", "2"])["all"] == [{"loud": "A1"}, {"loud": "B2"}]
    with pytest.raises(NodeError, match="equally long: 'text' has 2, 'mark' has 1"):
        flow(words=["a", "b"], mark=["1"])


def test_a_literal_list_can_be_gone_over(build: Any) -> None:
    dag = MAP.replace('"${inputs.words}"', "[x, y]")
    assert build(dag)(words=[])["all"] == [{"loud": "X?"}, {"loud": "Y?"}]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("skip", [{"loud": "A?"}, {"loud": "B?"}]),
        (
            "collect",
            {
                "results": [{"loud": "A?"}, None, {"loud": "B?"}],
                "errors": [{"index": 1, "type": "ValueError", "message": "a bad text"}],
            },
        ),
    ],
)
def test_failed_items_are_skipped_or_collected_as_asked(
    build: Any, policy: str, expected: object
) -> None:
    flow = build(MAP.replace("over: text", f"over: text\n      on_error: {policy}"))
    assert flow(words=["a", "bad", "b"]) == {"all": expected}
    spans = {span.name: span for span in spans_of(flow, words=["a", "bad", "b"])}
    assert '"flowgrade.items_failed":1' in spans["each"].data
    assert spans["each[1]"].status == "error"
    assert spans["each[2]"].status == "ok"


def test_a_failed_item_fails_the_node_and_ends_the_others(build: Any) -> None:
    with pytest.raises(NodeError, match=r"Node 'each\[1\]/shout' failed: ValueError: a bad text"):
        build(MAP)(words=["a", "bad", "b"])


def test_what_is_no_list_fails_the_row(build: Any) -> None:
    flow = build(MAP.replace("words: {type: list}", "words: {type: object}"))
    with pytest.raises(NodeError, match="must be a list and is str"):
        flow(words="abc")


def test_a_map_may_run_once_after_all_rows(build: Any) -> None:
    dag = MAP.replace("over: text", "over: [text, mark]\n      aggregation: true")
    flow = build(dag)
    rows = [RowResult({}, {}, {"${inputs.words}": w, "${inputs.mark}": "?"}) for w in ("a", "b")]
    found = asyncio.run(flow.aggregate(rows))
    assert found.outputs == {"each": [{"loud": "A?"}, {"loud": "B?"}]}


@pytest.mark.parametrize(
    ("change", "message", "line"),
    [
        (("      over: text\n", ""), "does not say over what it goes", 6),
        (("over: text", "over: texts"), "(?s)goes over 'texts'.*Did you mean 'text'", 9),
        (("over: text", "over: text\n      concurrency: 0"), "concurrency: 0", 10),
        (("over: text", "over: text\n      concurrency: many"), "concurrency: many", 10),
        (("over: text", "over: text\n      on_error: ignore"), "(?s)fail, skip, collect", 10),
        (("over: text", "over: text\n      concurency: 2"), "(?s)Did you mean 'concurrency'", 10),
        (('"${inputs.words}"', "abc"), "which is no list", 10),
        (("over: text", "over: text\n      each: pythn"), "unknown type 'pythn'", 6),
        (("../shout", "../shoot"), "(?s)Did you mean '../shout'", 8),
    ],
)
def test_a_wrong_map_is_refused_with_its_place(
    build: Any, change: tuple[str, str], message: str, line: int
) -> None:
    with pytest.raises(FlowDefinitionError, match=message) as caught:
        build(MAP.replace(*change))
    assert caught.value.place is not None
    assert caught.value.place.line == line


# --- loop

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
    dag = LOOP.replace(
        "length(${output.loud}) >= 5", "${inputs.text} == 'A!' or ${iteration} == 3"
    )
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
