"""Look at a prompt flow project, say what is ready, and write a Flowgrade project around it.

Nothing of the project is changed, and none of its code runs.
"""

from flowgrade.promptflow.importing.import_project import import_project
from flowgrade.promptflow.importing.report import Decision, FoundConnection, FoundFlow, Report

__all__ = ["Decision", "FoundConnection", "FoundFlow", "Report", "import_project"]
