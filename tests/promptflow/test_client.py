"""PFClient, as a program written for prompt flow uses it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flowgrade.app import App
from flowgrade.errors import FlowgradeError, InputError, NotFoundError
from flowgrade.promptflow import PFClient, Run, load_run
from flowgrade.promptflow.connections import CustomConnection, OpenAIConnection
from flowgrade.promptflow.exceptions import InvalidRunStatusError

FILES = {
    "flow.dag.yaml": """
        inputs: {q: {type: string}}
        outputs: {a: {type: string, reference: "${up.output}"}}
        nodes:
        - name: up
          use_variants: true
        node_variants:
          up:
            default_variant_id: one
            variants:
              one:
                node:
                  type: python
                  source: {type: code, path: up.py}
                  inputs: {q: "${inputs.q}", n: 1}
              two:
                node:
                  type: python
                  source: {type: code, path: up.py}
                  inputs: {q: "${inputs.q}", n: 2}
    """,
    "up.py": """
        import os

        from promptflow.core import tool

        @tool
        def up(q: str, n: int) -> str:
            if q == "bad":
                raise ValueError("no")
            return q.upper() * n + os.environ.get("TAIL", "")
    """,
}
ROWS = [{"q": "a"}, {"q": "bad"}, {"q": "c"}]


@pytest.fixture
def flow(load: Any, tmp_path: Path) -> Path:
    load(FILES)
    return tmp_path / "flow"


@pytest.fixture
def pf(app: App) -> PFClient:
    return PFClient()


def test_a_flow_is_tested_with_variant_and_environment(pf: PFClient, flow: Path) -> None:
    assert pf.test(flow, inputs={"q": "x"}) == {"a": "X"}
    found = pf.test(
        flow, inputs={"q": "x"}, variant="${up.two}", environment_variables={"TAIL": "!"}
    )
    assert found == {"a": "XX!"}
    assert pf.test(flow, node="up", inputs={"q": "n"}) == "N"
    with pytest.raises(FlowgradeError, match="no"):
        pf.test(flow, inputs={"q": "bad"})


def test_a_function_is_run_and_evaluated_over_its_own_run(pf: PFClient, flow: Path) -> None:
    base = pf.run(flow, data=ROWS, name="base", display_name="${run} ${variant_id}")
    assert (base.name, base.status, base.display_name) == ("base", "Completed", "base default")

    def longer(answer: str, least: int) -> dict[str, bool]:
        return {"long": len(answer) >= least}

    graded = pf.run(
        longer, run=base, column_mapping={"answer": "${run.outputs.a}", "least": 1}, name="graded"
    )
    assert graded.run == "base"
    assert graded.properties["system_metrics"]["__pf__.lines.completed"] == 2


def test_details_have_a_column_for_each_input_and_output(pf: PFClient, flow: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pf.run(flow, data=ROWS, name="r")
    frame = pf.get_details("r")
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == ["inputs.q", "inputs.line_number", "outputs.a"]
    assert list(frame["outputs.a"]) == ["A", "(Failed)", "C"]
    assert len(pf.get_details("r", max_results=1)) == 1
    assert len(pf.get_details("r", max_results=1, all_results=True)) == 3


def test_runs_are_listed_changed_archived_and_deleted(pf: PFClient, flow: Path) -> None:
    run = pf.run(flow, data=ROWS, name="r", tags={"a": "1"})
    assert pf.runs.update(run, description="d", tags={"b": "2"}).tags == {"a": "1", "b": "2"}
    assert pf.get_metrics(run) == {}
    assert pf.stream(run).status == "Completed"
    pf.runs.archive(run)
    assert pf.runs.list() == []
    assert [one.name for one in pf.runs.list(include_archived=True)] == ["r"]
    pf.runs.restore("r")
    assert [one.name for one in pf.runs.list()] == ["r"]
    pf.runs.delete("r")
    with pytest.raises(NotFoundError):
        pf.runs.get("r")


def test_a_run_that_failed_raises_when_it_is_streamed(pf: PFClient, app: App, flow: Path) -> None:
    pf.run(flow, data=ROWS, name="r")
    with app.store.write() as transaction:
        transaction.execute("UPDATE runs SET status = 'failed' WHERE id = 'r'")
    with pytest.raises(InvalidRunStatusError, match="is Failed"):
        pf.stream("r")
    assert pf.stream("r", raise_on_error=False).status == "Failed"


def test_a_run_yaml_is_loaded_with_overrides(pf: PFClient, flow: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"q": "z"}\n', encoding="utf-8")
    (tmp_path / "tail.env").write_text("TAIL=?\n", encoding="utf-8")
    file = tmp_path / "run.yaml"
    file.write_text(
        "flow: flow\ndata: rows.jsonl\nenvironment_variables: tail.env\nvariant: ${up.two}\n",
        encoding="utf-8",
    )
    run = load_run(file, params_override=[{"tags.k": "v"}], name="y")
    ended = pf.runs.create_or_update(run)
    assert (ended.name, ended.tags, ended.variant) == ("y", {"k": "v"}, "${up.two}")
    assert [row.outputs for row in _rows(pf, "y")] == [{"a": "ZZ?"}]
    with pytest.raises(InputError, match="no field 'nam'"):
        load_run(file, params_override=[{"nam": "x"}])


def test_a_run_without_flow_or_data_is_refused(pf: PFClient, flow: Path) -> None:
    with pytest.raises(InputError, match="no flow"):
        pf.run(data=ROWS)
    with pytest.raises(InputError, match="no data"):
        pf.run(flow)


def test_a_run_is_resumed_under_a_new_name(pf: PFClient, flow: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"q": "a"}\n{"q": "bad"}\n', encoding="utf-8")
    pf.run(flow, data=file, name="r", description="kept")
    again = pf.run(resume_from="r", name="s")
    assert (again.name, again.description) == ("s", "kept")
    assert _rows(pf, "s")[0].trace_id == _rows(pf, "r")[0].trace_id
    with pytest.raises(InputError, match="from the earlier one"):
        pf.run(flow, resume_from="r")


def test_a_page_is_written_and_no_browser_opened(pf: PFClient, flow: Path, tmp_path: Path) -> None:
    pf.run(flow, data=ROWS, name="r")
    file = pf.visualize(["r"], html_path=tmp_path / "p.html")
    assert "ValueError" in file.read_text(encoding="utf-8")


def test_connections_are_kept_by_their_objects(pf: PFClient) -> None:
    made = OpenAIConnection(name="new", api_key="sk-1", base_url="http://x.test/v1")
    assert pf.connections.create_or_update(made).base_url == "http://x.test/v1"
    own = CustomConnection(name="own", configs={"a": "b"}, secrets={"c": "d"})
    assert pf.connections.create_or_update(own).c == "d"
    assert {"new", "own", "azure"} <= {one.name for one in pf.connections.list()}
    pf.connections.delete("new")
    with pytest.raises(FlowgradeError, match="'new'"):
        pf.connections.get("new")
    with pytest.raises(InputError, match="no name"):
        pf.connections.create_or_update(OpenAIConnection(api_key="k"))


def test_flows_are_checked_saved_and_described(pf: PFClient, flow: Path, tmp_path: Path) -> None:
    assert pf.flows.validate(flow).passed
    (flow / "up.py").unlink()
    found = pf.flows.validate(flow)
    assert not found.passed
    assert any("up.py" in message for message in found.error_messages.values())

    class Greet:
        def __init__(self, word: str = "Hi") -> None:
            self.word = word

        def __call__(self, name: str, times: int = 1) -> str:
            return f"{self.word} {name}" * times

    assert pf.flows.infer_signature(Greet) == {
        "init": {"word": {"type": "string", "default": "Hi"}},
        "inputs": {"name": {"type": "string"}, "times": {"type": "int", "default": 1}},
        "outputs": {"output": {"type": "string"}},
    }


def test_a_program_asks_for_the_names_and_gets_them(tmp_path: Path) -> None:
    program = (
        "import sys, flowgrade\n"
        "assert 'promptflow' not in sys.modules\n"
        "flowgrade.stand_in_for_promptflow()\n"
        "from promptflow.client import PFClient, load_run\n"
        "from promptflow.entities import Run\n"
        "print(PFClient().runs.list())\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (found.stdout, found.returncode) == ("[]\n", 0), found.stderr


def test_a_run_that_was_never_made_has_no_name() -> None:
    run = Run(flow="f")
    assert run.status == "NotStarted"


def _rows(pf: PFClient, name: str) -> list[Any]:
    from flowgrade.promptflow.host import host
    from flowgrade.runs import run_rows

    return list(run_rows(host().store, name))
