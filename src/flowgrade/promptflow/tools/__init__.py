"""Prompt flow's built-in package tools, for flows that name them without the package."""

from __future__ import annotations

from typing import Any

_HERE = "flowgrade.promptflow"


def list_tools() -> dict[str, dict[str, Any]]:
    """Each tool's id with the module and function that stand in for it."""
    return {
        "promptflow.tools.embedding.embedding": _function("llm", "embedding"),
    }


def _function(module: str, function: str) -> dict[str, Any]:
    return {"module": f"{_HERE}.{module}", "function": function}
