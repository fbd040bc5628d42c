"""The option ``--environment``, the same for every command that uses models."""

from __future__ import annotations

import os

import click


def _choose(_: click.Context, __: click.Parameter, name: str | None) -> None:
    if name is not None:
        os.environ["FLOWGRADE_ENVIRONMENT"] = name  # before the settings are read


environment_option = click.option(
    "--environment",
    "project_environment",  # a name of its own: --env is called environment
    metavar="NAME",
    expose_value=False,
    callback=_choose,
    help="Environment of flowgrade.yaml whose slots hold (or set FLOWGRADE_ENVIRONMENT).",
)
