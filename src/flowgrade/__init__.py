"""Flowgrade: LLM applications from a first prompt to optimized operation.

The names below load what they need when they are first used, so that importing the package costs
next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowgrade.app import (
        App,
        agent,
        build_index,
        flow,
        load_flow,
        open_index,
        open_model,
        resume,
        run,
        stand_in_for_promptflow,
    )
    from flowgrade.errors import FlowgradeError
    from flowgrade.flows import (
        Agent,
        AgentLimits,
        AgentResult,
        Flow,
        McpTools,
        OpenApiTools,
        log_metric,
        tool,
    )
    from flowgrade.retrieval import Document
    from flowgrade.runs import Run
    from flowgrade.tracing import span

__version__ = "0.1.0"

_HOMES = {
    "Agent": "flowgrade.flows",
    "AgentLimits": "flowgrade.flows",
    "AgentResult": "flowgrade.flows",
    "App": "flowgrade.app",
    "Document": "flowgrade.retrieval",
    "Flow": "flowgrade.flows",
    "FlowgradeError": "flowgrade.errors",
    "McpTools": "flowgrade.flows",
    "OpenApiTools": "flowgrade.flows",
    "Run": "flowgrade.runs",
    "agent": "flowgrade.app",
    "build_index": "flowgrade.app",
    "flow": "flowgrade.app",
    "load_flow": "flowgrade.app",
    "log_metric": "flowgrade.flows",
    "open_index": "flowgrade.app",
    "open_model": "flowgrade.app",
    "resume": "flowgrade.app",
    "run": "flowgrade.app",
    "span": "flowgrade.tracing",
    "stand_in_for_promptflow": "flowgrade.app",
    "tool": "flowgrade.flows",
}

__all__ = [
    "Agent",
    "AgentLimits",
    "AgentResult",
    "App",
    "Document",
    "Flow",
    "FlowgradeError",
    "McpTools",
    "OpenApiTools",
    "Run",
    "__version__",
    "agent",
    "build_index",
    "flow",
    "load_flow",
    "log_metric",
    "open_index",
    "open_model",
    "resume",
    "run",
    "span",
    "stand_in_for_promptflow",
    "tool",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'flowgrade' has no attribute '{name}'")
    return getattr(import_module(home), name)
