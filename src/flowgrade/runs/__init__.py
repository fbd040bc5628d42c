"""Runs: a flow over a dataset, durable row by row, resumable after anything.

One process holds a run; an engine does its rows, in this process or by workers in others. Each row
is stored as it arrives, together with its trace. What was stored is never done again; what was not
is done on resume.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowgrade.plugins import later

if TYPE_CHECKING:
    from flowgrade.runs.adding import add_finished_run
    from flowgrade.runs.earlier import with_earlier_run
    from flowgrade.runs.engines.engine import (
        ENGINES,
        Engine,
        Origin,
        Plan,
        Rows,
        Sink,
        Source,
        State,
        Work,
    )
    from flowgrade.runs.engines.order import Order
    from flowgrade.runs.environment import restored, with_variables
    from flowgrade.runs.execute import ResumeOptions, RunOptions, Watch, resume_run, start_run
    from flowgrade.runs.export import FORMATS, export_run, failures
    from flowgrade.runs.finished import FinishedRow
    from flowgrade.runs.progress import Progress
    from flowgrade.runs.repository import (
        archive_run,
        ask_to_cancel,
        copy_run,
        delete_run,
        describe_run,
        get_run,
        list_runs,
        run_rows,
    )
    from flowgrade.runs.run import Run, RunAbout, RunDefinition, RunRow, RunStatus, new_run_name
    from flowgrade.runs.source import Task
    from flowgrade.runs.tables import RUN_ROWS, RUNS

__all__ = [
    "ENGINES",
    "FORMATS",
    "RUNS",
    "RUN_ROWS",
    "Engine",
    "FinishedRow",
    "Order",
    "Origin",
    "Plan",
    "Progress",
    "ResumeOptions",
    "Rows",
    "Run",
    "RunAbout",
    "RunDefinition",
    "RunOptions",
    "RunRow",
    "RunStatus",
    "Sink",
    "Source",
    "State",
    "Task",
    "Watch",
    "Work",
    "add_finished_run",
    "archive_run",
    "ask_to_cancel",
    "copy_run",
    "delete_run",
    "describe_run",
    "export_run",
    "failures",
    "get_run",
    "list_runs",
    "new_run_name",
    "restored",
    "resume_run",
    "run_rows",
    "start_run",
    "with_earlier_run",
    "with_variables",
]

__getattr__ = later(
    __name__,
    {
        "adding": "add_finished_run",
        "earlier": "with_earlier_run",
        "engines.engine": "ENGINES Engine Origin Plan Rows Sink Source State Work",
        "engines.order": "Order",
        "environment": "restored with_variables",
        "execute": "ResumeOptions RunOptions Watch resume_run start_run",
        "export": "FORMATS export_run failures",
        "finished": "FinishedRow",
        "progress": "Progress",
        "repository": (
            "archive_run ask_to_cancel copy_run delete_run describe_run get_run list_runs run_rows"
        ),
        "run": "Run RunAbout RunDefinition RunRow RunStatus new_run_name",
        "source": "Task",
        "tables": "RUNS RUN_ROWS",
    },
)
