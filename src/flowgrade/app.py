"""Wire settings, store, models and rooms together; the sync facade of the package."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowgrade.datasets import Dataset, open_dataset, rows_dataset
from flowgrade.errors import InputError, NotFoundError
from flowgrade.flows import Flow, function_flow, offer_modules, offer_types, run_blocking
from flowgrade.flows import load_flow as load
from flowgrade.promptflow import PromptFlowFinder, promptflow_value, set_host
from flowgrade.records import replace
from flowgrade.runs import (
    Origin,
    ResumeOptions,
    Run,
    RunDefinition,
    RunOptions,
    Watch,
    get_run,
    restored,
    resume_run,
    start_run,
    with_earlier_run,
)
from flowgrade.settings import Settings, read_settings, remember_variables
from flowgrade.store import Store, open_store, store_exists
from flowgrade.tracing import store_sink

if TYPE_CHECKING:
    from flowgrade.chat import Conversation, Partner
    from flowgrade.flows import Agent, ToolLike
    from flowgrade.models import Model, Models
    from flowgrade.retrieval import OpenedIndex
    from flowgrade.runs import Order
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

    def open_index(self, name: str, *, snapshot: str | None = None) -> OpenedIndex:
        """An index of the project; its current snapshot when none is named."""
        raise NotFoundError(f"There is no index '{name}' in this project.")

    def welcome_promptflow(self) -> None:
        """Let flows import prompt flow's names, which stand for what is in this project."""
        offer_modules(_FINDER)
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
        given = options or RunOptions()
        loaded = (
            flow if isinstance(flow, Flow) else self.load_flow(flow, variant=variant, init=init)
        )
        dataset = self._rows(data, earlier, given.limit)
        with self.surroundings(loaded, given.environment or {}) as variables:
            return await start_run(
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
        definition = get_run(self.store, name).definition
        loaded = self._flow_again(definition, flow)
        dataset = self._rows(_data_again(definition, data), definition.run, definition.limit)
        variables = restored(definition.environment, environment or {}, self.settings.variable)
        with self.surroundings(loaded, variables) as wanted:
            return await resume_run(
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
        return with_earlier_run(self.store, earlier, rows, limit=limit)

    def _origin(self, variables: Mapping[str, str]) -> Origin:
        settings = self.settings
        own = {"FLOWGRADE_STORE": settings.store, "FLOWGRADE_HOME": str(settings.home)}
        if settings.connections is not None:
            own["FLOWGRADE_CONNECTIONS"] = str(settings.connections)
        return Origin(
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
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            yield wanted
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

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


def stand_in_for_promptflow() -> None:
    """Let ``import promptflow`` find Flowgrade's names in this process, outside of flows too.

    For programs written with prompt flow's client. Where that package is installed it is found
    first, and nothing changes.
    """
    set_host(default_app)
    offer_types(promptflow_value)
    if _FINDER not in sys.meta_path:
        sys.meta_path.append(_FINDER)


_FINDER = PromptFlowFinder()


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
    given = RunOptions(**options)
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
        name, flow=flow, data=data, environment=environment, options=ResumeOptions(**options)
    )
    return run_blocking(work)


def open_model(name: str, *, connection: str | None = None) -> Model:
    """A model to call by itself, such as ``openai/gpt-4o-mini`` or ``embedded/reader``."""
    return default_app().models.open(name, connection=connection)


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
        return open_dataset(Path(data).resolve(), limit=limit)
    return rows_dataset(list(data)[:limit])


def _data_again(definition: RunDefinition, data: Data | None) -> Data | None:
    if data is not None:
        return data
    if not definition.data and definition.run is None:
        raise InputError(
            "The rows of this run came from memory.",
            hint="Give them again: flowgrade.resume(name, data=rows)",
        )
    return definition.data or None
