"""Run the quick tests, then the slow ones, and fail when either fails.

    python tools/run_tests.py [PYTEST ARGUMENT …]

Both rounds always run, so that one look shows everything that is wrong. Several processes share
the tests of a round; FLOWGRADE_TEST_WORKERS says how many, and 1 runs them one after the other.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

WORKERS = "FLOWGRADE_TEST_WORKERS"
MOST = 8  # more processes would only wait for the same disk
ROUNDS = {"quick": "not slow", "slow": "slow"}
NOTHING_COLLECTED = 5  # pytest's exit status
INTERRUPTED = 2


def main(arguments: list[str]) -> int:
    """Run both rounds; returns 0 when tests ran and all of them passed."""
    found: dict[str, int] = {}
    environment = quickened(os.environ)
    workers = processes(os.environ)
    for name, marker in ROUNDS.items():
        print(f"--- {name} tests" + (f", {workers} at once" if workers > 1 else ""), flush=True)
        command = [sys.executable, "-m", "pytest", "-m", marker, *spread(workers), *arguments]
        found[name] = subprocess.run(command, check=False, env=environment).returncode
        if found[name] == INTERRUPTED:
            break
    print("--- " + ", ".join(f"{name}: {_word(status)}" for name, status in found.items()))
    return verdict(list(found.values()))


def processes(environment: Mapping[str, str]) -> int:
    """How many processes share the tests, unless the user says: many tests wait for others."""
    if said := environment.get(WORKERS):
        if not said.isdecimal():
            raise SystemExit(f"{WORKERS} is no number: {said}")
        return max(1, int(said))
    return min(2 * (os.cpu_count() or 1), MOST)


def spread(workers: int) -> list[str]:
    """The arguments that let so many processes take tests, and from each other when idle."""
    return ["-n", str(workers), "--dist", "worksteal"] if workers > 1 else []


def quickened(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what makes every started Python compile Flowgrade anew."""
    return {k: v for k, v in environment.items() if k != "PYTHONDONTWRITEBYTECODE"}


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
