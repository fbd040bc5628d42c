"""Provider: opens the models of one kind of endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from flowgrade.models.connection import Connection
from flowgrade.models.model import Model

if TYPE_CHECKING:
    from flowgrade.models.transport import Transport

PROVIDERS = "flowgrade.providers"
"""The entry-point group; the entry's name is the ``kind`` of the connections it serves."""


@runtime_checkable
class Provider(Protocol):
    """What an entry point of the group ``flowgrade.providers`` names.

    ``flowgrade.testing.providers`` has a conformance kit for it.
    """

    @property
    def name(self) -> str:
        """The provider in the words of OpenTelemetry's ``gen_ai.provider.name``."""
        ...

    def open(self, model: str, connection: Connection, transport: Transport) -> Model:
        """Open ``model`` without calling it.

        Raises UnknownModelError, MissingKeyError or InputError when it cannot be called.
        """
        ...


@runtime_checkable
class ModelLister(Protocol):
    """What a provider has besides when its endpoints can say which models they serve.

    ``flowgrade connection test`` and ``flowgrade doctor --live`` use it, as the cheapest call.
    """

    async def list_models(self, connection: Connection, transport: Transport) -> list[str]:
        """The names of the models, as ``open`` takes them.

        Raises a ModelError when the endpoint refuses, and what ``open`` raises.
        """
        ...
