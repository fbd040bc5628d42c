"""Flows of a whole family do the same once they are exported as Python."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowgrade.app import App
from flowgrade.records import dumps
from flowgrade.settings import read_settings
from tests.promptflow.exports import TOOL, as_flow


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, str]:
    """Flows of up to six nodes: what each reads, when it runs, sync or async."""
    count = draw(st.integers(1, 6))
    nodes, files = [], {}
    for index in range(count):
        name = f"n{index}"
        sources = ["${inputs.a}", "${inputs.b}", "fixed", 7, None]
        for before in range(index):
            sources += [f"${{n{before}.output}}", f"${{n{before}.output.flag}}"]
            sources += [f"${{n{before}.output['value']}}"]
        reads = draw(st.lists(st.sampled_from(sources), min_size=1, max_size=3))
        node: dict[str, Any] = {
            "name": name,
            "type": "python",
            "source": {"type": "code", "path": f"{name}.py"},
            "inputs": {f"p{position}": source for position, source in enumerate(reads)},
        }
        if draw(st.booleans()):
            when = ["${inputs.a}", *(f"${{n{before}.output.flag}}" for before in range(index))]
            node["activate"] = {
                "when": draw(st.sampled_from(when)),
                "is": draw(st.sampled_from([True, False, 1, "x"])),
            }
        nodes.append(node)
        files[f"{name}.py"] = _tool_source(draw, name, len(reads))
    listed = draw(st.permutations(nodes))
    outputs = {
        f"o{index}": {"type": "object", "reference": f"${{n{index}.output{part}}}"}
        for index, part in enumerate(
            draw(st.lists(st.sampled_from(["", ".value", ".flag"]), min_size=count, max_size=count))
        )
    }
    definition = {
        "inputs": {"a": {"type": "object", "default": "x"}, "b": {"type": "int"}},
        "outputs": outputs,
        "nodes": listed,
    }
    return {"flow.dag.yaml": dumps(definition), **files}


def _tool_source(draw: st.DrawFn, name: str, parameters: int) -> str:
    defaults = draw(st.lists(st.booleans(), min_size=parameters, max_size=parameters))
    # Literals that are null are left out, so each parameter needs a default of some kind.
    given_ = ", ".join(
        f"p{position}={'None' if plain else repr(name)}" for position, plain in enumerate(defaults)
    )
    kind = draw(st.sampled_from(["def", "async def"]))
    all_ = ", ".join(f"p{position}" for position in range(parameters))
    flag = draw(st.sampled_from(["True", "False", "1", "None", "len(value) % 2 == 0"]))
    return (
        f"{TOOL}@tool\n{kind} {draw(st.sampled_from([name, 'my_tool']))}({given_}):\n"
        f"    value = repr([{all_}])\n    return {{'value': value, 'flag': {flag}}}\n"
    )


@pytest.fixture(scope="module")
def plain_app(tmp_path_factory: pytest.TempPathFactory) -> App:
    folder = tmp_path_factory.mktemp("project")
    app = App(read_settings({"FLOWGRADE_HOME": str(folder / "home")}, folder=folder))
    app.welcome_promptflow()
    return app


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(files=graphs())
def test_any_graph_gives_the_same_outputs(
    plain_app: App, tmp_path_factory: pytest.TempPathFactory, files: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("graph")
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    before, after = plain_app.load_flow(folder), as_flow(plain_app, folder)
    for inputs in ({"b": 1}, {"a": True, "b": "2"}, {"a": 1, "b": 3}, {"a": "false", "b": 4}):
        assert after(**inputs) == before(**inputs)
