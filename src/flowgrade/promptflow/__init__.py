"""Prompt flow projects: what their code imports, their client, their connections.

The files themselves, ``flow.dag.yaml``, ``flow.flex.yaml`` and Prompty, are read by ``flows``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flowgrade.promptflow.finder import PromptFlowFinder
from flowgrade.promptflow.host import Host, set_host
from flowgrade.promptflow.values import promptflow_value

if TYPE_CHECKING:
    from flowgrade.promptflow.client.client import PFClient
    from flowgrade.promptflow.client.connections import connection_json
    from flowgrade.promptflow.client.details import detail_rows
    from flowgrade.promptflow.client.run import Run, set_fields
    from flowgrade.promptflow.client.run_yaml import load_run
    from flowgrade.promptflow.client.submission import submission

# The client loads when it is used: a flow does not pay for it.
_LAZY = {
    "PFClient": "client",
    "Run": "run",
    "connection_json": "connections",
    "detail_rows": "details",
    "load_run": "run_yaml",
    "set_fields": "run",
    "submission": "submission",
}

__all__ = [
    "Host",
    "PFClient",
    "PromptFlowFinder",
    "Run",
    "connection_json",
    "detail_rows",
    "load_run",
    "promptflow_value",
    "set_fields",
    "set_host",
    "submission",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"flowgrade.promptflow.client.{_LAZY[name]}"), name)
