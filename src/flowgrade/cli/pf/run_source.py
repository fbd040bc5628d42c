"""``pf run create --source``: take in a run that prompt flow did."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from flowgrade.app import App
from flowgrade.cli.pf.printing import print_json
from flowgrade.cli.values import pairs
from flowgrade.errors import UsageError
from flowgrade.promptflow import Run, described, read_run_record, run_about, set_fields
from flowgrade.runs import add_finished_run

_NOT_WITH = (
    *("file", "flow", "data", "column_mapping", "run", "variant", "environment_variables"),
    *("connections", "resume_from", "init"),
)


def take_in(given: Namespace) -> int:
    """Store the run with its rows and metrics, and print it; nothing is run."""
    for name in _NOT_WITH:
        if getattr(given, name):
            raise UsageError(
                f"--{name.replace('_', '-')} does not go with --source: that run is done.",
                hint="Give only --name and --set.",
            )
    said: dict[str, Any] = {}
    set_fields(said, pairs(given.set, "--set"))
    run, rows = read_run_record(Path(given.source))
    asked = Run(**said)
    name = given.name or asked.name or run.name
    found = described(run, name=name, about=run_about(asked, name))
    print_json(Run.of(add_finished_run(App().store, found, rows)).as_json())
    return 0
