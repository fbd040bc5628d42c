"""Prompt flow's exact rules for values, references, bypassed nodes and aggregation."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flowgrade.errors import FlowgradeError, FlowInputError
from flowgrade.flows import RowResult
from flowgrade.promptflow import PFClient, detail_rows
from flowgrade.promptflow.host import host
from tests.promptflow.conftest import Made

SAY = "def say(value, other='default'):\n    return {'value': value, 'other': other}\n"


def one(type_: str, default: str = "") -> dict[str, str]:
    dag = f"""\
inputs:
  value: {{type: {type_}{default}}}
outputs:
  out: {{type: object, reference: "${{inputs.value}}"}}
nodes: []
"""
    return {"flow.dag.yaml": dag}


@pytest.mark.parametrize(
    ("type_", "given", "found"),
    [
        ("int", "11", 11),
        ("int", 1.9, 1),
        ("double", "1.5", 1.5),
        ("double", 2, 2.0),
        ("bool", "TRUE", True),
        ("bool", "false", False),
        ("string", 4, "4"),
        ("string", None, "None"),
        ("list", "[1, 2]", [1, 2]),
        ("object", '{"a": 1}', {"a": 1}),
        ("object", "plain", "plain"),
        ("object", 5, 5),
    ],
)
def test_a_value_becomes_what_its_type_says(
    load: Made, type_: str, given: Any, found: object
) -> None:
    made = load(one(type_))(value=given)["out"]
    assert made == found
    assert type(made) is type(found)


@pytest.mark.parametrize(
    ("type_", "given"),
    [("int", "1.5"), ("int", "a"), ("bool", 1), ("bool", "yes"), ("list", "1"), ("list", "[")],
)
def test_a_value_that_does_not_fit_is_refused(load: Made, type_: str, given: object) -> None:
    with pytest.raises(FlowInputError, match=f"no {type_}"):
        load(one(type_))(value=given)


def test_a_default_stands_in_for_what_is_absent_and_not_for_null(load: Made) -> None:
    flow = load(one("object", ", default: [1]"))
    assert flow() == {"out": [1]}
    assert flow(value=None) == {"out": None}
    assert load(one("int", ", default: '7'"))() == {"out": 7}
    with pytest.raises(FlowInputError, match="needs the input 'value'"):
        load(one("int", ", default: null"))()


def nodes(inputs: str, code: str = SAY, output: str = "${say.output}") -> dict[str, str]:
    dag = f"""\
inputs:
  given: {{type: object, default: {{a: [{{b-c: 1}}], n: null}}}}
  with.dot: {{type: string, default: dotted}}
outputs:
  out: {{type: object, reference: "{output}"}}
nodes:
- name: pass
  type: python
  source: {{type: code, path: pass.py}}
  inputs: {{value: "${{inputs.given}}"}}
- name: say
  type: python
  source: {{type: code, path: say.py}}
  inputs: {{{inputs}}}
"""
    return {"flow.dag.yaml": dag, "say.py": code, "pass.py": "def give(value):\n    return value\n"}


@pytest.mark.parametrize(
    ("literal", "found"),
    [
        ("null", "default"),
        ("''", "default"),
        ("'x'", "x"),
        ("0", 0),
        ("'a ${pass.output} b'", "a ${pass.output} b"),
        ("'${inputs.with.dot}'", "dotted"),
    ],
)
def test_literals_that_say_nothing_leave_pythons_default(
    load: Made, literal: str, found: object
) -> None:
    code = SAY.replace("other='default'", "other: object = 'default'")
    flow = load(nodes(f"value: 1, other: {literal}", code))
    assert flow()["out"]["other"] == found


def test_literals_are_read_by_the_parameters_type_and_references_are_not(load: Made) -> None:
    code = "def say(value: int, other: int = 0):\n    return [value, other]\n"
    files = nodes("value: '7', other: '${inputs.with.dot}'", code)
    assert load(files)()["out"] == [7, "dotted"]


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("${pass.output.a[0]['b-c']}", 1),
        ("${pass.output['a'][0]}", {"b-c": 1}),
        ("${pass.a}", FlowgradeError),
        ("${pass}", {"a": [{"b-c": 1}], "n": None}),
        ("${pass.output.a.0}", FlowgradeError),
        ("${pass.output.missing}", FlowgradeError),
        ("${pass.output.a[1]}", FlowgradeError),
        ("${pass.output.n.x}", FlowgradeError),
    ],
)
def test_a_reference_is_walked_as_prompt_flow_walks_it(
    load: Made, reference: str, found: Any
) -> None:
    if found is FlowgradeError:
        with pytest.raises(FlowgradeError):
            load(nodes("value: 1", output=reference))()
    else:
        assert load(nodes("value: 1", output=reference))() == {"out": found}


BRANCHES = """\
inputs:
  on: {type: object, default: true}
