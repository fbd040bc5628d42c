"""Prompt flow projects: what their code imports, their commands, their connections.

The files themselves, ``flow.dag.yaml``, ``flow.flex.yaml`` and Prompty, are read by ``flows``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flowgrade.promptflow.finder import PromptFlowFinder
from flowgrade.promptflow.host import Host, set_host
from flowgrade.promptflow.values import promptflow_value

if TYPE_CHECKING:
    from flowgrade.promptflow.exporting import Exported, export_python
    from flowgrade.promptflow.importing import FoundFlow, Report, import_project
    from flowgrade.promptflow.steps import ask, bind, if_ran, in_thread, nothing, part, render

# Loaded when used: most commands neither import nor export anything.
_LATER = {
    "Exported": "exporting",
    "FoundFlow": "importing",
    "Report": "importing",
    "ask": "steps",
    "bind": "steps",
    "export_python": "exporting",
    "if_ran": "steps",
    "import_project": "importing",
    "in_thread": "steps",
    "nothing": "steps",
    "part": "steps",
    "render": "steps",
}

__all__ = [
    "Exported",
    "FoundFlow",
    "Host",
    "PromptFlowFinder",
    "Report",
    "ask",
    "bind",
    "export_python",
    "if_ran",
    "import_project",
    "in_thread",
    "nothing",
    "part",
    "promptflow_value",
    "render",
    "set_host",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"flowgrade.promptflow.{_LATER[name]}"), name)
