"""What the code of a prompt flow project needs of the program that runs it."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from flowgrade.errors import FlowgradeError
from flowgrade.flows import Flow, in_flow_loop, run_blocking
from flowgrade.store import Store

if TYPE_CHECKING:
    from flowgrade.models import Models
    from flowgrade.retrieval import OpenedIndex
    from flowgrade.runs import Run, RunOptions, Watch

T = TypeVar("T")
Data = str | Path | Sequence[Mapping[str, Any]]


class Host(Protocol):
    """One project: its models, its store, its flows."""

    @property
    def models(self) -> Models:
        """The models that the project's connections reach."""
        ...

    @property
    def store(self) -> Store:
        """The project's database."""
        ...

    def load_flow(
        self,
        source: str | Path | Callable[..., Any],
        *,
        variant: str | None = None,
        init: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        record: bool = False,
    ) -> Flow:
        """Load a flow."""
        ...

    async def arun(
        self,
        flow: Flow,
        data: Data | None = None,
        *,
        earlier: str | None = None,
        options: RunOptions | None = None,
        watch: Watch | None = None,
    ) -> Run:
        """Run a flow over data, over the rows of an earlier run, or over both."""
        ...

    async def aresume(self, name: str, *, watch: Watch | None = None) -> Run:
        """Go on with a run."""
        ...

    def open_index(self, name: str, *, snapshot: str | None = None) -> OpenedIndex:
        """An index of the project."""
        ...

    def surroundings(
        self, flow: Flow, environment: Mapping[str, str]
    ) -> AbstractContextManager[Mapping[str, str]]:
        """Set environment variables for the block."""
        ...


_factories: list[Callable[[], Host]] = []


def set_host(factory: Callable[[], Host]) -> None:
    """Say where the host comes from; it is made when it is first needed."""
    _factories[:] = [factory]


def host() -> Host:
    """The host of this process."""
    if not _factories:
        raise FlowgradeError(
            "No project is open.", hint="Load the flow with flowgrade.load_flow or the command."
        )
    return _factories[0]()


def blocking(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` to its end, wherever this is called: prompt flow's functions are sync.

    Code that the event loop itself runs gets a loop in a thread of its own.
    """
    if not in_flow_loop():
        return run_blocking(work)
    return aside(work)


def aside(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` to its end in a loop and a thread of its own."""
    found: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001  handed to the caller below
            failed.append(error)

    context = contextvars.copy_context()
    thread = threading.Thread(target=lambda: context.run(run), name="flowgrade-aside")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]