outputs:
  last: {type: object, reference: "${last.output}"}
  mixed: {type: object, reference: "${mixed.output}"}
  forced: {type: object, reference: "${forced.output}"}
  follower: {type: object, reference: "${follower.output}"}
  part: {type: object, reference: "${gate.output.value}"}
nodes:
- name: gate
  type: python
  source: {type: code, path: say.py}
  inputs: {value: gate}
  activate: {when: "${inputs.on}", is: true}
- name: free
  type: python
  source: {type: code, path: say.py}
  inputs: {value: free}
- name: last
  type: python
  source: {type: code, path: say.py}
  inputs: {value: "${gate.output}"}
- name: mixed
  type: python
  source: {type: code, path: say.py}
  inputs: {value: "${gate.output}", other: "${free.output.value}"}
- name: forced
  type: python
  source: {type: code, path: say.py}
  inputs: {value: 1, other: "${gate.output}"}
  activate: {when: "${free.output.value}", is: free}
- name: follower
  type: python
  source: {type: code, path: say.py}
  inputs: {value: 2}
  activate: {when: "${gate.output.value}", is: gate}
"""


def test_a_bypassed_node_takes_those_along_that_have_nothing_else(load: Made) -> None:
    flow = load({"flow.dag.yaml": BRANCHES, "say.py": SAY})
    assert flow(on=False) == {
        "last": None,
        "mixed": {"value": None, "other": "free"},  # no default: null
        "forced": {"value": 1, "other": "default"},  # its own rule holds; Python's default
        "follower": None,  # its rule asks a node that was bypassed
        "part": None,  # prompt flow fails such a row
    }


@pytest.mark.parametrize(
    ("given", "active"), [("true", True), (1, True), ('"true"', False), ("True", False), (2, False)]
)
def test_a_rule_compares_as_python_does(load: Made, given: object, active: bool) -> None:
    """The input is an object, so text that is JSON was read; 1 is True in Python."""
    flow = load({"flow.dag.yaml": BRANCHES, "say.py": SAY})
    assert (flow(on=given)["last"] is not None) is active


SUMMING = """\
inputs:
  n: {type: int}
outputs:
  double: {type: object, reference: "${double.output}"}
  total: {type: object, reference: "${total.output}"}
nodes:
- name: double
  type: python
  source: {type: code, path: double.py}
  inputs: {n: "${inputs.n}"}
  activate: {when: "${inputs.n}", is: 2}
- name: total
  type: python
  source: {type: code, path: total.py}
  aggregation: true
  inputs: {doubles: "${double.output}", ns: "${inputs.n}", label: all}
- name: after
  type: python
  source: {type: code, path: after.py}
  reduce: true
  inputs: {total: "${total.output}"}
"""
TOTAL = """\
from promptflow.core import log_metric, tool

@tool
def total(doubles: list, ns: list, label: str):
    log_metric("rows", len(ns))
    log_metric("rows", len(ns) + 1)
    return [doubles, ns, label]
