"""Time whole processes, and make the environments that peers live in."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".bench"
PROMPTFLOW = ("promptflow==1.18.5", "promptflow-tools==1.6.1", "keyrings.alt==5.0.2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What one process and its descendants took."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds of user and system time, of the process and the children it waited for."""
    peak: float
    """MiB resident in the largest single process."""
    output: str


def timed(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Timing:
    """Run a command to its end; raises RuntimeError with its output when it fails."""
    start = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # Installed packages come compiled; ours, in the source tree, may keep its byte code too.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **(environment or {})},
        cwd=cwd,
    )
    assert process.stdout is not None
    output = process.stdout.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{output[-4000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    scale = 1 if sys.platform == "darwin" else 1024
    return Timing(wall=wall, cpu=cpu, peak=usage.ru_maxrss * scale / 2**20, output=output)


def promptflow_python() -> Path:
    """A Python that has prompt flow, in an environment of its own, made when it is not there."""
    return peer_python("promptflow", PROMPTFLOW)


def peer_python(name: str, packages: Sequence[str]) -> Path:
    """A Python that has these packages, in an environment of its own, made when not there."""
    python = PEERS / name / "bin" / "python"
    marker = PEERS / name / "installed"
    if not marker.exists():
        print(f"installing {name} (once) …", file=sys.stderr)
        venv.create(PEERS / name, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)
        marker.touch()
    return python


def verdict(name: str, measured: str, promise: str, holds: bool) -> bool:
    """Print one line of the result; returns ``holds``."""
    print(f"{'PASS' if holds else 'FAIL'}  {name}: {measured}  (promise: {promise})")
    return holds
