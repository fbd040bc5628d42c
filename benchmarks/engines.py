"""Engines: what more processes give to code that computes, and what they cost to code that waits.

    python benchmarks/engines.py            everything, some minutes
    python benchmarks/engines.py --quick    without Ray

Ratios are between runs of this very invocation, alternating, medians of several; they speak of
rows, without start-up, unless said otherwise. A busy machine has fewer processors than it seems:
what two bare processes gain there is measured beside it and is the limit for two workers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from measure import timed, verdict

ROUNDS = 5
CPU_ROWS = 200
LATENCY = 0.5  # seconds of the stub
WAVES = 30  # rows of each lane that waits, so that the first and the last of them weigh little
NOOP_ROWS = 10_000
RAY_ROWS = 5_000
CODE = """
import json, os, urllib.request

def burn(n: int) -> int:
    total = 0
    for i in range(400_000):
        total += i * i
    return total

def noop(n: int) -> int:
    return n
"""
BARE = """
import sys, time
sys.path.insert(0, sys.argv[1])
from code_of_flow import burn
began = time.monotonic()
for n in range(int(sys.argv[2])):
    burn(n)
print(time.monotonic() - began)
"""
BARE_CLIENT = """
import asyncio, sys, time
import aiohttp

url, lanes, calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
body = {"model": "m", "messages": [{"role": "user", "content": "1"}]}

async def lane(session):
    for _ in range(calls):
        async with session.post(url + "/v1/chat/completions", json=body) as response:
            await response.json()

async def main():
    async with aiohttp.ClientSession() as session:
        began = time.monotonic()
        await asyncio.gather(*(lane(session) for _ in range(lanes)))
        print(time.monotonic() - began)

asyncio.run(main())
"""
LLM_FLOW = """
inputs:
  n: {type: int}
outputs:
  answer: {type: string, reference: "${answer.output}"}
nodes:
- name: answer
  type: llm
  source: {type: code, path: answer.jinja2}
  inputs: {model: stub/stub-model, number: "${inputs.n}"}
  api: chat
"""


class Bench:
    """A folder with flows and data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "FLOWGRADE_HOME": str(folder / "home"),
            "FLOWGRADE_STORE": str(folder / "store.db"),
            "FLOWGRADE_CONNECTIONS": str(folder / "connections.yaml"),
        }
        (folder / "flow").mkdir()
        (folder / "connections.yaml").write_text("{}\n", encoding="utf-8")
        (folder / "code_of_flow.py").write_text(CODE, encoding="utf-8")
        (folder / "flow" / "flow.dag.yaml").write_text(LLM_FLOW, encoding="utf-8")
        (folder / "flow" / "answer.jinja2").write_text("user:\n{{number}}\n", encoding="utf-8")

    def data(self, rows: int) -> Path:
        """A file of so many rows."""
        file = self.folder / f"data-{rows}.jsonl"
        file.write_text("".join(f'{{"n": {i}}}\n' for i in range(rows)), encoding="utf-8")
        return file

    def run(self, flow: str, rows: int, *more: str) -> float:
        """Run a flow; seconds without start-up, as the command printed them."""
        return float(self._result(flow, rows, *more)["seconds"])

    def rows(self, flow: str, rows: int, *more: str) -> float:
        """Run a flow; seconds from the beginning of its first row to the end of its last."""
        name = self._result(flow, rows, *more)["run"]
        with closing(sqlite3.connect(self.environment["FLOWGRADE_STORE"])) as store:
            query = "SELECT MAX(end_ns) - MIN(start_ns) FROM run_rows WHERE run = ?"
            return float(store.execute(query, (name,)).fetchone()[0]) / 1e9

    def _result(self, flow: str, rows: int, *more: str) -> dict[str, Any]:
        command = (sys.executable, "-m", "flowgrade", "run")
        timing = timed(
            [*command, self.folder / flow, "--data", self.data(rows), "--json", *more],
            environment=self.environment,
            cwd=self.folder,
        )
        result: dict[str, Any] = json.loads(timing.output.strip().splitlines()[-1])
        if result["completed"] != rows:
            raise RuntimeError(f"{result['completed']} of {rows} rows were completed.")
        return result

    def bare_client(self, url: str, lanes: int, calls: int) -> float:
        """As many calls by so many coroutines around aiohttp, without any of Flowgrade."""
        command = [sys.executable, "-c", BARE_CLIENT, url, str(lanes), str(calls)]
        return float(timed(command).output)

    def bare(self, processes: int) -> float:
        """The same work in so many plain Python processes, without any of Flowgrade."""
        script = self.folder / "bare.py"
        script.write_text(BARE, encoding="utf-8")
        rows = str(CPU_ROWS // processes)
        command = [sys.executable, str(script), str(self.folder), rows]
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)
        ]
        return max(float(process.communicate()[0]) for process in running)


