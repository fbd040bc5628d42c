"""Export a flow and load what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flowgrade.app import App
from flowgrade.promptflow import Exported, export_python

TOOL = "from promptflow.core import tool\n\n\n"


def exported(app: App, folder: Path, **options: Any) -> Exported:
    return export_python(folder, models=app.models, **options)


def as_flow(app: App, folder: Path, **options: Any) -> Any:
    """The flow as Python, beside its files."""
    file = folder / "exported.py"
    file.unlink(missing_ok=True)
    exported(app, folder, **options).write(file)
    return app.load_flow(f"{file}:flow")
