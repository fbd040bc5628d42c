"""Start and resume runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flowgrade.datasets import Dataset, JoinedDataset
from flowgrade.errors import (
    DatasetError,
    FlowgradeError,
    InputError,
    RunBusyError,
    StoreError,
    UsageError,
)
from flowgrade.flows import Flow, RowResult
from flowgrade.plugins import load_plugin
from flowgrade.records import Failure, JsonObject, Record, replace
from flowgrade.runs.columns import column_reader
from flowgrade.runs.engines.engine import ENGINES, Engine, Origin, Plan
from flowgrade.runs.engines.opening import is_opening
from flowgrade.runs.environment import storable
from flowgrade.runs.progress import Progress
from flowgrade.runs.repository import (
    add_run,
    ask_to_cancel,
    completed_rows,
    get_run,
    kept_rows,
    lock_name,
    update_run,
)
from flowgrade.runs.run import (
    Run,
    RunAbout,
    RunDefinition,
    RunStatus,
    check_run_name,
    new_run_name,
)
from flowgrade.runs.source import RowSource
from flowgrade.runs.writer import RowWriter
from flowgrade.store import Store
from flowgrade.tracing import save_spans, start_trace

Watch = Callable[[Progress], None]
"""Called once, with the counters of a run that begins; it may look at them as it likes."""


class RunOptions(Record):
    """How to start a run; see ``RunDefinition``."""

    name: str | None = None
    mapping: Mapping[str, Any] | None = None
    environment: Mapping[str, str] | None = None
    limit: int | None = None
    concurrency: int = 64
    timeout: float | None = None
    stop_on_error: bool = False
    engine: str = "local"
    workers: int | None = None
    about: RunAbout = RunAbout()


class ResumeOptions(Record):
    """How to go on with a run; what is None stays as it was."""

    accept_changes: bool = False
    """Whether to go on with a flow that has changed."""
    concurrency: int | None = None
    engine: str | None = None
    workers: int | None = None

    def applied(self, definition: RunDefinition) -> RunDefinition:
        """The definition with what is said here."""
        engine = self.engine or definition.engine
        same = engine == definition.engine
        return replace(
            definition,
            concurrency=self.concurrency or definition.concurrency,
            engine=engine,
            # A number of workers was asked of the engine that the run had.
            workers=self.workers or (definition.workers if same else None),
            engine_state=definition.engine_state if same else {},
        )


async def start_run(
    store: Store,
    flow: Flow,
    dataset: Dataset,
    *,
    options: RunOptions | None = None,
    watch: Watch | None = None,
    origin: Origin | None = None,
    project_environment: str | None = None,
) -> Run:
    """Run ``flow`` over every row of ``dataset``; returns the run as it ended.

    ``project_environment`` is what the flow's models were chosen by; it is kept with the run.
    Raises MappingError or InputError before anything is stored when the run cannot begin. Failed
    rows do not raise. When cancelled, the run keeps what is done and can be resumed. ``origin``
    says where engines with workers in other processes get the flow from.
    """
    given = options or RunOptions()
    _check_options(given)
    apply = column_reader(flow, dataset, given.mapping)
    flow.body.prepare()
    definition = RunDefinition(
        flow=flow.source,
        data=str(dataset.path) if dataset.path else "",
        run=dataset.run if isinstance(dataset, JoinedDataset) else None,
        mapping=dict(given.mapping) if given.mapping else None,
        variant=flow.variant,
        overrides=dict(flow.overrides),
        init=dict(flow.init),
        environment=storable(given.environment or {}),
        limit=given.limit,
        concurrency=given.concurrency,
        timeout=given.timeout,
        stop_on_error=given.stop_on_error,
        engine=given.engine,
        workers=given.workers,
        project_environment=project_environment,
    )
    run = Run(
        name=check_run_name(given.name) if given.name else new_run_name(flow.name),
        flow=str(flow.ref),
        dataset=str(dataset.ref),
        status=RunStatus.RUNNING,
        definition=definition,
        created_ns=time.time_ns(),
        rows=dataset.count(),
        about=given.about,
    )
    with _locked(store, run.name):
        execution = _Execution(store, flow, dataset, run, apply, origin)
        add_run(store, run)
        return await execution.go(watch)


async def resume_run(
    store: Store,
    name: str,
    flow: Flow,
    dataset: Dataset,
    *,
    options: ResumeOptions | None = None,
    watch: Watch | None = None,
    origin: Origin | None = None,
) -> Run:
    """Go on with a run: rows that are completed stay, all others are done.

    Raises InputError when the data or the flow is not what the run began with, unless the options
    accept a changed flow; the run then keeps the earlier ref.
    """
    given = options or ResumeOptions()
    with _locked(store, name):
        run = get_run(store, name)
        run = _checked(run, flow, dataset, given.accept_changes)
        run = replace(run, definition=given.applied(run.definition))
        apply = column_reader(flow, dataset, run.definition.mapping)
        flow.body.prepare()
        ask_to_cancel(store, name, wish=False)
        run = replace(run, status=RunStatus.RUNNING, error=None, ended_ns=None)
        execution = _Execution(store, flow, dataset, run, apply, origin)
        update_run(store, run)
        return await execution.go(watch)


def _check_options(given: RunOptions) -> None:
    if given.concurrency < 1:
        raise InputError("The concurrency must be at least 1.")
    if given.workers is not None and given.workers < 1:
        raise InputError("There must be at least 1 worker.")
    if is_opening():
        raise UsageError(
            "A run was started while a worker loaded this module.",
            hint='Start runs below: if __name__ == "__main__":',
        )


class _Execution:
    """One part of a run, from where it stands to its end."""

    def __init__(
        self,
        store: Store,
        flow: Flow,
        dataset: Dataset,
        run: Run,
        apply: Callable[[dict[str, Any]], dict[str, Any]],
        origin: Origin | None,
    ) -> None:
        self._store = store
        self._flow = flow
        self._dataset = dataset
        self._run = run
        self._apply = apply
        self._began = time.monotonic()
        self._forgets = False
        self._done = completed_rows(store, run.name)
        definition = run.definition
        self._plan = Plan(
            flow=replace(flow, base=_base(dataset)),
            concurrency=definition.concurrency,
            workers=definition.workers,
            timeout=definition.timeout,
            stop_on_error=definition.stop_on_error,
            rows=None if run.rows is None else run.rows - len(self._done),
            origin=origin,
        )
        # mypy: a runtime-checkable protocol is meant here, not a class to instantiate
        self._engine = load_plugin(ENGINES, definition.engine, Engine)  # type: ignore[type-abstract]
        self._engine.check(self._plan)

    @property
    def values(self) -> JsonObject:
        """The state of the engine."""
        return self._run.definition.engine_state

    def save(self, values: JsonObject) -> None:
        """Store the state of the engine."""
        definition = replace(self._run.definition, engine_state=values)
        self._run = replace(self._run, definition=definition)
        update_run(self._store, self._run)

    def forget(self) -> None:
        """Empty the state of the engine once the rows are stored."""
        self._forgets = bool(self.values)

    async def go(self, watch: Watch | None) -> Run:
        progress = Progress(rows=self._run.rows, before=len(self._done))
        source = RowSource(self._dataset.rows(), done=self._done, apply=self._apply)
        if watch is not None:
            watch(progress)
        try:
            cancelled = await self._work(source, progress)
        except FlowgradeError as error:
            self._end_badly(progress, error)
            if isinstance(error, StoreError):
                go_on = f"Go on with: flowgrade runs resume {self._run.name}"
                error.hint = f"{error.hint}\n  {go_on}" if error.hint else go_on
            raise
        except asyncio.CancelledError:
            self._end(RunStatus.CANCELLED, progress)
            raise
        if source.error is not None:
            self._end_badly(progress, source.error)
            raise source.error
        if cancelled:
            return self._end(RunStatus.CANCELLED, progress)
        if self._run.definition.stop_on_error and progress.failed:
            return self._end(RunStatus.FAILED, progress)
        await self._aggregate()
        return self._end(RunStatus.COMPLETED, progress)

    async def _work(self, source: RowSource, progress: Progress) -> bool:
        """Do the rows; returns whether the run was stopped before its last."""
        writer = RowWriter(
            self._store,
            self._run.name,
            progress,
            on_stop=source.stop,
            seconds=self._run.seconds,
        )
        try:
            await self._engine.run(self._plan.work(source, writer, self))
        finally:
            writer.close()
        if self._forgets:
            self.save({})
        return writer.cancelled

    async def _aggregate(self) -> None:
        if not self._flow.body.aggregates:
            return
        rows = (RowResult(*row) for row in kept_rows(self._store, self._run.name))
        spans: list[Any] = []
        root = start_trace(f"{self._flow.name} aggregation", sink=spans.extend)
        with root:
            root.ref = self._flow.ref
            found = await self._flow.aggregate(rows)
        with self._store.write() as transaction:
            save_spans(transaction, spans, run=self._run.name)
        self._run = replace(
            self._run,
            metrics=found.metrics,
            aggregation=found.outputs,
            error=found.failures[0] if found.failures else None,
        )

    def _end(self, status: RunStatus, progress: Progress) -> Run:
        ended = replace(
            self._run,
            status=status,
            ended_ns=time.time_ns(),
            seconds=self._run.seconds + time.monotonic() - self._began,
            rows=progress.rows,
        )
        update_run(self._store, ended)
        return replace(get_run(self._store, ended.name), status=status)

    def _end_badly(self, progress: Progress, error: FlowgradeError) -> None:
        self._run = replace(self._run, error=Failure.of(error))
        try:
            self._end(RunStatus.FAILED, progress)
        except FlowgradeError:
            # A store that takes no rows takes no status either; the run shows as interrupted.
            return


@contextmanager
def _locked(store: Store, name: str) -> Iterator[None]:
    with store.lock(lock_name(name)) as held:
        if not held:
            raise RunBusyError(
                f"The run '{name}' is being executed by another process.",
                hint=f"Wait for it, or stop it: flowgrade runs cancel {name}",
            )
        yield


def _base(dataset: Dataset) -> Path | None:
    """Where the images that rows name by relative paths are: beside the data."""
    if dataset.path is None:
        return None
    return dataset.path if dataset.path.is_dir() else dataset.path.parent


def _checked(run: Run, flow: Flow, dataset: Dataset, accept_changes: bool) -> Run:
    if run.dataset != str(dataset.ref):
        raise DatasetError(
            f"The data of the run '{run.name}' has changed since it began.",
            hint="Restore the file, or start a new run over the new data.",
        )
    if run.flow == str(flow.ref):
        return run
    if not accept_changes:
        raise InputError(
            f"The flow of the run '{run.name}' has changed since it began.",
            hint="Start a new run, or go on with the changed flow: --accept-changes",
        )
    earlier = (*run.definition.earlier_flows, run.flow)
    definition = replace(run.definition, earlier_flows=earlier)
    return replace(run, flow=str(flow.ref), definition=definition)
