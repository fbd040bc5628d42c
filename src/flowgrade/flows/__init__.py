"""Flows: something callable with named inputs and outputs.

Four ways to write one, one ``Flow`` behind them: ``flow.dag.yaml`` with nodes, ``flow.flex.yaml``
with an entry, a ``.prompty`` file, and a Python function or class.
"""

from flowgrade.flows.body import Aggregate, RowResult
from flowgrade.flows.definition import InputSpec, NodeSpec, OutputSpec
from flowgrade.flows.flow import Chunk, Execution, Flow
from flowgrade.flows.load import function_flow, load_flow, open_workshop
from flowgrade.flows.loop import run_blocking
from flowgrade.flows.metrics import log_metric
from flowgrade.flows.modules import ModuleSpace
from flowgrade.flows.references import Binding
from flowgrade.flows.step import (
    NODE_TYPES,
    NodeType,
    Step,
    Workshop,
    do,
    literals_of,
    references_of,
)
from flowgrade.flows.threads import in_thread
from flowgrade.flows.tools import tool
from flowgrade.flows.variants import parse_choice

__all__ = [
    "NODE_TYPES",
    "Aggregate",
    "Binding",
    "Chunk",
    "Execution",
    "Flow",
    "InputSpec",
    "ModuleSpace",
    "NodeSpec",
    "NodeType",
    "OutputSpec",
    "RowResult",
    "Step",
    "Workshop",
    "do",
    "function_flow",
    "in_thread",
    "literals_of",
    "load_flow",
    "open_workshop",
    "log_metric",
    "parse_choice",
    "references_of",
    "run_blocking",
    "tool",
]
