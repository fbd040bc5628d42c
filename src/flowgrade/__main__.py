"""Run the command line with ``python -m flowgrade``."""

from flowgrade.cli import main

main()
