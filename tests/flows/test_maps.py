"""Nodes that do the same for each item of a list."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flowgrade.errors import FlowDefinitionError, NodeError
from flowgrade.flows import RowResult
from tests.flows.conftest import spans_of, tree

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
    dag = MAP.replace("over: text", "over: [text, mark]").replace("string, def", "list, def")
    flow = build(dag)
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
        (("over: text", "over: text\n      each: pythn"), "unknown type 'pythn'", 7),
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
