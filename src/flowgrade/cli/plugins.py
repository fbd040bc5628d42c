"""``flowgrade plugins``: what is installed."""

from __future__ import annotations

import click

from flowgrade.cli.show import json_out, table
from flowgrade.plugins import plugins as find

GROUPS = (
    "flowgrade.providers",
    "flowgrade.engines",
    "flowgrade.nodes",
    "flowgrade.tools",
    "flowgrade.loaders",
    "flowgrade.chunkers",
    "flowgrade.index_stores",
    "flowgrade.rerankers",
    "flowgrade.package_tools",
    "package_tools",
)
"""Every entry-point group that Flowgrade reads."""


@click.group()
def plugins() -> None:
    """List installed plugins."""


@plugins.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(as_json: bool) -> None:
    """Every plugin by group, built-in ones too."""
    found = [plugin for group in GROUPS for plugin in find(group)]
    if as_json:
        json_out(found)
        return
    table(
        ["GROUP", "NAME", "FROM", "TARGET"],
        [(p.group, p.name, p.distribution or "-", p.target) for p in found],
    )
