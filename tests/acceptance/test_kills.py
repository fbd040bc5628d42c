"""A run that is killed loses nothing and records nothing twice."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.project import Project

ROWS = 5_000
KILLS = 50

SLOW = """
import time

def first(text: str) -> str:
    time.sleep(0.05)
    return text.upper()
"""


def exported(project: Project, run: str) -> list[dict[str, object]]:
    found = project.run("runs", "export", run)
    assert found.code == 0, found.err
    rows = [json.loads(line) for line in found.out.splitlines()]
    return [{key: row[key] for key in ("row", "inputs", "outputs", "error")} for row in rows]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_fifty_kills_lose_nothing(two_nodes: Project, rows: Callable[[int], Path]) -> None:
    """Kill a run of 5,000 rows 50 times at random moments, resuming each time."""
    two_nodes.write(
        "flow/first.py",
        # Slow enough that 50 parts do not finish it, with work of a random length in each row.
        "import random, time\n\n"
        "def first(text: str) -> str:\n"
        "    time.sleep(random.random() * 0.2)\n"
        "    return text.upper()\n",
    )
    data = rows(ROWS)
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    start = ["run", "flow", "--data", data, "--name", "killed", "--concurrency", "16"]
    resume = ["runs", "resume", "killed"]
    killed = 0
    seen = 0
    for part in range(KILLS):
        process = two_nodes.start(*(start if two_nodes.stored("killed") is None else resume))
        time.sleep(0.15 + chance.random() * 0.5)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.wait(30)
        done = two_nodes.stored("killed") or 0
        assert done >= seen, f"rows were lost in part {part}, seed {seed}"
        seen = done
    assert killed == KILLS, f"the run ended after {killed} kills, seed {seed}"
    ended = two_nodes.run(*resume, "--concurrency", "256", "--json", timeout=600)
    assert ended.code == 0, ended.err
    assert (ended.json["rows"], ended.json["completed"], ended.json["failed"]) == (ROWS, ROWS, 0)
    result = exported(two_nodes, "killed")
    assert [row["row"] for row in result] == list(range(ROWS))
    options = ("--name", "whole", "--concurrency", "256")
    whole = two_nodes.run("run", "flow", "--data", data, *options, timeout=600)
    assert whole.code == 0, whole.err
    assert result == exported(two_nodes, "whole")


def test_a_killed_run_shows_as_interrupted_and_resumes(
    two_nodes: Project, rows: Callable[[int], Path]
) -> None:
    two_nodes.write(
        "flow/first.py",
        SLOW,
    )
    rows(400)
    process = two_nodes.start(
        "run", "flow", "--data", "data.jsonl", "--name", "r", "--concurrency", "4"
    )
    _wait_for_rows(two_nodes)
    process.kill()
    process.wait(30)
    shown = two_nodes.run("runs", "show", "r", "--json").json
    assert shown["status"] == "interrupted"
    assert shown["rows"] == 400
    assert shown["seconds"] > 0
    assert 0 < shown["completed"] < 400
    ended = two_nodes.run("runs", "resume", "r", "--concurrency", "64", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["completed"] == 400


def test_an_interrupt_stores_what_is_done_and_says_how_to_go_on(
    two_nodes: Project, rows: Callable[[int], Path]
) -> None:
    import subprocess

    two_nodes.write(
        "flow/first.py",
        SLOW,
    )
    rows(400)
    process = subprocess.Popen(
        two_nodes.command(
            "run", "flow", "--data", "data.jsonl", "--name", "r", "--concurrency", "4"
        ),
        cwd=two_nodes.folder,
        env=two_nodes.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    _wait_for_rows(two_nodes)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "flowgrade runs resume r" in err
    assert "Traceback" not in err
    assert two_nodes.run("runs", "show", "r", "--json").json["status"] == "cancelled"
    ended = two_nodes.run("runs", "resume", "r", "--concurrency", "64", "--json")
    assert ended.json["completed"] == 400


def test_a_running_run_is_cancelled_from_another_process(
    two_nodes: Project, rows: Callable[[int], Path]
) -> None:
    two_nodes.write(
        "flow/first.py",
        SLOW,
    )
    rows(2000)
    process = two_nodes.start(
        "run", "flow", "--data", "data.jsonl", "--name", "r", "--concurrency", "2"
    )
    _wait_for_rows(two_nodes)
    assert two_nodes.run("runs", "show", "r", "--json").json["status"] == "running"
    busy = two_nodes.run("runs", "resume", "r")
    assert busy.code == 2
    assert "executed by another process" in busy.err
    assert two_nodes.run("runs", "delete", "r", "-y").code == 2
    assert two_nodes.run("runs", "cancel", "r").code == 0
    assert process.wait(20) == 1
    assert two_nodes.run("runs", "show", "r", "--json").json["status"] == "cancelled"


def _wait_for_rows(project: Project) -> None:
    for _ in range(1200):
        if (project.stored("r") or 0) > 4:
            return
        time.sleep(0.05)
    raise AssertionError("the run stored no rows")
