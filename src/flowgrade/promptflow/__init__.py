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
        "client.client": "PFClient",
        "client.connections": "connection_json",
        "client.details": "detail_rows",
        "client.run": "Run set_fields",
        "client.run_record": "described read_run_record",
        "client.run_yaml": "load_run",
        "client.submission": "run_about submission",
        "exporting": "Exported export_python",
        "finder": "PromptFlowFinder",
        "host": "Host set_host",
        "importing": "FoundFlow Report import_project",
        "steps": "ask bind if_ran in_thread nothing part render",
        "values": "promptflow_value",
    },
)