def computing(bench: Bench) -> list[bool]:
    """Rows that compute: two workers against one, and against lanes in one process."""
    found: dict[str, list[float]] = {"one": [], "two": [], "local": [], "limit": [], "auto": []}
    burn = "code_of_flow.py:burn"
    for _ in range(ROUNDS):
        found["limit"].append(bench.bare(1) / bench.bare(2))
        found["one"].append(bench.run(burn, CPU_ROWS, "--engine", "process", "--workers", "1"))
        found["two"].append(bench.run(burn, CPU_ROWS, "--engine", "process", "--workers", "2"))
        found["local"].append(bench.run(burn, CPU_ROWS))
        found["auto"].append(bench.run(burn, CPU_ROWS, "--engine", "auto"))
    middle = {name: statistics.median(values) for name, values in found.items()}
    gain = middle["one"] / middle["two"]
    each = middle["one"] / CPU_ROWS * 1000
    print(f"rows of {each:.0f} ms; two bare processes: {middle['limit']:.2f}x one")
    print(f"two workers against lanes in one process: {middle['local'] / middle['two']:.2f}x")
    print(f"auto against lanes in one process: {middle['local'] / middle['auto']:.2f}x")
    # Where others use the machine, two processes have less than two processors.
    wanted = min(1.8, 0.95 * middle["limit"])
    promise = "≥ 1.8x" if wanted == 1.8 else f"≥ 1.8x; {wanted:.2f}x on this busy machine"
    return [verdict("rows that compute, two workers", f"{gain:.2f}x one", promise, gain >= wanted)]


def passing(bench: Bench) -> list[bool]:
    """Rows that do nothing: what a worker adds to each, and that auto adds nothing."""
    noop = "code_of_flow.py:noop"
    worker = ("--engine", "process", "--workers", "1")
    pairs = [
        (
            bench.run(noop, NOOP_ROWS),
            bench.run(noop, NOOP_ROWS, "--engine", "auto"),
            bench.rows(noop, NOOP_ROWS),
            bench.rows(noop, NOOP_ROWS, *worker),
            bench.run(noop, 1, *worker),
        )
        for _ in range(ROUNDS)
    ]
    local, auto, *columns = (statistics.median(column) for column in zip(*pairs, strict=True))
    here, there, start = columns
    added = (there - here) / NOOP_ROWS * 1e6
    print(f"rows that do nothing: {here / NOOP_ROWS * 1e6:.0f} µs each in this process")
    print(f"a worker starts in {start:.2f} s and adds {added:+.0f} µs to each row")
    same = auto / local
    return [
        verdict("rows that do nothing, auto", f"{same:.2f} of local's time", "≤ 1.1", same <= 1.1),
        verdict("a worker's overhead", f"{added:.0f} µs a row", "≤ 500 µs", added <= 500),
    ]


def waiting(bench: Bench) -> list[bool]:
    """One model call a row at 500 ms: the share of the limit from 1 to 64 at once."""
    held = []
    with _stub() as url:
        connection = f"stub:\n  base_url: {url}/v1\n"
        (bench.folder / "connections.yaml").write_text(connection, encoding="utf-8")
        for count in (1, 4, 16, 64):
            found = _shares(bench, url, count)
            print(f"{count:>3} at once: {', '.join(f'{n} {s:.1%}' for n, s in found.items())}")
            if count == 16:
                # On a busy machine everybody waits for a processor, the stub and bare code too.
                wanted = min(0.9, 0.95 * found["bare aiohttp"])
                promise = "≥ 90 % of the limit"
                if wanted < 0.9:
                    promise += f"; {wanted:.1%} on this busy machine"
                share = found["local"]
                held.append(verdict("efficiency at 16", f"{share:.1%}", promise, share >= wanted))
    return held


def _shares(bench: Bench, url: str, count: int) -> dict[str, float]:
    """What bare code and the engines reach of the limit, from the first row to the last."""
    lanes = ("--concurrency", str(count))
    found: dict[str, list[float]] = {"bare aiohttp": [], "local": [], "process": []}
    for _ in range(3):
        found["bare aiohttp"].append(bench.bare_client(url, count, WAVES))
        found["local"].append(bench.rows("flow", WAVES * count, *lanes))
        if count > 1:
            workers = ("--engine", "process")
            found["process"].append(bench.rows("flow", WAVES * count, *lanes, *workers))
    limit = WAVES * LATENCY
    return {name: limit / statistics.median(values) for name, values in found.items() if values}


def far(bench: Bench) -> list[bool]:
    """Ray on this machine: its start, and what it adds to each row."""
    noop = "code_of_flow.py:noop"
    options = ("--engine", "ray", "--workers", "2")
    start = statistics.median(bench.run(noop, 2, *options) for _ in range(3))
    pairs = [(bench.rows(noop, RAY_ROWS), bench.rows(noop, RAY_ROWS, *options)) for _ in range(3)]
    here, there = (
        statistics.median(column) / RAY_ROWS * 1e3 for column in zip(*pairs, strict=True)
    )
    added = there - here
    print(f"Ray starts with its two workers in {start:.1f} s")
    print(f"rows that do nothing: {there:.2f} ms each on Ray, {here:.2f} ms in this process")
    return [verdict("Ray's overhead", f"{added:+.2f} ms a row", "≤ 2 ms", added <= 2)]


@contextmanager
def _stub() -> Iterator[str]:
    command = [sys.executable, "-m", "flowgrade", "stub", "--port", "0", "--latency", str(LATENCY)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        yield "http" + line.partition("http")[2].split()[0].rstrip("/").removesuffix("/v1")
    finally:
        process.terminate()
        process.wait(10)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without Ray")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="flowgrade-bench-"))
    os.environ.pop("PYTHONPATH", None)
    began = time.monotonic()
    try:
        bench = Bench(folder)
        held = [*computing(bench), *passing(bench), *waiting(bench)]
        if not options.quick:
            held += far(bench)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{time.monotonic() - began:.0f} s; load {os.getloadavg()[0]:.1f}")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
