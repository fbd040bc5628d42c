"""Find the servers of this machine that answer, and the models that they serve."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import orjson

from flowgrade.models.connection import Connection
from flowgrade.models.environment import LOCAL_SERVERS
from flowgrade.models.models import Models
from flowgrade.records import Json, Record

_SECONDS = 2.0
_LIMIT = 4_000_000  # bytes of an answer that are read
_SHOWN = 500  # models of a server


class LocalServer(Record):
    """A server of this machine that answered."""

    connection: str
    base_url: str
    models: tuple[str, ...]


async def find_local(
    models: Models, names: Iterable[str] = tuple(LOCAL_SERVERS)
) -> list[LocalServer]:
    """Those of the connections ``names`` that answer within two seconds, in their order.

    A server answers when ``GET /models`` gives a list in the form of OpenAI's protocol; whatever
    else listens on its port is passed over.
    """
    asked = [models.connection(name) for name in names]
    found = await asyncio.gather(*(_ask(models, connection) for connection in asked))
    return [server for server in found if server is not None]


async def _ask(models: Models, connection: Connection) -> LocalServer | None:
    import aiohttp  # noqa: PLC0415 costs 100 ms

    address = (connection.base_url or "").rstrip("/") + "/models"
    key = connection.api_key
    state = await models.transport.sessions.here()
    try:
        async with state.session.get(
            address,
            headers={"Authorization": f"Bearer {key.reveal()}"} if key else {},
            timeout=aiohttp.ClientTimeout(total=_SECONDS),
            allow_redirects=False,
        ) as response:
            body = b""
            while len(body) < _LIMIT and (more := await response.content.read(65_536)):
                body += more
    except (aiohttp.ClientError, OSError, ValueError):
        return None  # nobody is there
    served = _names(body) if response.status == 200 else None
    if served is None:
        return None
    address = connection.base_url or ""
    return LocalServer(connection=connection.name, base_url=address, models=served)


def _names(body: bytes) -> tuple[str, ...] | None:
    try:
        raw: Json = orjson.loads(body)
    except ValueError:
        return None
    data = raw.get("data") if isinstance(raw, dict) else None
    if not isinstance(data, list):
        return None
    named = [item.get("id") for item in data if isinstance(item, dict)]
    # A name goes to the terminal: nothing in it may steer that.
    names = [name for name in named if isinstance(name, str) and name.isprintable() and name]
    return tuple(dict.fromkeys(names))[:_SHOWN]
