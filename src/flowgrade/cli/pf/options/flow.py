"""``flowgrade pf flow``."""

from __future__ import annotations

from flowgrade.cli.pf.options.shared import Commands, command, environment, several, yes


def add(commands: Commands) -> None:
    """Add the commands of the group."""
    _init(commands)
    _test(commands)
    validate = command(
        commands, "validate", "flow_files:validate", "Say everything that is wrong with a flow."
    )
    validate.add_argument("--source", required=True, metavar="FLOW", help="The flow.")
    save = command(
        commands, "save", "flow_files:save", "Write flow.flex.yaml for a function or class."
    )
    save.add_argument(
        "--entry", required=True, metavar="MODULE:NAME", help="Function or class in the code."
    )
    save.add_argument("--code", metavar="FOLDER", help="Folder of the code; the current one.")
    save.add_argument("--path", metavar="FOLDER", help="Copy the code there and write it there.")


def _init(commands: Commands) -> None:
    init = command(commands, "init", "flow_init:init", "Make a new flow.")
    init.add_argument("--flow", required=True, metavar="FOLDER", help="Where to make it.")
    init.add_argument(
        "--type",
        choices=["standard", "evaluation", "chat"],
        default="standard",
        help="standard: a prompt and Python; evaluation: grades and counts; chat: asks a model.",
    )
    init.add_argument(
        "--entry", metavar="FILE", help="Make it around this Python file, with --function."
    )
    init.add_argument("--function", metavar="NAME", help="The function of that file.")
    several(
        init,
        "--prompt-template",
        "NAME=FILE",
        "Parameter of the function that is given what the template renders.",
    )
    yes(init)


def _test(commands: Commands) -> None:
    test = command(commands, "test", "flow_test:test", "Call a flow once and print its outputs.")
    test.add_argument("--flow", required=True, metavar="FLOW", help="Folder or file of the flow.")
    several(
        test,
        "--inputs",
        "NAME=VALUE",
        "Inputs; or one JSON file of them, or JSONL of which the first line counts.",
    )
    test.add_argument(
        "--node", metavar="NODE", help="Call only this node, with its own inputs or NODE.output."
    )
    test.add_argument("--variant", metavar="'${NODE.VARIANT}'", help="Variant of a node.")
    environment(test)
    test.add_argument(
        "--interactive",
        action="store_true",
        help="Talk to the flow: at a terminal, or line by line from standard input.",
    )
    test.add_argument(
        "--ui", action="store_true", help="Refused: there is no chat window; see --interactive."
    )
    test.add_argument("--collection", metavar="NAME", help="Refused: traces belong to the project.")
    several(test, "--init", "NAME=VALUE", "Values for a flow that is a class.")
