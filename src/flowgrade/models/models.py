"""Models: opens models by name."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flowgrade.errors import (
    ConnectionNotFoundError,
    FlowgradeError,
    MissingKeyError,
    SettingsError,
    UnknownModelError,
)
from flowgrade.plugins import load_plugin, plugins
from flowgrade.records import JsonObject, dumps, replace
from flowgrade.settings import ModelSlot, Settings

if TYPE_CHECKING:
    from flowgrade.models.catalog.catalog import Catalog
    from flowgrade.models.catalog.entry import CatalogModel
    from flowgrade.models.clock import Clock
    from flowgrade.models.connection import Connection
    from flowgrade.models.connections import Connections, StoreOf
    from flowgrade.models.http_request import HttpReply, HttpRequest
    from flowgrade.models.model import Model
    from flowgrade.models.observed import ObservedModel
    from flowgrade.models.provider import Provider
    from flowgrade.models.retry import RetryPolicy
    from flowgrade.models.slots import Target
    from flowgrade.models.transport import Transport

# Every flow is given the models, and many use none: what opens them is imported by what opens them.
# ruff: noqa: PLC0415


class Models:
    """The models that can be reached from here, opened once each.

    One is enough for a process, in any number of event loops. ``aclose`` (or ``async with``)
    closes the connections that the running loop keeps open. ``part`` says which of how many
    workers this one is: the limits of connections are divided among them.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        store: StoreOf | None = None,
        retry: RetryPolicy | None = None,
        clock: Clock | None = None,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self._settings = settings
        self._store = store
        self._given = (retry, clock, part)
        self._connections: Connections | None = None
        self._own: dict[str, Connection] = {}
        self._opened: dict[tuple[str, str], tuple[Connection, Model]] = {}
        self._slots: dict[str, Model] = {}
        self._catalog: Catalog | None = None

    @property
    def settings(self) -> Settings:
        """What the surroundings say."""
        return self._settings

    @cached_property
    def transport(self) -> Transport:
        """What the models make their calls with."""
        from flowgrade.models.transport import Transport

        retry, clock, part = self._given
        environment = self._settings.environment
        return Transport(environment=environment, retry=retry, clock=clock, part=part)

    def connection(self, name: str) -> Connection:
        """The connection of that name; raises ConnectionNotFoundError with the nearest one."""
        return self._named(name)

    def inline_connection(self, kind: str, configuration: JsonObject) -> Connection:
        """The connection that a Prompty file's ``model.configuration`` spells out."""
        from flowgrade.models.inline import inline_connection

        resolved = {
            name: self.resolve(value) if isinstance(value, str) else value
            for name, value in configuration.items()
        }
        return inline_connection(self._named(kind), resolved)

    def resolve(self, text: str) -> str:
        """``${env:NAME}`` and ``${connection.key}`` as the value they stand for, maybe a secret.

        Any other text stays as it is. Raises InputError for one without a value, and
        ConnectionNotFoundError.
        """
        if "${" not in text:
            return text
        from flowgrade.models.inline import resolve_value

        return resolve_value(text, self._settings, lambda: self.connections)

    def scrub(self, text: str) -> str:
        """``text`` without the secrets of the connections and what looks like a key."""
        from flowgrade.models.scrub import scrub

        return scrub(text, self._secrets())

    def hide(self, text: str) -> str:
        """``text`` without the secrets of the connections, otherwise as it is."""
        from flowgrade.models.scrub import hide

        return hide(text, self._secrets())

    def _secrets(self) -> list[str]:
        from flowgrade.models.scrub import secrets_of

        try:
            return secrets_of(self.connections.ready())
        except SettingsError:
            return []  # a file that cannot be read gave nobody a secret

    @property
    def connections(self) -> Connections:
        """The connections by name, read at the first use; raises SettingsError."""
        if self._connections is None:
            from flowgrade.models.connections import load_connections

            self._connections = load_connections(self._settings, self._store)
        return self._connections

    def reread_connections(self) -> None:
        """Read the connections anew at the next use; models that are open stay as they are."""
        self._connections = None

    @property
    def catalog(self) -> Catalog:
        """What is known of models, read at the first use; raises SettingsError."""
        if self._catalog is None:
            from flowgrade.models.catalog.load import load_catalog

            self._catalog = load_catalog(self._settings)
        return self._catalog

    def open(self, model: str, *, connection: str | Connection | None = None) -> Model:
        """Open a model without calling it.

        ``model`` is the name at the endpoint when ``connection`` is given. Otherwise it is a slot
        of ``flowgrade.yaml``, or it carries the connection, as in ``openai/gpt-4o-mini`` or
        ``embedded/reader``; any other bare name is one of the connection ``openai``. Raises
        ConnectionNotFoundError, UnknownModelError, MissingKeyError, SettingsError and InputError.
        """
        if connection is None:
            slot = self._settings.models.get(model)
            if slot is not None:
                return self._slot(slot)
            found, name = self._split(model)
        elif isinstance(connection, str):
            found, name = self._named(connection), model
        else:
            found, name = connection, model
        opened = self._opened.get((found.name, name))
        if opened is None or opened[0] is not found:
            opened = self._opened[found.name, name] = found, self._open(name, found)
        return opened[1]

    async def fetch(self, request: HttpRequest) -> HttpReply:
        """Make an HTTP call that is no call of a model; raises HttpError."""
        from flowgrade.models.http import fetch

        return await fetch(self.transport, request)

    def known(self, model: str) -> CatalogModel | None:
        """What the catalog knows of the model that ``open`` would open; of a slot, its first."""
        return self.catalog.of(*self._of_target(self._targets(model)[0]))

    def full_names(self, model: str) -> tuple[str, ...]:
        """What ``open`` would open, as connection/model; of a slot every model, in order.

        Parameters that every call has stand behind the name: they are a part of what answers.
        """
        return tuple(map(self._full_name, self._targets(model)))

    def _full_name(self, target: Target) -> str:
        connection, name = self._of_target(target)
        given = {**connection.parameters, **target.parameters}
        return (
            f"{connection.name}/{name}{f' {dumps(dict(sorted(given.items())))}' if given else ''}"
        )

    def _targets(self, model: str) -> tuple[Target, ...]:
        from flowgrade.models.slots import Target, targets

        slot = self._settings.models.get(model)
        return targets(slot, self._settings.models) if slot else (Target(model=model),)

    def can(self, model: str, capability: str) -> bool | None:
        """Whether a model has a capability of the catalog; None when that is not known."""
        known = self.known(model)
        if known is None or capability not in known.has | known.lacks:
            return None
        return capability in known.has

    def serves(self, connection: Connection) -> bool:
        """Whether it is of a kind that serves models; others are for code of flows."""
        return connection.kind in _kinds()

    async def list_models(self, name: str) -> list[str] | None:
        """What the endpoint of the connection ``name`` serves; None where its kind cannot tell.

        One small call. Raises what ``open`` raises, and a ModelError when the endpoint refuses.
        """
        from flowgrade.models.provider import ModelLister

        connection = self._named(name)
        provider = _provider(connection)
        if not isinstance(provider, ModelLister):
            return None
        return await provider.list_models(connection, self.transport)

    async def aclose(self) -> None:
        """Close the connections that are kept open; the next call opens new ones."""
        if "transport" in self.__dict__:
            await self.transport.aclose()

    async def __aenter__(self) -> Models:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _split(self, model: str) -> tuple[Connection, str]:
        prefix, slash, name = model.partition("/")
        if slash and name:
            return self._named(prefix, model=name), name
        default = self.connections["openai"]
        near = get_close_matches(model, self._settings.models, n=1, cutoff=0.75)
        if near and self.catalog.find("openai", model) is None:
            raise UnknownModelError(
                f"There is no slot '{model}' in flowgrade.yaml.",
                hint=f"Did you mean '{near[0]}'? A model of that name is openai/{model}.",
            )
        # A server of one's own may need no key.
        if not default.api_key and urlsplit(default.base_url or "").hostname == _NEEDS_KEY:
            raise _bare(model, default)
        return default, model

    def _named(self, name: str, *, model: str | None = None) -> Connection:
        found = self.connections.get(name)
        if found is not None:
            return found
        from flowgrade.models.connection import Connection

        if name in _kinds():  # a provider from elsewhere that needs no connection
            return self._own.setdefault(name, Connection(name=name, kind=name))
        known = sorted({*self.connections, *_kinds()})
        near = get_close_matches(name, known, n=1)
        meant = f"{near[0]}/{model}" if near and model else "".join(near)
        raise ConnectionNotFoundError(
            f"There is no connection '{name}'.",
            hint=f"Did you mean '{meant}'?"
            if meant
            else f"Known: {', '.join(known)}. Add it: flowgrade connection set {name}",
        )

    def _open(self, model: str, connection: Connection) -> ObservedModel:
        from flowgrade.models.capabilities import Limits
        from flowgrade.models.observed import ObservedModel
        from flowgrade.models.prices import Tariff

        provider = _provider(connection)
        opened = provider.open(model, connection, self.transport)
        leads_to = self.catalog.provider_for(connection)
        known = self.catalog.of(connection, model)
        name = f"{connection.name}/{model}"
        return ObservedModel(
            opened,
            provider=provider.name,
            connection=connection,
            limits=Limits(name, known, self.catalog) if known and known.lacks else None,
            tariff=Tariff(self.catalog, known, leads_to.name if leads_to else None)
            if known or leads_to
            else None,
        )

    def _slot(self, slot: ModelSlot) -> Model:
        from flowgrade.models.fallback import FallbackModel
        from flowgrade.models.slots import targets

        opened = self._slots.get(slot.name)
        if opened is None:
            found = tuple(
                self._target(target).noting({"flowgrade.slot": slot.name})
                for target in targets(slot, self._settings.models)
            )
            opened = found[0] if len(found) == 1 else FallbackModel(slot.name, found)
            self._slots[slot.name] = opened
        return opened

    def _target(self, target: Target) -> ObservedModel:
        try:
            found, name = self._of_target(target)
            parameters = {**found.parameters, **target.parameters}
            return self._open(name, replace(found, parameters=parameters))
        except FlowgradeError as error:
            if error.place is None:
                error.place = target.place
            raise

    def _of_target(self, target: Target) -> tuple[Connection, str]:
        if target.connection is None:
            return self._split(target.model)
        return self._named(target.connection), target.model


