"""Call the service behind a tool."""

from __future__ import annotations

import asyncio
from typing import Any

from flowgrade.errors import HttpError
from flowgrade.models import HttpReply, HttpRequest
from flowgrade.promptflow.exceptions import SystemErrorException, UserErrorException
from flowgrade.promptflow.host import blocking, host
from flowgrade.records import dumps, loads

_LONGEST = 500  # characters of an answer that a message repeats
_WAITS = (0.5, 2.0, 6.0)
_PASSING = frozenset({429, 500, 502, 503, 504})


def post_json(url: str, body: Any, headers: dict[str, str]) -> HttpRequest:
    """The request that sends ``body`` as JSON."""
    return HttpRequest(
        method="POST",
        url=url,
        headers={"Content-Type": "application/json", **headers},
        body=dumps(body).encode(),
    )


def asked(
    request: HttpRequest,
    *,
    user_error: type[UserErrorException],
    system_error: type[SystemErrorException],
) -> Any:
    """The JSON that the service answers.

    Overload and outages are waited for, three times. Raises ``user_error`` for an answer of the
    range 400, ``system_error`` for everything else that is no JSON of a success.
    """
    try:
        reply = blocking(_patiently(request))
    except HttpError as error:
        raise system_error(error.message) from error
    text = reply.body.decode("utf-8", "replace")
    try:
        found = loads(text)
    except ValueError:
        found = None
    if 200 <= reply.status < 300 and found is not None:
        return found
    said = host().models.scrub(_complaint(found) or text or "nothing")[:_LONGEST]
    kind = user_error if 400 <= reply.status < 500 else system_error
    raise kind(f"{request.place} answers with HTTP {reply.status}: {said}")


async def _patiently(request: HttpRequest) -> HttpReply:
    models = host().models
    for wait in _WAITS:
        reply = await models.fetch(request)
        if reply.status not in _PASSING:
            return reply
        await asyncio.sleep(wait)
    return await models.fetch(request)


def _complaint(found: Any) -> str | None:
    error = found.get("error") if isinstance(found, dict) else None
    if isinstance(error, dict):
        error = error.get("message")
    return error if isinstance(error, str) else None
