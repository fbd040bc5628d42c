"""Models that are part of Flowgrade: no service, no key, no download."""

from __future__ import annotations

from difflib import get_close_matches

from flowgrade.errors import UnknownModelError
from flowgrade.models.connection import Connection
from flowgrade.models.embedded import ReaderModel, StaticModel
from flowgrade.models.model import Model
from flowgrade.models.transport import Transport

_MODELS: dict[str, type[ReaderModel] | type[StaticModel]] = {
    "reader": ReaderModel,
    "static": StaticModel,
}


class EmbeddedProvider:
    """Opens ``reader``, which answers from a context, and ``static``, which embeds."""

    name = "flowgrade"

    def open(self, model: str, connection: Connection, transport: Transport) -> Model:
        """Open ``model``; raises UnknownModelError."""
        kind = _MODELS.get(model)
        if kind is None:
            near = get_close_matches(model, _MODELS, n=1)
            known = ", ".join(f"{connection.name}/{name}" for name in _MODELS)
            raise UnknownModelError(
                f"There is no embedded model '{model}'.",
                hint=f"Did you mean '{connection.name}/{near[0]}'?" if near else f"Use {known}.",
            )
        return kind()

    async def list_models(self, connection: Connection, transport: Transport) -> list[str]:
        """Both of them."""
        return list(_MODELS)


PROVIDER = EmbeddedProvider()
