"""How the command line ends: at once, and with nothing left undone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FLOW = """
import atexit
import threading
import time
from pathlib import Path

def say(text: str):
    time.sleep(0.3)
    Path(text).touch()

atexit.register(Path("handler").touch)
threading.Thread(target=say, args=("thread",)).start()

def answer(question: str):
    return question.upper()
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "flow.flex.yaml").write_text("entry: own:answer\n", encoding="utf-8")
    (folder / "own.py").write_text(FLOW, encoding="utf-8")
    (folder / "rows.jsonl").write_text('{"question": "a"}\n{"question": "b"}\n', encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "flowgrade", *arguments],
        cwd=folder,
        env={**os.environ, "FLOWGRADE_STORE": str(folder / "store" / "store.db")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_threads_are_waited_for_and_exit_handlers_run(tmp_path: Path) -> None:
    ended = run(tmp_path, "test", ".", "-i", "question=a", "--json")
    assert (ended.returncode, ended.stdout) == (0, '{"output":"A"}\n')
    assert (tmp_path / "thread").exists()
    assert (tmp_path / "handler").exists()


def test_the_database_is_closed(tmp_path: Path) -> None:
    ended = run(tmp_path, "run", ".", "--data", "rows.jsonl", "--json")
    assert ended.returncode == 0, ended.stderr
    left = {file.name for file in (tmp_path / "store").iterdir() if file.is_file()}
    assert left == {"store.db"}  # the last connection takes the write-ahead log in


def test_a_profiler_sees_the_end(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "cProfile", "-m", "flowgrade", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "function calls" in ended.stdout
