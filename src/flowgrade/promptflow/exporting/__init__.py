"""Turn a flow of nodes into Python that is pleasant to read and does the same."""

from flowgrade.promptflow.exporting.export import Exported, export_python

__all__ = ["Exported", "export_python"]
