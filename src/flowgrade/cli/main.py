"""The command ``flowgrade``: find the command, run it, turn errors into messages."""

from __future__ import annotations

import gc
import os
import sys
from typing import Any, NoReturn

import click

from flowgrade.cli.lazy import Lazy
from flowgrade.cli.leaving import leave
from flowgrade.cli.redacted import redact_output
from flowgrade.errors import FlowgradeError, InputError

FAULT = 70
"""Exit code for a fault of ours."""

_CHECK = "Check the path, and that it is yours to read and write."

# Name → where it is and its line in the help. Only the command that is called is imported.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("flowgrade.cli.init:init", "Make a new project."),
    "demo": ("flowgrade.cli.demo:demo", "Run the example over its 300 questions."),
    "test": ("flowgrade.cli.test:test", "Call a flow once."),
    "run": ("flowgrade.cli.run:run", "Run a flow over a dataset."),
    "chat": ("flowgrade.cli.chat.command:chat", "Talk to a model or a flow."),
    "sessions": ("flowgrade.cli.sessions:sessions", "List, show and export conversations."),
    "runs": ("flowgrade.cli.runs:runs", "List, show, export, resume and delete runs."),
    "models": ("flowgrade.cli.models:models", "List, show, test and compare models."),
    "traces": ("flowgrade.cli.traces:traces", "See what happened, step by step."),
    "index": ("flowgrade.cli.index.command:index", "Make documents searchable, and search them."),
    "prompts": ("flowgrade.cli.prompts:prompts", "List, show, render, copy and check prompts."),
    "connection": ("flowgrade.cli.connection:connection", "Say how to reach models, and try it."),
    "store": ("flowgrade.cli.store:store", "Look at the database and migrate it."),
    "mcp": ("flowgrade.cli.mcp:mcp", "Offer flows as tools by the Model Context Protocol."),
    "pf": ("flowgrade.cli.pf.command:pf", "Prompt flow's own commands."),
    "plugins": ("flowgrade.cli.plugins:plugins", "List installed plugins."),
    "schema": ("flowgrade.cli.schema:schema", "Print the JSON Schema of a file."),
    "doctor": ("flowgrade.cli.doctor:doctor", "Find out what is wrong here, or would be."),
    "completion": ("flowgrade.cli.completion:completion", "Complete commands in your shell."),
    "import": ("flowgrade.cli.importing:import_", "Make a project of one written for others."),
    "export": ("flowgrade.cli.exporting:export", "Turn a flow into other forms."),
    "stub": ("flowgrade.cli.stub:stub", "Serve a scripted model for tests."),
}


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415  20 ms

        click.echo(f"flowgrade {version('flowgrade')}")
        ctx.exit()


@click.command(cls=Lazy, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show stack traces (or set FLOWGRADE_DEBUG=1).")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version.",
)
def flowgrade(debug: bool) -> None:
    """LLM applications from a first prompt to optimized operation.

    \b
    Begin:  flowgrade demo             the example, with no key and no network
            flowgrade init my-project  a project of your own
    """
    if debug:
        os.environ["FLOWGRADE_DEBUG"] = "1"


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    # Python would look for cycles after every 700 new objects, and a command makes most of its
    # objects once, while it imports: a tenth of a short run would go into looking.
    gc.set_threshold(100_000, 20, 20)
    leave(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    redact_output()
    try:
        code: Any = flowgrade.main(arguments, prog_name="flowgrade", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return _stopped()
    except KeyboardInterrupt:
        return _stopped()
    except BrokenPipeError:
        # The reader of our output has enough, as in `… | head`; nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except FlowgradeError as error:
        return _refused(error)
    except OSError as error:
        if error.filename is None:
            return _fault(error)
        return _refused(InputError(f"{error.filename}: {error.strerror}.", hint=_CHECK))
    except Exception as error:  # noqa: BLE001  the edge: nothing may show a bare trace
        return _fault(error)
    return code if isinstance(code, int) else 0


def _stopped() -> int:
    click.echo("Stopped.", err=True)
    return 1


def _refused(error: FlowgradeError) -> int:
    _trace(error)
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {error}", err=True)
    return error.exit_code


def _fault(error: Exception) -> int:
    _trace(error)
    click.echo(
        f"{click.style('Fault:', fg='red', bold=True)} {type(error).__name__}: {error}\n"
        "  This is a defect of Flowgrade. See where with --debug, and please report it.",
        err=True,
    )
    return FAULT


def _trace(error: Exception) -> None:
    if _debug():
        import traceback  # noqa: PLC0415  only for those who debug

        click.echo("".join(traceback.format_exception(error)), err=True)


def _debug() -> bool:
    if "FLOWGRADE_DEBUG" in os.environ:
        return os.environ["FLOWGRADE_DEBUG"].strip().lower() in ("1", "true", "yes", "on")
    from flowgrade.settings import read_settings  # noqa: PLC0415  only once something went wrong

    try:
        return read_settings().debug  # the project's .env may say so
    except (FlowgradeError, OSError):
        return False
