"""Run the quick tests, then the slow ones, and fail when either fails.

    python tools/run_tests.py [PYTEST ARGUMENT …]

Both rounds always run, so that one look shows everything that is wrong.
"""

from __future__ import annotations

import subprocess
import sys

ROUNDS = {"quick": "not slow", "slow": "slow"}
NOTHING_COLLECTED = 5  # pytest's exit status
INTERRUPTED = 2


def main(arguments: list[str]) -> int:
    """Run both rounds; returns 0 when tests ran and all of them passed."""
    found: dict[str, int] = {}
    for name, marker in ROUNDS.items():
        print(f"--- {name} tests", flush=True)
        command = [sys.executable, "-m", "pytest", "-m", marker, *arguments]
        found[name] = subprocess.run(command, check=False).returncode
        if found[name] == INTERRUPTED:
            break
    print("--- " + ", ".join(f"{name}: {_word(status)}" for name, status in found.items()))
    return verdict(list(found.values()))


def verdict(statuses: list[int]) -> int:
    """One exit status for several; a round may be empty, all of them may not."""
    failed = [status for status in statuses if status not in {0, NOTHING_COLLECTED}]
    if failed:
        return failed[0] if failed[0] > 0 else 1
    return 0 if 0 in statuses else 1


def _word(status: int) -> str:
    return {0: "passed", NOTHING_COLLECTED: "none"}.get(status, "failed")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
