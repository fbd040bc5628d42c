"""Run the benchmarks one after the other and say at the end which held their promises.

    python tools/run_benchmarks.py [NAME …]

A benchmark is a script in benchmarks/ that exits with 1 when a promise does not hold. A module
there that only helps others has no ``__main__`` part and is left out.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks"


def main(names: list[str], *, folder: Path = FOLDER) -> int:
    """Run the benchmarks named, or all; returns 1 when one fails, 2 for an unknown name."""
    scripts = benchmarks(folder)
    if unknown := set(names) - set(scripts):
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are: {', '.join(scripts)}")
        return 2
    chosen = {name: script for name, script in scripts.items() if not names or name in names}
    found = {name: _run(name, script) for name, script in chosen.items()}
    print("=== summary")
    for name, (status, seconds) in found.items():
        print(f"{'passed' if status == 0 else 'FAILED'}  {name}  ({seconds:.0f} s)")
    return int(any(status for status, _ in found.values()))


def benchmarks(folder: Path) -> dict[str, Path]:
    """The scripts of a folder by name."""
    return {
        file.stem: file
        for file in sorted(folder.glob("*.py"))
        if '__name__ == "__main__"' in file.read_text(encoding="utf-8")
    }


def _run(name: str, script: Path) -> tuple[int, float]:
    print(f"=== {name}", flush=True)
    start = time.monotonic()
    status = subprocess.run([sys.executable, str(script)], cwd=ROOT, check=False).returncode
    return status, time.monotonic() - start


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
