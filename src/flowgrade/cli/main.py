"""The command ``flowgrade``: find the command, run it, turn errors into messages."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from flowgrade.cli.leaving import leave
from flowgrade.cli.redacted import redact_output
from flowgrade.errors import FlowgradeError, InputError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

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


class Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands in the help, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands, or options, that begin so; importing none, for it is a keystroke."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  only for the shell

        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        return [
            CompletionItem(name, help=line)
            for name, (_, line) in COMMANDS.items()
            if name.startswith(incomplete)
        ]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one gets the nearest name."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from difflib import get_close_matches  # noqa: PLC0415  only for a mistyped command

            near = get_close_matches(args[0], COMMANDS, n=1)
            more = f" Did you mean '{near[0]}'?" if near else " See: flowgrade --help"
            raise click.UsageError(f"There is no command '{args[0]}'.{more}")
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415  20 ms

        click.echo(f"flowgrade {version('flowgrade')}")
        ctx.exit()


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
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
