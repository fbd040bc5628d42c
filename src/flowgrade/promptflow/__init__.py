"""Prompt flow projects: what their code imports, their client, their connections.

The files themselves, ``flow.dag.yaml``, ``flow.flex.yaml`` and Prompty, are read by ``flows``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowgrade.plugins import later

if TYPE_CHECKING:
    from flowgrade.promptflow.client.client import PFClient
    from flowgrade.promptflow.client.connections import connection_json
    from flowgrade.promptflow.client.details import detail_rows
    from flowgrade.promptflow.client.run import Run, set_fields
    from flowgrade.promptflow.client.run_record import described, read_run_record
    from flowgrade.promptflow.client.run_yaml import load_run
    from flowgrade.promptflow.client.submission import run_about, submission
    from flowgrade.promptflow.exporting import Exported, export_python
    from flowgrade.promptflow.finder import PromptFlowFinder
    from flowgrade.promptflow.host import Host, set_host
    from flowgrade.promptflow.importing import FoundFlow, Report, import_project
    from flowgrade.promptflow.steps import ask, bind, if_ran, in_thread, nothing, part, render
    from flowgrade.promptflow.values import promptflow_value

__all__ = [
    "Exported",
    "FoundFlow",
    "Host",
    "PFClient",
    "PromptFlowFinder",
    "Report",
    "Run",
    "ask",
    "bind",
    "connection_json",
    "described",
    "detail_rows",
    "export_python",
    "if_ran",
    "import_project",
    "in_thread",
    "load_run",
    "nothing",
    "part",
    "promptflow_value",
    "read_run_record",
    "render",
    "run_about",
    "set_fields",
    "set_host",
    "submission",
]

__getattr__ = later(
    __name__,
    {
        "Exported": "exporting",
        "FoundFlow": "importing",
        "Host": "host",
        "PFClient": "client.client",
        "PromptFlowFinder": "finder",
        "Report": "importing",
        "Run": "client.run",
        "ask": "steps",
        "bind": "steps",
        "connection_json": "client.connections",
        "described": "client.run_record",
        "detail_rows": "client.details",
        "export_python": "exporting",
        "if_ran": "steps",
        "import_project": "importing",
        "in_thread": "steps",
        "load_run": "client.run_yaml",
        "nothing": "steps",
        "part": "steps",
        "promptflow_value": "values",
        "read_run_record": "client.run_record",
        "render": "steps",
        "run_about": "client.submission",
        "set_fields": "client.run",
        "set_host": "host",
        "submission": "client.submission",
    },
)
