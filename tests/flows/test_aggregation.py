"""Nodes that run once, after all rows."""

from __future__ import annotations

import asyncio

from flowgrade.flows import RowResult
from tests.flows.conftest import Load, dag, node


def test_aggregation_sees_the_values_of_all_rows(load: Load) -> None:
    flow = load(
        dag(
            "  x: {type: int}",
            '  y: {type: int, reference: "${double.output}"}',
            node("double", "double.py", '{x: "${inputs.x}"}'),
            node(
                "total",
                "total.py",
                '{ys: "${double.output}", xs: "${inputs.x}"}',
                "  aggregation: true\n",
            ),
        ),
        {
            "double.py": "def double(x: int) -> int:\n    return x * 2\n",
            "total.py": """
                from flowgrade import log_metric, tool

                @tool
                def total(ys: list, xs: list) -> int:
                    log_metric("sum", sum(ys))
                    return sum(ys) - sum(xs)
            """,
        },
    )
    rows = []
    for x in (1, 2, 3):
        done = flow.execute({"x": x}, sink=lambda spans: None)
        assert done.outputs is not None
        rows.append(RowResult(done.inputs, done.outputs, done.kept))
    found = asyncio.run(flow.aggregate(rows))
    assert found.metrics == {"sum": 12}
    assert found.outputs == {"total": 6}


def test_activate_and_its_bypass_hold_for_aggregation_nodes(load: Load) -> None:
    """What prompt flow 1.18 did with the same rules; a flow input is the list of all rows."""
    late = "  aggregation: true\n"
    kept = '{xs: "${inputs.x}"}'

    def when(reference: str, value: object) -> str:
        return f'{late}  activate: {{when: "{reference}", is: {value}}}\n'

    flow = load(
        dag(
            "  x: {type: int}\n  mode: {type: string}",
            '  y: {type: int, reference: "${double.output}"}',
            node("double", "double.py", '{x: "${inputs.x}"}'),
            node("count", "count.py", kept, late),
            node("met", "count.py", kept, when("${count.output}", 3)),
            node("unmet", "count.py", kept, when("${count.output}", 4)),
            node("all_of_them", "count.py", kept, when("${inputs.mode}", '["a", "b", "a"]')),
            node("one_of_them", "count.py", kept, when("${inputs.mode}", "a")),
            node("behind", "count.py", '{xs: "${double.output}", more: "${unmet.output}"}', late),
            node("ruled", "count.py", kept, when("${unmet.output}", "null")),
            node("either", "more.py", '{a: "${unmet.output}", b: "${met.output}"}', late),
            node("default", "count.py", '{xs: [1], more: "${met.output}"}', late),
            node("left_out", "left.py", '{a: "${unmet.output}", b: "${met.output}"}', late),
        ),
        {
            "double.py": "def double(x: int) -> int:\n    return x * 2\n",
            "count.py": "def count(xs: list, more: int = 0) -> int:\n    return len(xs) + more\n",
            "more.py": "def more(a, b) -> list:\n    return [a, b]\n",
            "left.py": "def left(b, a='default') -> list:\n    return [a, b]\n",
        },
    )
    rows = []
    for x, mode in ((1, "a"), (2, "b"), (3, "a")):
        done = flow.execute({"x": x, "mode": mode}, sink=lambda spans: None)
        assert done.outputs is not None
        rows.append(RowResult(done.inputs, done.outputs, done.kept))
    found = asyncio.run(flow.aggregate(rows))
    assert not found.failures
    assert found.outputs == {
        "count": 3,
        "met": 3,
        "all_of_them": 3,
        "either": [None, 3],
        "default": 4,
        "left_out": ["default", 3],
    }
