"""Worker processes are killed, and so is their run: nothing is lost, nothing stays behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.project import Project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at /proc"),
]

ROWS = 400
SLOW = """
import time

def first(text: str) -> str:
    time.sleep(0.05)
    return text.upper()
"""


def children(process: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == process:
            found.append(int(stat.parent.name))
    return found


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    except OSError:
        return False
    return state.split()[0] != "Z"


def until(holds: Callable[[], object], seconds: float = 60) -> None:
    for _ in range(int(seconds / 0.05)):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


def stored(project: Project, run: str = "r") -> int:
    return project.stored(run) or 0


def begin(project: Project, *more: str) -> subprocess.Popen[bytes]:
    engine = ("--engine", "process", "--workers", "2", "--concurrency", "4")
    return project.start("run", "flow", "--data", "data.jsonl", "--name", "r", *engine, *more)


def exported(project: Project, run: str) -> list[object]:
    found = project.run("runs", "export", run)
    rows = [json.loads(line) for line in found.out.splitlines()]
    return [[row[key] for key in ("row", "inputs", "outputs", "error")] for row in rows]


def test_workers_that_are_killed_lose_no_row(
    two_nodes: Project, rows: Callable[[int], Path]
) -> None:
    two_nodes.write("flow/first.py", SLOW)
    rows(ROWS)
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    process = begin(two_nodes)
    killed = 0
    # Some of them are killed before they have begun, which takes a worker longer than this pause.
    while process.poll() is None and killed < 8:
        time.sleep(chance.random() * 0.5)
        workers = children(process.pid)
        if workers:
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(chance.choice(workers), signal.SIGKILL)
                killed += 1
    assert process.wait(120) == 0, f"seed {seed}"
    assert killed == 8, f"seed {seed}"
    whole = two_nodes.run("run", "flow", "--data", "data.jsonl", "--name", "whole")
    assert whole.code == 0, whole.err
    result = exported(two_nodes, "r")
    assert len(result) == ROWS
    assert result == exported(two_nodes, "whole"), f"seed {seed}"


def test_a_row_that_kills_its_workers_fails_and_the_others_are_done(
    two_nodes: Project, rows: Callable[[int], Path]
) -> None:
    two_nodes.write(
        "flow/first.py",
        """
        import os, signal

        def first(text: str) -> str:
            if text == "row 5":
                os.kill(os.getpid(), signal.SIGKILL)
            return text
        """,
    )
    rows(60)
    assert begin(two_nodes).wait(120) == 1
    shown = two_nodes.run("runs", "show", "r", "--json").json
    assert (shown["status"], shown["completed"], shown["failed"]) == ("completed", 59, 1)
    errors = two_nodes.run("runs", "errors", "r", "--json").json
    assert errors["row"] == 5
    assert errors["error"]["type"] == "WorkerDiedError"
    assert "killed by SIGKILL" in errors["error"]["message"]


def test_workers_that_cannot_begin_end_the_run_with_their_reason(
    two_nodes: Project, rows: Callable[[int], Path]
) -> None:
    rows(20)
    two_nodes.write(
        "flow/first.py",
        """
        import os, sys

        if "flowgrade.runs.engines.session" in sys.modules:
            os._exit(3)

        def first(text: str) -> str:
            return text
        """,
    )
    ended = two_nodes.run("run", "flow", "--data", "data.jsonl", "--engine", "process")
    assert ended.code == 1
    assert "ended with code 3" in ended.err
    assert "Traceback" not in ended.err


def test_a_killed_run_leaves_no_worker_and_another_engine_goes_on_with_it(
    two_nodes: Project, rows: Callable[[int], Path]
) -> None:
    two_nodes.write("flow/first.py", SLOW)
    rows(ROWS)
    process = begin(two_nodes)
    until(lambda: stored(two_nodes))
    workers = children(process.pid)
    assert len(workers) == 2
    process.kill()
    process.wait(30)
    until(lambda: not any(map(is_alive, workers)))
    assert 0 < stored(two_nodes) < ROWS
    resumed = two_nodes.run("runs", "resume", "r", "--engine", "local", "--json")
    assert resumed.code == 0, resumed.err
    assert (resumed.json["completed"], resumed.json["engine"]) == (ROWS, "local")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_its_workers_and_is_resumed_by_new_ones(
    two_nodes: Project, rows: Callable[[int], Path], sent: signal.Signals
) -> None:
    two_nodes.write("flow/first.py", SLOW)
    rows(ROWS)
    process = begin(two_nodes)
    until(lambda: stored(two_nodes))
    workers = children(process.pid)
    process.send_signal(sent)
    assert process.wait(30) == 1
    assert not any(map(is_alive, workers))
    assert two_nodes.run("runs", "show", "r", "--json").json["status"] == "cancelled"
    resumed = two_nodes.run("runs", "resume", "r", "--concurrency", "64", "--json")
    assert resumed.code == 0, resumed.err
    assert (resumed.json["completed"], resumed.json["engine"]) == (ROWS, "process")


def test_a_wish_to_cancel_reaches_the_workers(
    two_nodes: Project, rows: Callable[[int], Path]
) -> None:
    two_nodes.write("flow/first.py", SLOW)
    rows(ROWS)
    process = begin(two_nodes)
    until(lambda: stored(two_nodes))
    assert two_nodes.run("runs", "cancel", "r").code == 0
    process.wait(30)
    shown = two_nodes.run("runs", "show", "r", "--json").json
    assert shown["status"] == "cancelled"
    assert 0 < shown["completed"] < ROWS


def test_what_workers_print_is_no_data(two_nodes: Project, rows: Callable[[int], Path]) -> None:
    rows(4)
    two_nodes.write(
        "flow/first.py",
        """
        import os

        def first(text: str) -> str:
            print("printed")
            os.system("echo by a child")
            return text
        """,
    )
    ended = two_nodes.run("run", "flow", "--data", "data.jsonl", "--engine", "process", "--json")
    assert ended.json["completed"] == 4
    assert ended.err.count("printed") == 4
    assert ended.err.count("by a child") == 4
