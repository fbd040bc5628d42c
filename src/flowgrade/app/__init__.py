"""Wire settings, store, models and rooms together; the sync facade of the package."""

from flowgrade.app.app import App, Data, open_in_worker
from flowgrade.app.calls import (
    agent,
    build_index,
    default_app,
    flow,
    load_flow,
    open_index,
    open_model,
    resume,
    run,
    stand_in_for_promptflow,
)

__all__ = [
    "App",
    "Data",
    "agent",
    "build_index",
    "default_app",
    "flow",
    "load_flow",
    "open_in_worker",
    "open_index",
    "open_model",
    "resume",
    "run",
    "stand_in_for_promptflow",
]
