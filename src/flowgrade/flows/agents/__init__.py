"""Agents: models that call tools.

``Agent`` is the loop, an ``AgentTool`` what a model may call, a ``ToolSet`` where tools come from.
The definition of a node opens sets by the entry points of ``flowgrade.tools``.
"""
