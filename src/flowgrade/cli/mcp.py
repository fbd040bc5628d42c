"""``flowgrade mcp``: flows as tools of an MCP server."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import click

from flowgrade.app import App
from flowgrade.cli.folder import inside, prints_as_messages
from flowgrade.cli.mcp_server import flow_server, serve_http, serve_stdio
from flowgrade.cli.show import note
from flowgrade.cli.values import pairs, typed
from flowgrade.errors import InputError
from flowgrade.flows import Flow


@click.group()
def mcp() -> None:
    """Offer flows to other programs by the Model Context Protocol."""


@mcp.command()
@click.argument("flows", nargs=-1, required=True, metavar="FLOW...")
@click.option("--http", is_flag=True, help="Serve streamable HTTP on this machine.")
@click.option(
    "--port",
    default=8766,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port for --http; 0 takes a free one.",
)
@click.option("--name", default="flowgrade", show_default=True, help="Name of the server.")
@click.option("--variant", metavar="'${NODE.VARIANT}'", help="Variant of a node; for one FLOW.")
@click.option("--init", multiple=True, metavar="NAME=VALUE", help="Value for class flows.")
@click.option(
    "--env", "environment", multiple=True, metavar="NAME=VALUE", help="Environment variable."
)
def serve(
    flows: tuple[str, ...],
    http: bool,
    port: int,
    name: str,
    variant: str | None,
    init: tuple[str, ...],
    environment: tuple[str, ...],
) -> None:
    """Serve each FLOW as an MCP tool: its inputs are the tool's arguments.

    Speaks over standard input and output, as clients that start a server expect; with --http at
    http://127.0.0.1:PORT/mcp, which only this machine can reach. Traces of the calls are stored.
    """
    app = App()
    if variant and len(flows) > 1:
        raise InputError("A variant is for one flow.", hint="Serve that flow by itself.")
    given = typed(init, "--init")
    with prints_as_messages():
        loaded = [app.load_flow(f, variant=variant, init=given, record=True) for f in flows]
    with ExitStack() as stack:
        for flow in loaded:
            stack.enter_context(app.surroundings(flow, pairs(environment, "--env")))
        if len(loaded) == 1:  # several flows cannot all be at home
            stack.enter_context(inside(loaded[0].folder))
        for flow in loaded:
            flow.body.prepare()
        asyncio.run(_serve(app, loaded, name, port if http else None))


async def _serve(app: App, flows: list[Flow], name: str, port: int | None) -> None:
    server = flow_server(flows, name=name)
    async with app.models:
        if port is None:
            await serve_stdio(server)
        else:
            await serve_http(server, port, ready=lambda url: note(f"MCP at {url}   (Ctrl-C stops)"))
