"""CPU time of starting: ``flowgrade --help`` and ``import flowgrade`` beside prompt flow's.

python benchmarks/startup.py
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from measure import promptflow_python, timed, verdict

ROUNDS = 7


def cpu(command: list[str | Path], rounds: int = ROUNDS) -> float:
    """The median CPU seconds of a command after one run to warm up."""
    timed(command)
    return statistics.median(timed(command).cpu for _ in range(rounds))


def main() -> int:
    peer = promptflow_python()
    bare = cpu([sys.executable, "-c", "pass"])
    shown = cpu([sys.executable, "-m", "flowgrade", "--help"])
    imported = cpu([sys.executable, "-c", "import flowgrade"])
    their_help = cpu([peer, "-m", "promptflow._cli._pf.entry", "--help"], 3)
    their_import = cpu([peer, "-c", "import promptflow"], 3)
    print(f"python -c pass       {bare:.3f} s")
    print(f"flowgrade --help     {shown:.3f} s    pf --help          {their_help:.3f} s")
    print(f"import flowgrade     {imported:.3f} s    import promptflow  {their_import:.3f} s")
    held = [
        verdict(
            "flowgrade --help",
            f"{shown:.3f} s, {their_help / shown:.0f}x",
            "< 0.25 s",
            shown < 0.25,
        ),
        verdict(
            "import flowgrade",
            f"{imported:.3f} s, {their_import / imported:.0f}x",
            "< 0.10 s",
            imported < 0.1,
        ),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
