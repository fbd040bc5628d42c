"""``pf flow validate`` and ``pf flow save``."""

from __future__ import annotations

from argparse import Namespace

from flowgrade.app import App
from flowgrade.cli.folder import prints_as_messages
from flowgrade.cli.pf.printing import print_json
from flowgrade.cli.show import note
from flowgrade.flows import flow_problems


def validate(given: Namespace) -> int:
    """Say each problem on a line of its own; exits with 1 when there is one."""
    app = App()
    app.welcome_promptflow()
    with prints_as_messages():
        problems = flow_problems(given.source, models=app.models, indexes=app.open_index)
    for problem in problems:
        note(str(problem))
    print_json({"result": "Failed" if problems else "Succeeded"})
    return 1 if problems else 0


def save(given: Namespace) -> None:
    """Write the definition and say where it is."""
    from flowgrade.promptflow import PFClient  # noqa: PLC0415  validate does without

    App().welcome_promptflow()
    with prints_as_messages():
        file = PFClient().flows.save(given.entry, path=given.path, code=given.code)
    note(f"Written: {file}")
