"""``flowgrade pf run``."""

from __future__ import annotations

from flowgrade.cli.pf.options.shared import (
    Commands,
    command,
    count,
    environment,
    run_name,
    several,
    yes,
)


def add(commands: Commands) -> None:
    """Add the commands of the group."""
    _create(commands)
    update = command(commands, "update", "run_about:update", "Say something else about a run.")
    run_name(update)
    several(update, "--set", "FIELD=VALUE", "display_name=…, description=…, tags.KEY=…")
    run_name(command(commands, "show", "run_show:show", "One run as JSON."))
    _details(commands)
    run_name(command(commands, "show-metrics", "run_show:show_metrics", "What aggregation logged."))
    visualize = command(
        commands, "visualize", "run_show:visualize", "Write an HTML page of runs side by side."
    )
    visualize.add_argument(
        "-n", "--names", required=True, metavar="RUNS", help="Names of runs, with commas between."
    )
    visualize.add_argument(
        "--html-path", metavar="FILE", help="Where to write it; runs' names in the current folder."
    )
    visualize.add_argument("--open", action="store_true", help="Open it in a browser.")
    _list(commands)
    run_name(command(commands, "archive", "run_about:archive", "Let lists leave a run out."))
    run_name(command(commands, "restore", "run_about:restore", "Let lists show a run again."))
    delete = command(
        commands, "delete", "run_about:delete", "Delete a run with its rows and traces."
    )
    run_name(delete)
    yes(delete)
    stream = command(
        commands, "stream", "run_show:stream", "Follow a run to its end, then show it."
    )
    run_name(stream)


def _create(commands: Commands) -> None:
    create = command(commands, "create", "run_create:create", "Run a flow over data.")
    create.add_argument(
        "-f", "--file", metavar="FILE", help="YAML of the run; its paths count from its folder."
    )
    create.add_argument("--flow", metavar="FLOW", help="Folder or file of the flow.")
    create.add_argument("--data", metavar="FILE", help="JSONL, CSV, TSV or Parquet, or a folder.")
    several(
        create,
        "--column-mapping",
        "INPUT=SOURCE",
        "'${data.x}', '${run.inputs.x}', '${run.outputs.x}' or a constant.",
    )
    create.add_argument(
        "--run", metavar="RUN", help="Completed run whose rows stand beside the data."
    )
    create.add_argument("--variant", metavar="'${NODE.VARIANT}'", help="Variant of a node.")
    create.add_argument("-n", "--name", metavar="RUN", help="Name of the run.")
    create.add_argument(
        "-s", "--stream", action="store_true", help="Say each second how far it is."
    )
    environment(create)
    several(
        create,
        "--connections",
        "NODE.FIELD=VALUE",
        "Other connection, deployment_name or model of a node.",
    )
    several(create, "--set", "FIELD=VALUE", "Fields of the run, such as tags.KEY=VALUE.")
    create.add_argument(
        "--resume-from", metavar="RUN", help="Begin with the completed rows of that run."
    )
    create.add_argument(
        "--source",
        metavar="FOLDER",
        help="Take in a run that prompt flow did: its folder below ~/.promptflow/.runs.",
    )
    several(create, "--init", "NAME=VALUE", "Values for a flow that is a class.")


def _details(commands: Commands) -> None:
    details = command(commands, "show-details", "run_show:show_details", "The rows of a run.")
    run_name(details)
    details.add_argument(
        "-r", "--max-results", type=count, default=100, metavar="N", help="How many rows, at most."
    )
    details.add_argument("--all-results", action="store_true", help="All rows.")


def _list(commands: Commands) -> None:
    found = command(commands, "list", "run_show:list_", "The newest runs first.")
    found.add_argument(
        "-r", "--max-results", type=count, default=50, metavar="N", help="How many runs, at most."
    )
    found.add_argument("--all-results", action="store_true", help="All runs.")
    which = found.add_mutually_exclusive_group()
    which.add_argument("--archived-only", action="store_true", help="Only archived runs.")
    which.add_argument("--include-archived", action="store_true", help="Archived runs too.")
    found.add_argument(
        "-o", "--output", choices=["json", "table"], default="json", help="How to print them."
    )
