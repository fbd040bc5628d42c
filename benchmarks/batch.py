"""Batch runs side by side with prompt flow: same flows, same data, one after the other.

    python benchmarks/batch.py             everything, some minutes
    python benchmarks/batch.py --quick     without prompt flow's run of 10,000 rows

Prompt flow is installed into an environment of its own under .bench/. Rates count whole
processes, start-up included, unless said otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import Timing, promptflow_python, timed, verdict

LATENCY = 0.2  # seconds of the stub
LLM_ROWS = 500
CONCURRENCY = 64
MOST = 512  # all rows at once

PYTHON_FLOW = """
inputs:
  text: {type: string}
  number: {type: int}
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
  inputs: {text: "${first.output}", number: "${inputs.number}"}
"""
TOOL = """
try:
    from promptflow.core import tool
except ImportError:
    from flowgrade import tool

"""
FIRST = (
    TOOL
    + """
@tool
def first(text: str) -> str:
    return text.upper()
"""
)
SECOND = (
    TOOL
    + """
@tool
def second(text: str, number: int) -> str:
    return f"{text} {number}"
"""
)
LLM_FLOW = """
inputs:
  text: {type: string}
outputs:
  answer: {type: string, reference: "${answer.output}"}
nodes:
- name: answer
  type: llm
  source: {type: code, path: answer.jinja2}
  inputs: {model: stub-model, temperature: 0, text: "${inputs.text}"}
  connection: stub_connection
  api: chat
"""
TEMPLATE = "system:\nAnswer briefly.\n\nuser:\n{{text}}\n"
CONNECTION = """
$schema: https://azuremlschemas.azureedge.net/promptflow/latest/OpenAIConnection.schema.json
name: stub_connection
type: open_ai
api_key: "sk-stub"
base_url: "{url}/v1"
"""


class Bench:
    """A folder with flows and data, and both contenders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "HOME": str(folder / "home"),
            "FLOWGRADE_STORE": str(folder / "store" / "store.db"),
            "FLOWGRADE_CONNECTIONS": str(folder / "connection.yaml"),
        }
        (folder / "home").mkdir()
        _write(folder / "noop" / "flow.dag.yaml", PYTHON_FLOW)
        _write(folder / "noop" / "first.py", FIRST)
        _write(folder / "noop" / "second.py", SECOND)
        _write(folder / "llm" / "flow.dag.yaml", LLM_FLOW)
        _write(folder / "llm" / "answer.jinja2", TEMPLATE)

    def data(self, rows: int) -> Path:
        """A file of so many rows."""
        file = self.folder / f"data-{rows}.jsonl"
        if not file.exists():
            lines = (
                json.dumps({"text": f"row {i}, a sentence of some length", "number": i})
                for i in range(rows)
            )
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file

    def ours(self, flow: str, rows: int, *more: str) -> tuple[Timing, dict[str, float]]:
        """Run with Flowgrade; the timing, and what the command printed."""
        command: list[str | Path] = [sys.executable, "-m", "flowgrade", "run"]
        timing = timed(
            [*command, self.folder / flow, "--data", self.data(rows), "--json", *more],
            environment=self.environment,
            cwd=self.folder,
        )
        result = json.loads(timing.output.strip().splitlines()[-1])
        if result["completed"] != rows:
            raise RuntimeError(f"Flowgrade completed {result['completed']} of {rows} rows.")
        return timing, result

    def theirs(self, flow: str, rows: int, *, workers: int | None = None) -> Timing:
        """Run with prompt flow."""
        mapping = ["text=${data.text}"] + (["number=${data.number}"] if flow == "noop" else [])
        name = f"{flow}_{rows}_{time.time_ns()}"
        timing = timed(
            [
                *(promptflow_python(), "-m", "promptflow._cli._pf.entry", "run", "create"),
                *("--flow", self.folder / flow, "--data", self.data(rows)),
                *("--column-mapping", *mapping, "--name", name),
            ],
            environment={
                **self.environment,
                **({"PF_WORKER_COUNT": str(workers)} if workers else {}),
            },
            cwd=self.folder,
        )
        outputs = self.folder / "home" / ".promptflow" / ".runs" / name / "outputs.jsonl"
        done = len(outputs.read_text(encoding="utf-8").splitlines())
        if done != rows:
            raise RuntimeError(f"prompt flow completed {done} of {rows} rows.")
        return timing

    def connect(self, url: str) -> None:
        """Make the connection that the LLM flow names, for both."""
        _write(self.folder / "connection.yaml", CONNECTION.replace("{url}", url))
        timed(
            [
                *(promptflow_python(), "-m", "promptflow._cli._pf.entry", "connection", "create"),
                *("-f", self.folder / "connection.yaml"),
            ],
            environment=self.environment,
        )


