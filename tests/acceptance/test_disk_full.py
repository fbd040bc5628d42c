"""A disk that fills up during a run: a clear error, and the run goes on once there is room."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.project import Project

ROWS = 3_000


def test_a_full_disk_is_said_and_the_run_resumes(
    two_nodes: Project, rows: Callable[[int], Path]
) -> None:
    rows(ROWS)
    assert two_nodes.run("runs", "list").code == 0  # makes the store

    def small_disk() -> None:
        limit = 600_000  # bytes that any file may have: the system refuses to write beyond
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    found = subprocess.run(
        two_nodes.command("run", "flow", "--data", "data.jsonl", "--name", "full"),
        cwd=two_nodes.folder,
        env=two_nodes.environment,
        preexec_fn=small_disk,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 1, found.stderr
    assert "cannot be written" in found.stderr
    assert "Free space" in found.stderr
    assert "runs resume full" in found.stderr
    assert "Traceback" not in found.stderr
    stopped = two_nodes.run("runs", "show", "full", "--json").json
    assert stopped["completed"] < ROWS
    ended = two_nodes.run("runs", "resume", "full", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["completed"] == ROWS
