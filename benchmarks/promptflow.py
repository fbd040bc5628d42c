"""Start-up of one call of a flow beside prompt flow's: two Python nodes, one process each.

    python benchmarks/promptflow.py

Prompt flow is installed into an environment of its own under .bench/. Batch runs are measured by
batch.py.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

from measure import Timing, promptflow_python, timed, verdict

ROUNDS = 9
PEER_ROUNDS = 5
PROMISE = 20

FLOW = """
inputs:
  text: {type: string, default: hello}
outputs:
  result: {type: string, reference: "${second.output}"}
nodes:
- name: first
  type: python
  source: {type: code, path: first.py}
  inputs: {text: "${inputs.text}"}
- name: second
  type: python
  source: {type: code, path: second.py}
  inputs: {text: "${first.output}"}
"""
FIRST = """
from promptflow.core import tool


@tool
def first(text: str) -> str:
    return text.upper()
"""
SECOND = """
from promptflow.core import tool


@tool
def second(text: str) -> str:
    return f"{text}!"
"""


def measured(
    command: list[str | Path], folder: Path, environment: dict[str, str], rounds: int
) -> tuple[float, float]:
    """The median wall and CPU seconds of a command, after one run to warm up."""
    found = [_once(command, folder, environment) for _ in range(rounds + 1)][1:]
    wall = statistics.median(timing.wall for timing in found)
    return wall, statistics.median(timing.cpu for timing in found)


def _once(command: list[str | Path], folder: Path, environment: dict[str, str]) -> Timing:
    timing = timed(command, environment=environment, cwd=folder)
    if "HELLO!" not in timing.output:
        raise RuntimeError(f"This is not the flow's output:\n{timing.output[-2000:]}")
    return timing


def main() -> int:
    os.environ.pop("PYTHONPATH", None)
    with tempfile.TemporaryDirectory(prefix="flowgrade-bench-") as name:
        folder = Path(name)
        _write(folder)
        environment = {
            "HOME": str(folder / "home"),
            "FLOWGRADE_STORE": str(folder / "store" / "store.db"),
        }
        mine = measured(
            [sys.executable, "-m", "flowgrade", "test", folder / "flow"],
            folder,
            environment,
            ROUNDS,
        )
        # Sending usage data would count against the peer, so it is told not to.
        pf: list[str | Path] = [promptflow_python(), "-m", "promptflow._cli._pf.entry"]
        timed([*pf, "config", "set", "telemetry.enabled=false"], environment=environment)
        peer = measured(
            [*pf, "flow", "test", "--flow", folder / "flow"], folder, environment, PEER_ROUNDS
        )
    print(f"flowgrade test    {mine[0]:6.3f} s wall, {mine[1]:6.3f} s CPU")
    print(f"pf flow test      {peer[0]:6.3f} s wall, {peer[1]:6.3f} s CPU")
    held = [
        verdict(
            f"flow test, {what}",
            f"{theirs / ours:.0f}x",
            f"≥ {PROMISE}x",
            theirs / ours >= PROMISE,
        )
        for what, ours, theirs in zip(("wall", "CPU"), mine, peer, strict=True)
    ]
    return 0 if all(held) else 1


def _write(folder: Path) -> None:
    (folder / "home").mkdir()
    (folder / "flow").mkdir()
    for name, text in (("flow.dag.yaml", FLOW), ("first.py", FIRST), ("second.py", SECOND)):
        (folder / "flow" / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