def no_llm(bench: Bench, peer_rows: list[int]) -> list[bool]:
    """Two Python nodes: rate against prompt flow; rate and memory as rows grow."""
    held = []
    for rows in peer_rows:
        peer = bench.theirs("noop", rows)
        mine, _ = min((bench.ours("noop", rows) for _ in range(3)), key=lambda found: found[0].wall)
        ratio = peer.wall / mine.wall
        print(f"{rows:>7,} rows, prompt flow: {rows / peer.wall:8.1f} rows/s, {_cost(peer)}")
        print(f"{rows:>7,} rows, Flowgrade:   {rows / mine.wall:8.1f} rows/s, {_cost(mine)}")
        held.append(verdict(f"no-LLM flow, {rows:,} rows", f"{ratio:.0f}x", "≥ 50x", ratio >= 50))
    rates, peaks = {}, {}
    for rows in (1_000, 10_000, 100_000):
        parts = [bench.ours("noop", rows) for _ in range(3)]
        rates[rows] = rows / statistics.median(result["seconds"] for _, result in parts)
        peaks[rows] = max(mine.peak for mine, _ in parts)
        rate = f"{rates[rows]:9,.0f} rows/s without start-up"
        print(f"{rows:>7,} rows: {rate}, peak {mine.peak:.0f} MiB")
    kept = rates[100_000] / rates[10_000]
    held.append(
        verdict("rate at 100,000 rows", f"{kept:.2f} of that at 10,000", "≥ 0.8", kept >= 0.8)
    )
    more = peaks[100_000] - peaks[10_000]
    held.append(
        verdict("memory, 10,000 → 100,000 rows", f"{more:+.0f} MiB", "≤ +50 MiB", more <= 50)
    )
    return held


def llm(bench: Bench, workers: list[int]) -> list[bool]:
    """One model call a row against a stub: the physical limit, and each side's best setting."""
    with _Stub() as url:
        bench.connect(url)
        peers = {count: bench.theirs("llm", LLM_ROWS, workers=count) for count in workers}
        mine = {count: _middle_run(bench, count) for count in (CONCURRENCY, MOST)}
    for count, timing in peers.items():
        print(f"prompt flow, {count:>3} workers: {_cost(timing)}")
    for count, (timing, seconds) in mine.items():
        limit = LLM_ROWS * LATENCY / count
        print(f"Flowgrade, concurrency {count}: {_cost(timing)}")
        print(f"    {seconds:.2f} s without start-up; physical limit {limit:.2f} s")
    share = LLM_ROWS * LATENCY / CONCURRENCY / mine[CONCURRENCY][1]
    theirs = min(timing.wall for timing in peers.values())
    same = theirs / mine[CONCURRENCY][0].wall
    best = theirs / min(timing.wall for timing, _ in mine.values())
    print(f"prompt flow's best setting against Flowgrade's concurrency {CONCURRENCY}: {same:.1f}x")
    return [
        verdict(
            f"LLM flow, share of the limit at {CONCURRENCY}",
            f"{share:.1%}",
            "≥ 85 %",
            share >= 0.85,
        ),
        verdict("LLM flow, best setting against best setting", f"{best:.1f}x", "≥ 15x", best >= 15),
    ]


def _middle_run(bench: Bench, concurrency: int) -> tuple[Timing, float]:
    runs = [bench.ours("llm", LLM_ROWS, "--concurrency", str(concurrency)) for _ in range(5)]
    timing, result = sorted(runs, key=lambda found: found[1]["seconds"])[2]
    return timing, result["seconds"]


class _Stub:
    """The stub model in a process of its own."""

    def __enter__(self) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "flowgrade",
                "stub",
                "--port",
                str(port),
                "--latency",
                str(LATENCY),
            ],
            stderr=subprocess.PIPE,
        )
        assert self._process.stderr is not None
        self._process.stderr.readline()
        return f"http://127.0.0.1:{port}"

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)


def _cost(timing: Timing) -> str:
    return f"{timing.wall:.2f} s wall, {timing.cpu:.2f} s CPU, peak {timing.peak:.0f} MiB"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="prompt flow over 1,000 rows only")
    parser.add_argument("--workers", type=int, nargs="+", default=[4, 16, 32, 64])
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="flowgrade-bench-"))
    os.environ.pop("PYTHONPATH", None)
    try:
        bench = Bench(folder)
        held = no_llm(bench, [1_000] if options.quick else [1_000, 10_000])
        held += llm(bench, options.workers)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
