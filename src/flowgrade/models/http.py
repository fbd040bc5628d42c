"""Make HTTP calls that are no calls of a model: those of tools."""

from __future__ import annotations

import aiohttp
from yarl import URL

from flowgrade.errors import HttpError
from flowgrade.models.http_request import HttpReply, HttpRequest
from flowgrade.models.proxies import proxy_for
from flowgrade.models.transport import Transport

_PIECE = 65_536


async def fetch(transport: Transport, request: HttpRequest) -> HttpReply:
    """Make one call over the pooled connections; raises HttpError when nothing comes back.

    Redirects are not followed: they would carry the key elsewhere.
    """
    state = await transport.sessions.here()
    try:
        async with state.session.request(
            request.method,
            URL(request.url, encoded=True),
            headers=request.headers,
            data=request.body,
            timeout=aiohttp.ClientTimeout(total=request.seconds),
            proxy=proxy_for(request.url, transport.environment),
            allow_redirects=False,
        ) as response:
            body = await _read(response, request)
            return HttpReply(status=response.status, content_type=response.content_type, body=body)
    except TimeoutError as error:
        raise HttpError(f"{request.place} did not answer within {request.seconds:g} s.") from error
    except (aiohttp.ClientError, OSError) as error:
        cause = getattr(error, "os_error", None) or error
        reason = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
        raise HttpError(f"{request.place} cannot be reached: {reason}.") from error


async def _read(response: aiohttp.ClientResponse, request: HttpRequest) -> bytes:
    found = bytearray()
    async for piece in response.content.iter_chunked(_PIECE):
        found += piece
        if len(found) > request.most:
            response.close()
            raise HttpError(f"{request.place} answers with more than {request.most:,} bytes.")
    return bytes(found)
