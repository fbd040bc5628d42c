"""Flows: something callable with named inputs and outputs.

Four ways to write one, one ``Flow`` behind them: ``flow.dag.yaml`` with nodes, ``flow.flex.yaml``
with an entry, a ``.prompty`` file, and a Python function or class.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flowgrade.flows.body import Aggregate, RowResult
from flowgrade.flows.dag import read_dag
from flowgrade.flows.definition import ABSENT, FlowSpec, InputSpec, NodeSpec, OutputSpec
from flowgrade.flows.entry import find_entry as flow_entry
from flowgrade.flows.files import find_definition
from flowgrade.flows.flow import Chunk, Execution, Flow
from flowgrade.flows.guests import NOT_MINE, converted, flow_code, offer_modules, offer_types
from flowgrade.flows.includes import with_includes
from flowgrade.flows.load import function_flow, load_flow, open_workshop
from flowgrade.flows.loop import in_flow_loop, run_blocking, run_fast
from flowgrade.flows.metrics import log_metric
from flowgrade.flows.modules import ModuleSpace
from flowgrade.flows.packages import find_package_tool, package_tools, tool_values
from flowgrade.flows.parameters import promptflow_parameters
from flowgrade.flows.problems import code_tools, flow_problems
from flowgrade.flows.references import Binding, walk
from flowgrade.flows.step import (
    NODE_TYPES,
    NodeType,
    Step,
    Workshop,
    do,
    literals_of,
    references_of,
)
from flowgrade.flows.streams import join
from flowgrade.flows.threads import DaemonPool, in_thread
from flowgrade.flows.tools import Tool, find_tool, tool
from flowgrade.flows.variants import parse_choice
from flowgrade.flows.yamlfile import YamlFile, read_yaml_file

if TYPE_CHECKING:
    from flowgrade.flows.agents.agent import Agent, ToolLike
    from flowgrade.flows.agents.approval import Confirm, approving, confirming, is_somebody_asked
    from flowgrade.flows.agents.flow_tool import flow_tool
    from flowgrade.flows.agents.limits import AgentLimits
    from flowgrade.flows.agents.result import (
        AgentEvent,
        AgentResult,
        AgentText,
        AgentToolCall,
        ToolCallRecord,
    )
    from flowgrade.flows.agents.sources.mcp import McpTools
    from flowgrade.flows.agents.sources.openapi import OpenApiTools
    from flowgrade.flows.agents.sources.python import FunctionTools
    from flowgrade.flows.agents.tool import (
        TOOL_SOURCES,
        AgentTool,
        ToolContext,
        ToolOutput,
        ToolSet,
        ToolSource,
    )

# Agents load when they are used: a flow without one does not pay for them.
_LAZY = {
    "TOOL_SOURCES": "tool",
    "Agent": "agent",
    "AgentEvent": "result",
    "AgentLimits": "limits",
    "AgentResult": "result",
    "AgentText": "result",
    "AgentTool": "tool",
    "AgentToolCall": "result",
    "Confirm": "approval",
    "FunctionTools": "sources.python",
    "McpTools": "sources.mcp",
    "OpenApiTools": "sources.openapi",
    "ToolCallRecord": "result",
    "ToolContext": "tool",
    "ToolLike": "agent",
    "ToolOutput": "tool",
    "ToolSet": "tool",
    "ToolSource": "tool",
    "approving": "approval",
    "confirming": "approval",
    "flow_tool": "flow_tool",
    "is_somebody_asked": "approval",
}

__all__ = [
    "ABSENT",
    "NOT_MINE",
    "NODE_TYPES",
    "TOOL_SOURCES",
    "Agent",
    "AgentEvent",
    "AgentLimits",
    "AgentResult",
    "AgentText",
    "AgentTool",
    "AgentToolCall",
    "Aggregate",
    "Binding",
    "Chunk",
    "Confirm",
    "DaemonPool",
    "Execution",
    "Flow",
    "FlowSpec",
    "FunctionTools",
    "InputSpec",
    "McpTools",
    "ModuleSpace",
    "NodeSpec",
    "NodeType",
    "OpenApiTools",
    "OutputSpec",
    "RowResult",
    "Step",
    "Tool",
    "ToolCallRecord",
    "ToolContext",
    "ToolLike",
    "ToolOutput",
    "ToolSet",
    "ToolSource",
    "Workshop",
    "YamlFile",
    "approving",
    "code_tools",
    "confirming",
    "converted",
    "find_definition",
    "find_package_tool",
    "find_tool",
    "flow_tool",
    "do",
    "function_flow",
    "flow_code",
    "flow_entry",
    "flow_problems",
    "in_flow_loop",
    "in_thread",
    "is_somebody_asked",
    "join",
    "literals_of",
    "load_flow",
    "open_workshop",
    "log_metric",
    "offer_modules",
    "offer_types",
    "package_tools",
    "parse_choice",
    "promptflow_parameters",
    "read_dag",
    "read_yaml_file",
    "references_of",
    "run_blocking",
    "run_fast",
    "tool",
    "tool_values",
    "walk",
    "with_includes",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"flowgrade.flows.agents.{_LAZY[name]}"), name)
