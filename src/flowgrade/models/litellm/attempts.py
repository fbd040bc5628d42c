"""Attempts: the retries and the throttle of our own endpoints, for calls that others make."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from flowgrade.errors import ModelError
from flowgrade.models.again import delay_of
from flowgrade.models.connection import Connection
from flowgrade.models.gate import guess_tokens
from flowgrade.models.interception import refuse_intercepted
from flowgrade.models.place import Place
from flowgrade.models.throttle import Throttle
from flowgrade.models.transport import Transport

T = TypeVar("T")


class Attempts:
    """Calls again what failed in a way that may pass, as ``RetryPolicy`` says."""

    __slots__ = ("_gate", "_key", "_model", "_transport")

    def __init__(self, transport: Transport, connection: Connection, route: str) -> None:
        self._transport = transport
        self._model = route
        # The connection stands for its credential, which the library takes from anywhere.
        self._key = (connection.name, route, "")
        self._gate = transport.gate(self._key, connection.limits)

    async def call(self, once: Callable[[], Awaitable[T]]) -> T:
        """The result of ``once``, which raises ModelErrors."""
        refuse_intercepted("A call through litellm")
        retries = 0
        while True:
            throttle = await self._throttle()
            place = Place(throttle, self._gate)
            if self._gate is not None:
                # The request is the library's own: only a guess of its tokens is at hand.
                place.turn = await self._gate.enter(guess_tokens(0, {}))
            await place.take()
            epoch = throttle.epoch
            try:
                result = await once()
            except ModelError as error:
                place.failed(error, epoch)
                delay = delay_of(error, retries, self._transport, self._model)
            except BaseException:
                place.release()
                raise
            else:
                place.succeeded({})
                return result
            retries += 1
            await self._transport.clock.sleep(delay)

    async def _throttle(self) -> Throttle:
        state = await self._transport.sessions.here()
        throttle = state.throttles.get(self._key)
        if throttle is None:
            most = self._transport.retry.max_retry_after
            throttle = state.throttles[self._key] = Throttle(self._transport.clock, most)
        return throttle
