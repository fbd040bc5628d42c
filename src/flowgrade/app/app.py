"""App: settings, store, models and rooms of one project, wired together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowgrade import datasets, runs
from flowgrade.errors import InputError
from flowgrade.flows import Flow, offer_modules, offer_types, run_blocking
from flowgrade.flows import load_flow as load
from flowgrade.promptflow import PromptFlowFinder, promptflow_value, set_host
from flowgrade.records import replace
from flowgrade.settings import Settings, read_settings, remember_variables
from flowgrade.store import Store, open_store, store_exists
from flowgrade.tracing import store_sink

if TYPE_CHECKING:
    from flowgrade.chat import Conversation, Partner
    from flowgrade.datasets import Dataset
    from flowgrade.flows import Agent, ToolLike
    from flowgrade.models import Model, Models
    from flowgrade.retrieval import Built, Index, Indexes
    from flowgrade.runs import (
        Order,
        Origin,
        ResumeOptions,
        Run,
        RunDefinition,
        RunOptions,
        Watch,
    )
    from flowgrade.tracing import SessionKind

Data = str | Path | Sequence[Mapping[str, Any]]


class App:
    """One project: its settings, its store, its models."""

    def __init__(self, settings: Settings | None = None, *, part: tuple[int, int] = (0, 1)) -> None:
        self.settings = settings or read_settings()
        self._part = part  # which of how many workers of a run this is

    @cached_property
    def store(self) -> Store:
        """The project's database, opened when it is first needed."""
        return open_store(self.settings.store)

    @cached_property
    def models(self) -> Models:
        """The models that the project's connections reach."""
        from flowgrade.models import Models  # noqa: PLC0415  --help pays for nothing

        return Models(self.settings, store=self.store_if_any, part=self._part)

    @cached_property
    def indexes(self) -> Indexes:
        """The indexes of the project: build, update and open them by name."""
        from flowgrade.retrieval import Indexes  # noqa: PLC0415  --help pays for nothing

        return Indexes(self.settings, self.models, store=lambda: self.store, block=run_blocking)

    def open_index(self, name: str, *, snapshot: str | None = None) -> Index:
        """The current snapshot of an index, or the one that is named: ``await index.search(…)``."""
        return self.indexes.open(name, snapshot=snapshot)

    def build_index(self, name: str, sources: Any = (), **options: Any) -> Built:
        """``Indexes.build`` for code that does not await."""
        return run_blocking(self.indexes.build(name, sources, **options))

    def store_if_any(self) -> Store | None:
        """The store, or None while there is none: looking must not make one."""
        return self.store if store_exists(self.settings.store) else None

    def within(self, environment: str | None) -> App:
        """The same project in an environment of its ``flowgrade.yaml``; itself where that holds.

        Raises SettingsError when there is no such environment.
        """
        if environment is None or environment == self.settings.environment_name:
            return self
        variables = {**self.settings.environment, "FLOWGRADE_ENVIRONMENT": environment}
        other = App(read_settings(variables, folder=self.settings.project))
        other.__dict__["store"] = self.store
        return other

    def load_flow(
        self,
        source: str | Path | Callable[..., Any],
        *,
        variant: str | None = None,
        init: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        record: bool = False,
    ) -> Flow:
        """Load a flow; with ``record`` the traces of its calls are stored in the project."""
        self.welcome_promptflow()
        named = _absolute(source) if isinstance(source, (str, Path)) else source
        loaded = load(
            named,
            models=self.models,
            indexes=self.open_index,
            variant=variant,
            init=init,
            overrides=overrides,
        )
        return replace(loaded, sink=store_sink(self.store)) if record else loaded

    def welcome_promptflow(self) -> None:
        """Let flows import prompt flow's names, which stand for what is in this project."""
        offer_modules(FINDER)
        offer_types(promptflow_value)
        set_host(lambda: self)

    def agent(
        self, model: str | Model, *, tools: Sequence[ToolLike] = (), **settings: Any
    ) -> Agent:
        """An agent with this project's models; ``settings`` are the other fields of ``Agent``.

        With ``record=True`` the traces of its calls are stored in the project.
        """
        from flowgrade.flows import Agent  # noqa: PLC0415  only those who use it pay for it

        if settings.pop("record", False):
            settings["sink"] = store_sink(self.store)
        return Agent(model=model, models=self.models, tools=tools, **settings)

    async def arun(
        self,
        flow: Flow | str | Path | Callable[..., Any],
        data: Data | None = None,
        *,
        earlier: str | None = None,
        variant: str | None = None,
        init: Mapping[str, Any] | None = None,
        options: RunOptions | None = None,
        watch: Watch | None = None,
    ) -> Run:
        """Run a flow over ``data``: a file, a folder of files, or a list of mappings.

        ``earlier`` names a completed run whose inputs and outputs stand beside the data, or in
        its place: the mapping takes them as ``${run.inputs.x}`` and ``${run.outputs.x}``.
        """
        given = options or runs.RunOptions()
        loaded = (
            flow if isinstance(flow, Flow) else self.load_flow(flow, variant=variant, init=init)
        )
        dataset = self._rows(data, earlier, given.limit)
        with self.surroundings(loaded, given.environment or {}) as variables:
            return await runs.start_run(
                self.store,
                loaded,
                dataset,
                options=given,
                watch=watch,
                origin=self._origin(variables),
                project_environment=self.settings.environment_name,
            )

    async def aresume(
        self,
        name: str,
        *,
        flow: Flow | Callable[..., Any] | None = None,
        data: Data | None = None,
        environment: Mapping[str, str] | None = None,
        options: ResumeOptions | None = None,
        watch: Watch | None = None,
    ) -> Run:
        """Go on with a run. Give ``flow`` or ``data`` again where they live only in memory.

        Values of environment variables that are secrets were not stored with the run; they come
        from ``environment`` or from the surroundings.
        """
        definition = runs.get_run(self.store, name).definition
        loaded = self._flow_again(definition, flow)
        dataset = self._rows(_data_again(definition, data), definition.run, definition.limit)
        variables = runs.restored(definition.environment, environment or {}, self.settings.variable)
        with self.surroundings(loaded, variables) as wanted:
            return await runs.resume_run(
                self.store,
                name,
                loaded,
                dataset,
                options=options,
                watch=watch,
                origin=self._origin(wanted),
            )

    def _rows(self, data: Data | None, earlier: str | None, limit: int | None) -> Dataset:
        if data is None and earlier is None:
            raise InputError("There is no data.", hint="Give data, or an earlier run, or both.")
        if earlier is None:
            return _dataset(data or [], limit)
        rows = None if data is None else _dataset(data, None)
        return runs.with_earlier_run(self.store, earlier, rows, limit=limit)

    def _origin(self, variables: Mapping[str, str]) -> Origin:
        settings = self.settings
        own = {"FLOWGRADE_STORE": settings.store, "FLOWGRADE_HOME": str(settings.home)}
        if settings.connections is not None:
            own["FLOWGRADE_CONNECTIONS"] = str(settings.connections)
        return runs.Origin(
            opener=f"{__name__}:{open_in_worker.__name__}",
            project=str(settings.project),
            environment={**settings.environment, **own},
            variables=variables,
            most_workers=self._most_workers,
        )

    def _most_workers(self) -> int | None:
        limits = (connection.limits for connection in self.models.connections.values())
        parts = [found.parts for found in limits if found is not None]
        return min((count for count in parts if count is not None), default=None)

    def chat(
        self,
        partner: str,
        *,
        system: str | None = None,
        given: Mapping[str, Any] | None = None,
        session: str | None = None,
    ) -> Conversation:
        """Talk to a model or a flow: ``await conversation.ask("…")``.

        ``given`` are parameters of the model, or inputs of the flow beside question and history.
        ``session`` names one to go on with, by ``system`` and ``given`` as it has them.
        """
        # Loaded here, as in open_partner: a run has no use for it.
        from flowgrade.chat import begin_session, continue_session  # noqa: PLC0415
        from flowgrade.tracing import get_session  # noqa: PLC0415

        if session is not None:
            found = get_session(self.store, session)
            opened = self.open_partner(partner, given=list(found.given))
            return continue_session(self.store, opened, found)
        opened = self.open_partner(partner, given=list(given or ()))
        return begin_session(self.store, opened, system=system, given=dict(given or {}))

    def open_partner(
        self, name: str, *, kind: SessionKind | None = None, given: Sequence[str] = ()
    ) -> Partner:
        """Who answers in a chat: the model or the flow called ``name``."""
        from flowgrade.chat import open_partner  # noqa: PLC0415

        return open_partner(name, models=self.models, load=self.load_flow, kind=kind, given=given)

    @contextmanager
    def surroundings(
        self, flow: Flow, environment: Mapping[str, str]
    ) -> Iterator[Mapping[str, str]]:
        """Set the flow's environment variables, then ``environment``, and put them back after."""
        wanted = {
            name: self.models.resolve(value)
            for name, value in {**flow.environment, **environment}.items()
        }
        remember_variables(wanted)
        with runs.with_variables(wanted):
            yield wanted

    def _flow_again(
        self, definition: RunDefinition, flow: Flow | Callable[..., Any] | None
    ) -> Flow:
        if isinstance(flow, Flow):
            return flow
        return self.within(definition.project_environment).load_flow(
            flow or definition.flow,
            variant=definition.variant,
            init=definition.init,
            overrides=definition.overrides,
        )

    def close(self) -> None:
        """Close the store and the models' connections."""
        if "indexes" in self.__dict__:
            self.indexes.close()
        if "models" in self.__dict__:
            run_blocking(self.models.aclose())
        if "store" in self.__dict__:
            self.store.close()


def open_in_worker(order: Order) -> Flow:
    """The flow of a run, in a worker of it."""
    settings = read_settings(order.environment, folder=Path(order.project))
    app = App(settings, part=(order.index, order.workers))
    return app.load_flow(
        order.source, variant=order.variant, init=order.init, overrides=order.overrides
    )


FINDER = PromptFlowFinder()
"""Finds prompt flow's names for code that imports them."""


def _absolute(source: str | Path) -> str:
    text = str(source)
    if Path(text).exists():
        return str(Path(text).resolve())
    place, colon, name = text.rpartition(":")
    if colon and Path(place).is_file():
        return f"{Path(place).resolve()}:{name}"
    return text


def _dataset(data: Data, limit: int | None) -> Dataset:
    if isinstance(data, (str, Path)):
        return datasets.open_dataset(Path(data).resolve(), limit=limit)
    return datasets.rows_dataset(list(data)[:limit])


def _data_again(definition: RunDefinition, data: Data | None) -> Data | None:
    if data is not None:
        return data
    if not definition.data and definition.run is None:
        raise InputError(
            "The rows of this run came from memory.",
            hint="Give them again: flowgrade.resume(name, data=rows)",
        )
    return definition.data or None
