"""``flowgrade pf run create --source``: runs that prompt flow did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.project import Project


def line(number: int, question: str, answer: str | None, **more: Any) -> str:
    """A row as prompt flow keeps it; without an answer it failed."""
    info: dict[str, Any] = {
        "run_id": f"old_{number}",
        "status": "Failed" if answer is None else "Completed",
        "inputs": {"q": question, "line_number": number},
        "output": None if answer is None else {"a": answer},
        "error": None,
        "start_time": "2025-03-01T10:00:00.500000Z",
        "end_time": "2025-03-01T10:00:02.000000Z",
        "system_metrics": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9},
    }
    if answer is None:
        info["error"] = {
            "message": "Execution failure in 'up': (ValueError) no",
            "messageParameters": {"node_name": "up"},
            "code": "UserError",
            "additionalInfo": [{"type": "x", "info": {"type": "ValueError", "message": "no"}}],
        }
    return json.dumps({"line_number": number, "run_info": {**info, **more}}) + "\n"


@pytest.fixture
def old(project: Project) -> Path:
    project.write("old/flow_artifacts/000000001_000000002.jsonl", line(1, "b", None))
    project.write("old/flow_artifacts/000000000_000000000.jsonl", line(0, "a", "A"))
    project.write("old/flow_artifacts/000000002_000000002.jsonl", line(2, "c", "C"))
    project.write("old/metrics.json", '{"accuracy": 0.5}')
    project.write("old/inputs.jsonl", '{"q": "a"}\n{"q": "b"}\n{"q": "c"}\n')
    project.write("old/snapshot/flow.dag.yaml", "nodes: []\n")
    return project.folder / "old"


def test_a_run_is_taken_in_with_rows_errors_tokens_and_metrics(project: Project, old: Path) -> None:
    found = project.run("pf", "run", "create", "--source", old, "--set", "tags.from=pf")
    assert found.code == 0, found.err
    run = found.json
    assert (run["name"], run["status"], run["tags"]) == ("old", "Completed", {"from": "pf"})
    assert run["created_on"].startswith("2025-03-01T10:00:00.5")
    assert run["properties"]["system_metrics"]["total_tokens"] == 27
    assert run["error"]["message"] == "Failed to run 1/3 lines."
    assert project.run("pf", "run", "show-metrics", "-n", "old").json == {"accuracy": 0.5}
    rows = [json.loads(row) for row in project.run("runs", "export", "old").out.splitlines()]
    assert [(row["row"], row["inputs"], row["outputs"]) for row in rows] == [
        (0, {"q": "a"}, {"a": "A"}),
        (1, {"q": "b"}, None),
        (2, {"q": "c"}, {"a": "C"}),
    ]
    assert rows[1]["error"]["type"] == "ValueError"
    assert rows[1]["error"]["node"] == "up"


def test_another_run_reads_its_rows(project: Project, old: Path) -> None:
    project.run("pf", "run", "create", "--source", old, "--name", "base")
    project.write("grade.py", "def grade(answer: str) -> bool:\n    return answer == 'A'\n")
    found = project.run(
        *("pf", "run", "create", "--flow", "grade.py:grade", "--run", "base"),
        *("--column-mapping", "answer=${run.outputs.a}", "--name", "graded"),
    )
    assert found.code == 0, found.err
    rows = project.run("runs", "export", "graded").out.splitlines()
    assert [json.loads(row)["outputs"] for row in rows] == [{"output": True}, {"output": False}]


def test_what_the_cloud_says_of_a_run_counts(project: Project, old: Path) -> None:
    project.write(
        "old/run_metadata.json",
        json.dumps(
            {
                "name": "cloud-1",
                "status": "Canceled",
                "display_name": "Nightly",
                "description": "d",
                "tags": {"team": "a"},
                "created_on": "2025-03-01T09:00:00+00:00",
                "start_time": "2025-03-01T09:00:01+00:00",
                "end_time": "2025-03-01T09:00:11+00:00",
            }
        ),
    )
    run = project.run("pf", "run", "create", "--source", old).json
    assert (run["name"], run["status"], run["display_name"]) == ("cloud-1", "Canceled", "Nightly")
    assert run["created_on"] == "2025-03-01T09:00:00+00:00"
    assert run["properties"]["system_metrics"]["duration"] == 10.0


def test_a_name_that_is_taken_is_refused_and_nothing_changes(project: Project, old: Path) -> None:
    first = project.run("pf", "run", "create", "--source", old).json
    again = project.run("pf", "run", "create", "--source", old)
    assert again.code == 2
    assert "a run 'old' already" in again.err
    assert project.run("pf", "run", "show", "-n", "old").json == first


def test_rows_that_are_missing_leave_it_unfinished(project: Project, old: Path) -> None:
    (old / "flow_artifacts" / "000000002_000000002.jsonl").unlink()
    assert project.run("pf", "run", "create", "--source", old).json["status"] == "NotResponding"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("no json\n", "000000001_000000002.jsonl"),
        ("[]\n", "no row of a run"),
        ('{"line_number": 1}\n', "no row of a run"),
        ('{"line_number": "1", "run_info": {}}\n', "no row of a run"),
        ('{"line_number": -1, "run_info": {}}\n', "no row of a run"),
    ],
)
def test_a_broken_record_is_named_with_its_place(
    project: Project, old: Path, broken: str, said: str
) -> None:
    project.write("old/flow_artifacts/000000001_000000002.jsonl", broken)
    found = project.run("pf", "run", "create", "--source", old)
    assert found.code == 2
    assert said in found.err
    assert project.run("pf", "run", "list").json == []


def test_odd_details_of_a_row_do_no_harm(project: Project, old: Path) -> None:
    odd = {"inputs": [1], "error": "text", "system_metrics": 1, "start_time": "soon"}
    project.write("old/flow_artifacts/000000001_000000002.jsonl", line(1, "b", None, **odd))
    found = project.run("pf", "run", "create", "--source", old)
    assert found.code == 0, found.err


def test_what_would_make_a_run_does_not_go_with_it(project: Project, old: Path) -> None:
    for arguments in (["--flow", "x"], ["--resume-from", "y"], ["--column-mapping", "a=1"]):
        found = project.run("pf", "run", "create", "--source", old, *arguments)
        assert found.code == 2
        assert f"{arguments[0]} does not go with --source" in found.err
    nowhere = project.run("pf", "run", "create", "--source", project.folder)
    assert nowhere.code == 2
    assert "no folder of a run" in nowhere.err