_NEEDS_KEY = "api.openai.com"


def _provider(connection: Connection) -> Provider:
    """What opens the models of a connection, once nothing is known to be wrong with it."""
    from flowgrade.models.address import check_address
    from flowgrade.models.provider import PROVIDERS, Provider

    if connection.unset:
        raise SettingsError(
            f"The connection '{connection.name}' names variables without a value: "
            f"{', '.join(connection.unset)}.",
            hint="Set them in the environment or in .env.",
        )
    if connection.base_url:
        check_address(connection.base_url, connection)
    if connection.kind not in _kinds():
        raise ConnectionNotFoundError(
            f"The connection '{connection.name}' is of the kind '{connection.kind}', which "
            "serves no models.",
            hint=f"Kinds that do: {', '.join(_kinds())}.",
        )
    return load_plugin(PROVIDERS, connection.kind, Provider)  # type: ignore[type-abstract]


def _kinds() -> list[str]:
    from flowgrade.models.provider import PROVIDERS

    return [plugin.name for plugin in plugins(PROVIDERS)]


def _bare(model: str, default: Connection) -> MissingKeyError:
    near = get_close_matches(model, ("reader", "static"), n=1, cutoff=0.8)
    hint = f"Did you mean 'embedded/{near[0]}'? Otherwise set" if near else "Set"
    return MissingKeyError(
        f"'{model}' names no connection, and the connection 'openai' has no API key.",
        hint=f"{hint} {default.key_place}, or write <connection>/{model}, such as ollama/{model}.",
    )
