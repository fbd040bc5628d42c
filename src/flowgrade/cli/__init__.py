"""The command line: one file per command group, each loaded when it is called."""

from flowgrade.cli.main import main

__all__ = ["main"]
