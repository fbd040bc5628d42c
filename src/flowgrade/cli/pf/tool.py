"""``pf tool list``: tools that flows can use."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from flowgrade.app import App
from flowgrade.cli.folder import prints_as_messages
from flowgrade.cli.pf.printing import print_json
from flowgrade.flows import code_tools, package_tools


def list_(given: Namespace) -> None:
    """Print installed package tools by id and, with a flow, the files of its code tools."""
    with prints_as_messages():
        found: dict[str, Any] = {
            "package": {name: tool.description for name, tool in package_tools().items()}
        }
        if given.flow:
            App().welcome_promptflow()
            found["code"] = code_tools(given.flow)
    print_json(found)
