"""``flowgrade stub``: a scripted model for tests."""

from __future__ import annotations

from pathlib import Path

import click

from flowgrade.cli.show import note
from flowgrade.cli.values import pairs
from flowgrade.testing import read_script, script_from_options, serve_stub


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8765,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--script",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML or JSON file with replies, latency and faults.",
)
@click.option("--latency", help="Seconds before each answer, or {uniform: [0.1, 0.3]}.")
@click.option("--error-rate", type=click.FloatRange(0, 1), help="Share of calls that fail.")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Any script field.")
@click.option("--allow-remote", is_flag=True, help="Listen beyond this machine, unprotected.")
def stub(
    host: str,
    port: int,
    script: Path | None,
    latency: str | None,
    error_rate: float | None,
    settings: tuple[str, ...],
    allow_remote: bool,
) -> None:
    """Serve an OpenAI-compatible model that answers by script.

    Point any client at it, for example with OPENAI_BASE_URL=http://127.0.0.1:8765/v1 and any
    OPENAI_API_KEY. Fields of a script: docs/reference/stub.md.
    """
    chosen = script_from_options(
        read_script(script) if script else None,
        **{"latency": latency, "error_rate": error_rate, **pairs(settings, "--set")},
    )

    def ready(url: str) -> None:
        note(f"The stub answers at {url}/v1   (stop it with Ctrl-C)")

    serve_stub(chosen, host=host, port=port, on_ready=ready, allow_remote=allow_remote)
