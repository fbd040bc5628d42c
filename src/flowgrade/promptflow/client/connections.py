"""``PFClient.connections``: the connections of the project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowgrade.errors import InputError, NotFoundError
from flowgrade.models import (
    forget,
    keep_in_store,
    kept_entry,
    promptflow_entry,
    promptflow_fields,
    stored_connections,
)
from flowgrade.promptflow.connections import (
    BY_KIND,
    CustomConnection,
    PromptFlowConnection,
    connection_object,
)
from flowgrade.promptflow.host import Host
from flowgrade.records import JsonObject

SCRUBBED = "******"
_SKIPPED = ("$schema", "module")
_TYPES = {"openai": "open_ai", "azure_openai": "azure_open_ai"}


class ConnectionOperations:
    """What can be done with connections."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def create_or_update(self, connection: PromptFlowConnection, **more: Any) -> Any:
        """Keep the connection in the project."""
        if not connection.name:
            raise InputError("The connection has no name.", hint="Give it one: name=…")
        return self.keep(fields_of(connection))

    def keep(self, fields: JsonObject) -> PromptFlowConnection:
        """Keep the connection that these fields of prompt flow's YAML describe."""
        name = str(fields["name"])
        kept = {key: value for key, value in fields.items() if key not in _SKIPPED}
        models = self._host.models
        keep_in_store(self._host.store, models.settings, name, promptflow_entry(kept))
        models.reread_connections()
        return self.get(name)

    def kept(self, name: str) -> JsonObject | None:
        """The fields of a connection that was kept, secrets too."""
        entry = kept_entry(self._host.store, self._host.models.settings, name)
        return None if entry is None else promptflow_fields(name, entry)

    def get(self, name: str, **more: Any) -> PromptFlowConnection:
        """The connection of that name; raises ConnectionNotFoundError."""
        return connection_object(self._host.models.connection(name))

    def list(self, max_results: int | None = None, **more: Any) -> list[PromptFlowConnection]:
        """Every connection that is known here."""
        found = [connection_object(one) for one in self._host.models.connections.values()]
        return found[:max_results]

    def delete(self, name: str) -> None:
        """Delete a connection that was kept; raises NotFoundError."""
        if name not in stored_connections(self._host.store):
            raise NotFoundError(
                f"The store has no connection '{name}'.",
                hint="See where each is from: flowgrade connection list",
            )
        forget(self._host.store, name, None)
        self._host.models.reread_connections()


def fields_of(connection: PromptFlowConnection) -> JsonObject:
    """The connection as prompt flow's YAML has it, secrets and all."""
    found: JsonObject = {"name": connection.name, "type": type_of(connection)}
    if isinstance(connection, CustomConnection):
        secrets = {key: str(value) for key, value in connection.secrets.items()}
        return {**found, "configs": dict(connection.configs), "secrets": secrets}
    given = {**connection.configs, **{k: str(v) for k, v in connection.secrets.items()}}
    return {**found, **{key: value for key, value in given.items() if value is not None}}


def connection_json(connection: PromptFlowConnection) -> JsonObject:
    """The connection as ``pf connection show`` prints it: no secret is in it."""
    found: JsonObject = {
        "name": connection.name,
        "module": "promptflow.connections",
        "type": type_of(connection),
    }
    hidden = dict.fromkeys(connection.secrets, SCRUBBED)
    if isinstance(connection, CustomConnection):
        return {**found, "configs": dict(connection.configs), "secrets": hidden}
    values: Mapping[str, Any] = connection.configs
    return {**found, **hidden, **{key: v for key, v in values.items() if v is not None}}


def type_of(connection: PromptFlowConnection) -> str:
    """The ``type`` in prompt flow's YAML."""
    kind = next((kind for kind, cls in BY_KIND.items() if cls is type(connection)), "custom")
    return _TYPES.get(kind, kind)
