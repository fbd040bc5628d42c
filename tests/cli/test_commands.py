"""The commands as a user types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.project import Project


def test_help_lists_the_commands_and_version_is_shown(project: Project) -> None:
    found = project.run("--help")
    assert found.code == 0
    for name in ("init", "demo", "test", "run", "chat", "sessions", "runs", "traces", "stub"):
        assert f"\n  {name} " in found.out
    assert project.run("--version").out.startswith("flowgrade 0.")


def test_test_prints_outputs_and_where_the_trace_is(two_nodes: Project) -> None:
    found = two_nodes.run("test", "flow", "-i", "text=a", "-i", "number=3")
    assert found.code == 0, found.err
    assert found.out == "A 3\n"
    assert "flowgrade traces show" in found.err
    as_json = two_nodes.run("test", "flow", "-i", "text=a", "-i", "number=3", "--json")
    assert as_json.json == {"result": "A 3"}


def test_test_reads_inputs_from_a_file(two_nodes: Project) -> None:
    two_nodes.write("one.json", '{"text": "x", "number": 1}')
    assert two_nodes.run("test", "flow", "--inputs", "one.json").out == "X 1\n"


def test_test_calls_one_node(two_nodes: Project) -> None:
    found = two_nodes.run(
        "test", "flow", "--node", "second", "-i", "first.output=AB", "-i", "number=2", "--json"
    )
    assert found.json == {"output": "AB 2"}, found.err
    missing = two_nodes.run("test", "flow", "--node", "second", "-i", "number=2")
    assert missing.code == 2
    assert "needs its input 'text'" in missing.err


def test_run_prints_the_documented_json(two_nodes: Project, rows: Callable[[int], Path]) -> None:
    rows(5)
    found = two_nodes.run("run", "flow", "--data", "data.jsonl", "--name", "r", "--json")
    assert found.code == 0, found.err
    result = found.json
    assert (result["run"], result["status"]) == ("r", "completed")
    assert (result["rows"], result["completed"], result["failed"]) == (5, 5, 0)
    assert result["seconds"] > 0
    assert (result["tokens"], result["cost"]) == (None, None)
    assert two_nodes.run("runs", "show", "r", "--json").json == result


def test_run_exits_with_one_when_rows_failed(two_nodes: Project) -> None:
    two_nodes.write("data.jsonl", '{"text": "a", "number": 1}\n{"text": "b", "number": "x"}\n')
    found = two_nodes.run("run", "flow", "--data", "data.jsonl", "--name", "r")
    assert found.code == 1
    assert "(1 completed, 1 failed)" in found.out
    assert "flowgrade runs errors r" in found.out
    errors = two_nodes.run("runs", "errors", "r")
    assert "1 row: FlowInputError" in errors.out


def test_run_takes_relative_paths_from_where_it_is_called(
    two_nodes: Project, rows: Callable[[int], Path]
) -> None:
    rows(2)
    two_nodes.write(
        "flow/first.py", "def first(text: str) -> str:\n    return open('note.txt').read()\n"
    )
    two_nodes.write("flow/note.txt", "beside the flow")
    found = two_nodes.run("run", "flow", "--data", "data.jsonl", "--name", "r")
    assert found.code == 0, found.err
    row = json.loads(two_nodes.run("runs", "export", "r").out.splitlines()[0])
    assert row["outputs"] == {"result": "beside the flow 0"}


def test_run_maps_and_limits(two_nodes: Project) -> None:
    two_nodes.write("d.csv", "word,n\nab,1\ncd,2\nef,3\n")
    found = two_nodes.run(
        *("run", "flow", "--data", "d.csv", "--name", "r", "--limit", "2", "--json"),
        *("--map", "text=${data.word}", "--map", "number=7"),
    )
    assert found.json["completed"] == 2, found.err
    rows = [json.loads(line) for line in two_nodes.run("runs", "export", "r").out.splitlines()]
    assert [row["outputs"]["result"] for row in rows] == ["AB 7", "CD 7"]


def test_runs_are_listed_exported_and_deleted(
    two_nodes: Project, rows: Callable[[int], Path]
) -> None:
    rows(3)
    two_nodes.run("run", "flow", "--data", "data.jsonl", "--name", "one")
    two_nodes.run("run", "flow", "--data", "data.jsonl", "--name", "two")
    assert [run["run"] for run in two_nodes.run("runs", "list", "--json").json] == ["two", "one"]
    assert two_nodes.run("runs", "export", "one", "-o", "out.csv", "--format", "csv").code == 0
    assert (two_nodes.folder / "out.csv").read_text(encoding="utf-8").count("\n") == 4
    assert two_nodes.run("runs", "delete", "one", "-y").code == 0
    assert two_nodes.run("runs", "show", "one").code == 2
    assert len(two_nodes.run("traces", "list", "--json").json) == 3


def test_traces_are_listed_shown_and_exported(
    two_nodes: Project, rows: Callable[[int], Path]
) -> None:
    rows(2)
    two_nodes.run("run", "flow", "--data", "data.jsonl", "--name", "one")
    listed = two_nodes.run("traces", "list", "--run", "one", "--json").json
    assert len(listed) == 2
    shown = two_nodes.run("traces", "show", listed[0]["trace_id"])
    assert "flow" in shown.out
    assert "├─ first" in shown.out
    assert "└─ second" in shown.out
    assert "█" in shown.out
    spans = [json.loads(line) for line in two_nodes.run("traces", "export").out.splitlines()]
    assert len(spans) == 6
    assert {"trace_id", "span_id", "name", "parent_id"} <= set(spans[0])


def test_a_file_that_cannot_be_written_is_said(
    two_nodes: Project, rows: Callable[[int], Path]
) -> None:
    rows(1)
    two_nodes.run("run", "flow", "--data", "data.jsonl", "--name", "one")
    found = two_nodes.run("runs", "export", "one", "-o", "nowhere/out.jsonl")
    assert found.code == 2
    assert "nowhere/out.jsonl: No such file or directory" in found.err
    latin = two_nodes.write("in.json", '{"text": "café"}'.encode("latin-1"))
    assert "not UTF-8" in two_nodes.run("test", "flow", "--inputs", latin).err


def test_debug_shows_the_trace_and_keeps_the_exit_code(project: Project) -> None:
    found = project.run("--debug", "runs", "show", "nothing")
    assert found.code == 2
    assert "Traceback" in found.err
    project.write(".env", "FLOWGRADE_DEBUG=1\n")
    assert "Traceback" in project.run("runs", "show", "nothing").err


def test_what_a_flow_prints_does_not_mix_with_the_data(two_nodes: Project) -> None:
    code = (
        "print('while loading')\n\ndef first(text: str) -> str:\n    print('hm')\n    return text\n"
    )
    two_nodes.write("flow/first.py", code)
    found = two_nodes.run("test", "flow", "-i", "text=a", "-i", "number=3", "--json")
    assert found.json == {"result": "a 3"}
    assert "while loading" in found.err
    assert "hm" in found.err
    two_nodes.write("data.jsonl", '{"text": "a", "number": 1}\n')
    run = two_nodes.run("run", "flow", "--data", "data.jsonl", "--name", "r", "--json")
    assert run.json["completed"] == 1
    assert two_nodes.run("runs", "resume", "r", "--json").json["completed"] == 1


def test_an_empty_project_says_how_to_begin(project: Project) -> None:
    assert "flowgrade run" in project.run("runs", "list").err
    assert project.run("runs", "list", "--json").json == []
    assert "no traces" in project.run("traces", "list").err


def test_plugins_lists_the_built_in_ones(project: Project) -> None:
    names = {(p["group"], p["name"]) for p in project.run("plugins", "list", "--json").json}
    assert ("flowgrade.nodes", "llm") in names
    assert ("flowgrade.providers", "openai") in names


def test_the_store_is_looked_at_and_migrated(project: Project) -> None:
    before = project.run("store", "status", "--json")
    assert before.code == 1
    assert before.json["pending"][0] == "0001_runs_and_spans"
    applied = project.run("store", "migrate").err
    assert all(name in applied for name in before.json["pending"])
    after = project.run("store", "status", "--json")
    assert (after.code, after.json["pending"]) == (0, [])


def test_output_into_a_closed_pipe_is_no_error(
    two_nodes: Project, rows: Callable[[int], Path]
) -> None:
    import subprocess

    rows(3000)
    two_nodes.run("run", "flow", "--data", "data.jsonl", "--name", "one")
    command = " ".join(two_nodes.command("runs", "export", "one"))
    found = subprocess.run(
        f"{command} | head -1",
        shell=True,
        cwd=two_nodes.folder,
        env=two_nodes.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(found.stdout.splitlines()) == 1
    assert found.stderr == ""
