"""Open an endpoint, and load what speaks HTTP only then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flowgrade.models.caller import Caller
from flowgrade.models.connection import AuthMode, Connection
from flowgrade.models.transport import Transport

if TYPE_CHECKING:
    from flowgrade.models.endpoint import Endpoint


def open_endpoint(
    transport: Transport,
    connection: Connection,
    *,
    model: str,
    base_url: str,
    headers: Mapping[str, str],
) -> Endpoint:
    """The endpoint at ``base_url``; ``headers`` go with every call and hold the key.

    Raises InputError when ``base_url`` is not an http or https address.
    """
    from flowgrade.models.endpoint import Endpoint  # noqa: PLC0415 aiohttp costs 100 ms

    return Endpoint(transport, connection, model=model, base_url=base_url, headers=headers)


def open_caller(
    transport: Transport,
    connection: Connection,
    *,
    model: str,
    base_url: str,
    headers: Mapping[str, str],
) -> Caller:
    """What makes the calls: with ``headers`` as they are, or signed in by Microsoft Entra ID.

    ``headers`` hold the key only where the connection's ``auth_mode`` is ``key``. Raises
    InputError for an address that is none, and MissingExtraError without azure-identity.
    """
    if connection.auth_mode is AuthMode.KEY:
        return open_endpoint(transport, connection, model=model, base_url=base_url, headers=headers)
    from flowgrade.models.signed import open_signed  # noqa: PLC0415 asyncio, and few need it

    return open_signed(transport, connection, model=model, base_url=base_url, headers=headers)
