"""Code that never returns keeps neither its run nor the process."""

from __future__ import annotations

import signal
import time

import pytest

from tests.project import Project

HANGS = """
import pathlib
import threading

def first(text: str) -> str:
    if text == "hang":
        pathlib.Path(__file__).with_name("hangs").touch()
        threading.Event().wait()
    return text.upper()
"""
DATA = '{"text": "a", "number": 1}\n{"text": "hang", "number": 2}\n'


@pytest.fixture
def hanging(two_nodes: Project) -> Project:
    two_nodes.write("flow/first.py", HANGS)
    two_nodes.write("data.jsonl", DATA)
    return two_nodes


def test_a_process_ends_though_a_row_that_was_given_up_still_hangs(hanging: Project) -> None:
    found = hanging.run(
        *("run", "flow", "--data", "data.jsonl", "--name", "r", "--timeout", "0.5", "--json")
    )
    assert found.code == 1
    assert (found.json["completed"], found.json["failed"]) == (1, 1)


@pytest.mark.slow
@pytest.mark.parametrize("more", [[], ["--timeout", "600"]], ids=["lanes", "pool"])
def test_an_interrupt_ends_a_run_one_of_whose_rows_hangs(hanging: Project, more: list[str]) -> None:
    process = hanging.start("run", "flow", "--data", "data.jsonl", "--name", "r", *more)
    try:
        for _ in range(600):
            if (hanging.folder / "flow" / "hangs").exists():
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 1
    finally:
        process.kill()
        process.wait()
    shown = hanging.run("runs", "show", "r", "--json").json
    assert (shown["completed"], shown["failed"]) == (1, 0)
