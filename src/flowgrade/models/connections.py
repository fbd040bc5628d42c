"""All connections that are known here, each from the strongest place that has it.

A connection is that of the file, else that of the store. What it leaves open, the environment
fills in. The store is looked into when a connection is asked for that the file does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from flowgrade.errors import ConnectionSealedError, Place, SettingsError
from flowgrade.models.connection import Connection
from flowgrade.models.environment import environment_connections
from flowgrade.models.repository import StoredConnection, stored_connections
from flowgrade.models.sealing_keys import find_keys
from flowgrade.records import replace
from flowgrade.settings import Settings
from flowgrade.store import Store

CONNECTIONS_FILE = "connections.yaml"
STORE = "store"
"""The source of a connection that the store keeps."""

_BUILT_IN = frozenset({"embedded"})  # needs nothing, so the store is not opened for it

StoreOf = Callable[[], Store | None]


class Connections(Mapping[str, Connection]):
    """The connections by name, made when they are asked for.

    Asking for one that cannot be opened raises ConnectionSealedError or SettingsError; the others
    are there all the same.
    """

    def __init__(self, settings: Settings, store: StoreOf | None = None) -> None:
        self._settings = settings
        self._store = store
        self._environment = environment_connections(settings)
        self._file = _of_file(settings, self._environment)
        self._opened: dict[str, Connection] = {}
        self._kept: dict[str, StoredConnection] | None = None

    @property
    def stored(self) -> Mapping[str, StoredConnection]:
        """What the store has, sealed; nothing where there is no store yet."""
        if self._kept is None:
            store = self._store() if self._store is not None else None
            self._kept = {} if store is None else stored_connections(store)
        return self._kept

    def __getitem__(self, name: str) -> Connection:
        if name in self._file:
            return self._file[name]
        if name not in _BUILT_IN and name in self.stored:
            if name not in self._opened:
                self._opened[name] = self._open(self.stored[name])
            return self._opened[name]
        return self._environment[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._file, *self.stored, *self._environment}))

    def __len__(self) -> int:
        return len({*self._file, *self.stored, *self._environment})

    def __contains__(self, name: object) -> bool:
        if name in self._file or name in self._environment:
            return True
        return name in self.stored

    def ready(self) -> list[Connection]:
        """Those that are made already; what the store has sealed and nobody asked for is not."""
        return [*self._environment.values(), *self._file.values(), *self._opened.values()]

    def usable(self) -> Iterator[Connection]:
        """Every connection but those that cannot be opened."""
        for name in self:
            try:
                found = self[name]
            except (ConnectionSealedError, SettingsError):
                continue
            yield found

    def in_file(self, name: str) -> bool:
        """Whether the file has a connection of that name."""
        return name in self._file

    def is_set(self, name: str) -> bool:
        """Whether anybody said something of it; others are known by their name alone."""
        if name in self._file or name in self.stored:
            return True
        known = self._environment[name]
        address = known.url_setting and self._settings.variable(known.url_setting)
        return bool(known.api_key or known.secrets or known.configs or address)

    def sources(self, name: str) -> tuple[str, ...]:
        """The places that have a connection of that name, the one that counts first."""
        found = [self._file[name].source] if name in self._file else []
        found += [STORE] if name in self.stored else []
        return (*found, *([self._environment[name].source] if name in self._environment else []))

    def _open(self, stored: StoredConnection) -> Connection:
        from flowgrade.models.connection_file import make_connection  # noqa: PLC0415 YAML is slow

        entry = stored.opened(find_keys(self._settings).keys)
        known = self._environment.get(stored.name)
        made = make_connection(stored.name, entry, STORE, self._settings, known)
        change = f"(flowgrade connection set {made.name})"
        own = made.key_setting == f"api_key of the connection '{made.name}'"
        return replace(
            made,
            key_setting=f"{made.key_setting} {change}" if own else made.key_setting,
            url_setting=f"base_url of the connection '{made.name}' {change}",
        )


def load_connections(settings: Settings, store: StoreOf | None = None) -> Connections:
    """The connections by name.

    The file is the one that ``FLOWGRADE_CONNECTIONS`` names, else ``connections.yaml`` of the
    project. It may also hold connections of prompt flow. ``store`` gives the store that may have
    more, or None while there is none. Raises SettingsError with the place of what cannot be used.
    """
    return Connections(settings, store)


def connections_file(settings: Settings) -> Path:
    """The file that connections are read from, whether it is there or not."""
    return settings.connections or settings.project / CONNECTIONS_FILE


def _of_file(settings: Settings, known: Mapping[str, Connection]) -> dict[str, Connection]:
    file = connections_file(settings)
    if not file.is_file():
        if settings.connections is not None:
            raise SettingsError(
                f"FLOWGRADE_CONNECTIONS names {file}, and there is no such file.",
                hint="Create it, or unset the variable.",
            )
        return {}
    from flowgrade.models.connection_file import read_connections  # noqa: PLC0415 YAML is slow

    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError("It is not UTF-8 text.", place=Place(str(file))) from error
    return read_connections(text, file=str(file), settings=settings, known=known)