"""


def test_aggregation_gets_lists_of_rows_with_null_for_bypassed(load: Made) -> None:
    files = {
        "flow.dag.yaml": SUMMING,
        "double.py": "def double(n: int):\n    return n * 2\n",
        "total.py": TOTAL,
        "after.py": "def after(total):\n    return total[2]\n",
    }
    flow = load(files)
    assert flow(n=1) == {"double": None}  # an output of an aggregation node is dropped
    kept: list[Any] = [flow.execute({"n": n}, sink=lambda _: None).kept for n in (1, "2", 3)]
    rows = [RowResult({}, {}, one) for one in kept]
    found = asyncio.run(flow.aggregate(rows))
    assert found.outputs == {"total": [[None, 4, None], [1, 2, 3], "all"], "after": "all"}
    assert found.metrics == {"rows": 4}


TYPED = {
    "flow.dag.yaml": """
        inputs:
          text: {type: string, default: none}
          count: {type: int}
          share: {type: double}
          yes: {type: bool}
          names: {type: list}
          more: {type: object}
        outputs:
          all: {type: list, reference: "${seen.output}"}
        nodes:
        - name: seen
          type: python
          source: {type: code, path: seen.py}
          inputs:
            text: "${inputs.text}"
            count: "${inputs.count}"
            share: "${inputs.share}"
            yes: "${inputs.yes}"
            names: "${inputs.names}"
            more: "${inputs.more}"
    """,
    "seen.py": """
        def seen(text, count, share, yes, names, more):
            return [text, count, share, yes, names, more]
    """,
}


@pytest.mark.parametrize(("suffix", "between"), [("csv", ","), ("tsv", "\t")])
def test_cells_are_texts_that_become_what_the_inputs_types_say(
    load: Made, tmp_path: Path, suffix: str, between: str
) -> None:
    load(TYPED)
    rows = [
        ["text", "count", "share", "yes", "names", "more"],
        ["007", "007", "1e2", "TRUE", "[1]", '"{""a"": null}"'],
        ["", "-3", "2", "false", "[]", "NA"],
        ["None", "4", "0.5", "True", "['x']", "5"],
    ]
    data = tmp_path / f"data.{suffix}"
    data.write_text("".join(between.join(row) + "\n" for row in rows), encoding="utf-8")
    PFClient().run(tmp_path / "flow", data=data, name="r")
    details = detail_rows(host().store, "r")
    assert [row["outputs.all"] for row in details] == [
        ["007", 7, 100.0, True, [1], {"a": None}],
        ["", -3, 2.0, False, [], "NA"],
        "(Failed)",  # a list is JSON, and ['x'] is none
    ]
    assert details[1]["inputs.text"] == ""


def test_a_cell_is_text_for_a_parameter_that_says_so_and_json_for_one_without_a_type(
    load: Made, tmp_path: Path
) -> None:
    code = "def echo(a, b: str):\n    return repr([a, b])\n"
    load({"flow.flex.yaml": "entry: echo:echo\n", "echo.py": code}, name="flow.flex.yaml")
    data = tmp_path / "data.csv"
    data.write_text("a,b\n1,1\ntrue,true\nplain,\n", encoding="utf-8")
    PFClient().run(tmp_path / "flow" / "flow.flex.yaml", data=data, name="r")
    found = [row["outputs.output"] for row in detail_rows(host().store, "r")]
    assert found == ["[1, '1']", "[True, 'true']", "['plain', '']"]


def test_a_run_and_data_are_joined_by_line_number_and_failed_rows_are_left_out(
    load: Made, tmp_path: Path
) -> None:
    load(
        {"flow.flex.yaml": "entry: half:half\n", "half.py": "def half(n): return 2 / n\n"},
        name="flow.flex.yaml",
    )
    pf = PFClient()
    pf.run(tmp_path / "flow" / "flow.flex.yaml", data=[{"n": 1}, {"n": 0}, {"n": 4}], name="base")

    def seen(answer: float, was: int, truth: str, other: str = "default") -> list[object]:
        return [answer, was, truth, other]

    def joined(name: str, data: Any) -> list[tuple[int, object]]:
        pf.run(
            seen,
            run="base",
            data=data,
            name=name,
            column_mapping={
                "answer": "${run.outputs.output}",
                "was": "${run.inputs.n}",
                "truth": "${data.t}",
            },
        )
        rows = detail_rows(host().store, name)
        return [(row["inputs.line_number"], row["outputs.output"]) for row in rows]

    by_place = [{"t": "a"}, {"t": "b"}, {"t": "c"}]
    assert joined("one", by_place) == [
        (0, [2.0, 1, "a", "default"]),
        (2, [0.5, 4, "c", "default"]),
    ]
    csv = tmp_path / "truth.csv"
    csv.write_text("t,line_number\nthird,2\nelsewhere,9\n", encoding="utf-8")
    assert joined("two", csv) == [(2, [0.5, 4, "third", "default"])]
