"""Engine: does the rows of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

from flowgrade.flows import Flow
from flowgrade.records import JsonObject, Record, field, shallow
from flowgrade.runs.finished import FinishedRow
from flowgrade.runs.source import Task

ENGINES = "flowgrade.engines"
"""Entry-point group of engines; the entry's name is what ``--engine`` takes."""


class Source(Protocol):
    """Hands out the rows to do, to any thread."""

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        ...

    @property
    def hungry(self) -> bool:
        """Whether somebody waits for a row."""
        ...

    def take(self) -> Task | None:
        """The next row to do; None when there is none."""
        ...

    async def next(self) -> Task | None:
        """The next row to do, without blocking the event loop."""
        ...

    def stop(self) -> None:
        """Hand out nothing more."""
        ...


class Rows(Source, Protocol):
    """The rows of a run."""

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop: then rows that are not begun stay undone."""
        ...


class Sink(Protocol):
    """Takes the rows that are done, from any thread."""

    @property
    def full(self) -> bool:
        """Whether more rows should wait before they begin."""
        ...

    def put(self, row: FinishedRow) -> None:
        """Hand over one row."""
        ...

    def wait_for_room(self) -> None:
        """Block while too much waits."""
        ...


class State(Protocol):
    """What an engine keeps with the run, to go on by after it was killed."""

    @property
    def values(self) -> JsonObject:
        """What was saved last; empty at first."""
        ...

    def save(self, values: JsonObject) -> None:
        """Store it; it outlives this process once this returns."""
        ...

    def forget(self) -> None:
        """Let it be empty once all rows that were handed over are stored."""
        ...


class Origin(Record, hide=("environment", "variables")):
    """Where other processes get the flow and its models from; secrets stand in it."""

    opener: str
    """``module:function`` of what takes an ``Order`` and opens its flow."""
    project: str
    """The project's folder."""
    environment: Mapping[str, str]
    """What the settings are read from."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables that are set for the run."""
    most_workers: Callable[[], int | None] = lambda: None
    """How many there can be, since each needs a share of every connection's limits."""


class Plan(Record):
    """How a run is to be done."""

    flow: Flow
    concurrency: int
    """Rows under way at once, at most, on all workers together."""
    workers: int | None = None
    """How many workers were asked for."""
    timeout: float | None = None
    """Seconds that one row may take."""
    stop_on_error: bool = False
    rows: int | None = None
    """How many rows are to be done; None where that is not known."""
    origin: Origin | None = None

    def work(self, source: Rows, sink: Sink, state: State) -> Work:
        """The work that follows from the plan."""
        return Work(**shallow(self), source=source, sink=sink, state=state)


class Work(Plan):
    """What an engine is to do: every row of ``source``, each handed over by ``done`` once."""

    source: Rows
    sink: Sink
    state: State

    def done(self, row: FinishedRow) -> None:
        """Hand over a row that is done."""
        self.sink.put(row)
        if self.stop_on_error and row.failed:
            self.source.stop()


@runtime_checkable
class Engine(Protocol):
    """What an entry point of the group ``flowgrade.engines`` names.

    ``flowgrade.testing.engines`` has a conformance kit for it.
    """

    def check(self, plan: Plan) -> None:
        """Raise InputError or MissingExtraError where it cannot do so; begins nothing."""
        ...

    async def run(self, work: Work) -> None:
        """Do the rows until the source ends. Raises EngineError when it cannot go on.

        Once the source is stopped no further row is begun and the open ones are finished. When
        cancelled, open rows may be given up: what was not handed over is done on resume.
        """
        ...
