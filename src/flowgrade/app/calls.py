"""The package without an object: functions over the project around the current folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowgrade import runs
from flowgrade.app.app import FINDER, App, Data
from flowgrade.flows import Flow, function_flow, offer_types, run_blocking
from flowgrade.promptflow import promptflow_value, set_host

if TYPE_CHECKING:
    from flowgrade.flows import Agent, ToolLike
    from flowgrade.models import Model
    from flowgrade.retrieval import Built, Index
    from flowgrade.runs import Run


def stand_in_for_promptflow() -> None:
    """Let ``import promptflow`` find Flowgrade's names in this process, outside of flows too.

    For programs written with prompt flow's client. Where that package is installed it is found
    first, and nothing changes.
    """
    set_host(default_app)
    offer_types(promptflow_value)
    if FINDER not in sys.meta_path:
        sys.meta_path.append(FINDER)


@cache
def default_app() -> App:
    """The project around the current folder, read once."""
    return App()


def load_flow(
    source: str | Path | Callable[..., Any],
    *,
    variant: str | None = None,
    init: Mapping[str, Any] | None = None,
    record: bool = False,
) -> Flow:
    """Load a flow: call it, ``await flow.acall(…)``, or ``async for`` over ``flow.astream(…)``.

    ``source`` is a folder or file of a flow, ``file.py:name``, ``module:name`` or a function.
    With ``record`` the traces of its calls are stored in the project.
    """
    return default_app().load_flow(source, variant=variant, init=init, record=record)


def run(
    flow: Flow | str | Path | Callable[..., Any],
    data: Data | None = None,
    *,
    earlier: str | None = None,
    variant: str | None = None,
    init: Mapping[str, Any] | None = None,
    **options: Any,
) -> Run:
    """Run a flow over data and return the run as it ended; ``options`` are ``RunOptions``.

    ``earlier`` is that of ``App.arun``.
    """
    given = runs.RunOptions(**options)
    work = default_app().arun(
        flow, data, earlier=earlier, variant=variant, init=init, options=given
    )
    return run_blocking(work)


def resume(
    name: str,
    *,
    flow: Flow | Callable[..., Any] | None = None,
    data: Data | None = None,
    environment: Mapping[str, str] | None = None,
    **options: Any,
) -> Run:
    """Go on with a run; ``options`` are ``ResumeOptions``, the rest is that of ``App.aresume``."""
    work = default_app().aresume(
        name, flow=flow, data=data, environment=environment, options=runs.ResumeOptions(**options)
    )
    return run_blocking(work)


def open_model(name: str, *, connection: str | None = None) -> Model:
    """A model to call by itself, such as ``openai/gpt-4o-mini`` or ``embedded/reader``."""
    return default_app().models.open(name, connection=connection)


def open_index(name: str, *, snapshot: str | None = None) -> Index:
    """An index to search: ``open_index("handbook").search_blocking("How much leave is there?")``.

    Its current snapshot, or the one whose digest begins with ``snapshot``.
    """
    return default_app().open_index(name, snapshot=snapshot)


def build_index(name: str, sources: Any = (), **options: Any) -> Built:
    """Bring an index to what its sources hold: files, folders, addresses, or ``documents=[…]``.

    ``options`` are those of ``Indexes.build``: ``settings={"size": 128}``, ``rebuild`` and so on.
    """
    return default_app().build_index(name, sources, **options)


def agent(model: str | Model, *, tools: Sequence[ToolLike] = (), **settings: Any) -> Agent:
    """A model that calls ``tools`` until it has an answer: ``agent.run(question)``.

    ``tools`` are typed functions, flows, and sets such as ``McpTools``; ``settings`` are the other
    fields of ``Agent``: ``instructions``, ``output``, ``limits``, ``confirm`` and so on. With
    ``record=True`` the traces of its calls are stored in the project.
    """
    return default_app().agent(model, tools=tools, **settings)


def flow(function: Callable[..., Any]) -> Flow:
    """Make a flow of a Python function, or of a class with ``__call__``."""
    return function_flow(function, models=default_app().models)
