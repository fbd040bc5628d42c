"""Prompt flow projects: what their code imports, their commands, their connections.

The files themselves, ``flow.dag.yaml``, ``flow.flex.yaml`` and Prompty, are read by ``flows``.
"""

from flowgrade.promptflow.finder import PromptFlowFinder
from flowgrade.promptflow.host import Host, set_host
from flowgrade.promptflow.values import promptflow_value

__all__ = ["Host", "PromptFlowFinder", "promptflow_value", "set_host"]
