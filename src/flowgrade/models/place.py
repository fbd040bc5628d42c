"""A call's place among those that are under way to one endpoint."""

from __future__ import annotations

from flowgrade.errors import ModelError
from flowgrade.models.gate import Gate, Pass
from flowgrade.models.throttle import Throttle
from flowgrade.models.usage import read_usage
from flowgrade.records import JsonObject


class Place:
    """What one attempt holds: a place in the throttle and, where there are limits, its pass."""

    __slots__ = ("_gate", "_throttle", "turn")

    def __init__(self, throttle: Throttle, gate: Gate | None) -> None:
        self._throttle = throttle
        self._gate = gate
        self.turn: Pass | None = None

    async def take(self) -> None:
        """Wait for the place; one of the other methods must follow."""
        if self._throttle.is_open:
            self._throttle.in_flight += 1
            return
        try:
            await self._throttle.acquire()
        except BaseException:
            self._leave(None)
            raise

    def succeeded(self, answer: JsonObject) -> None:
        """Give it back after a call that went well; ``answer`` may hold its usage."""
        self._throttle.succeeded()
        self._leave(answer)

    def failed(self, error: ModelError, epoch: int) -> None:
        """Give it back after a call that began in ``epoch`` and failed."""
        self._throttle.failed(error, epoch)
        self._leave(None)

    def release(self) -> None:
        """Give it back without saying how the call went."""
        self._throttle.release()
        self._leave(None)

    def _leave(self, answer: JsonObject | None) -> None:
        if self._gate is not None and self.turn is not None:
            usage = read_usage(answer.get("usage")) if answer else None
            self._gate.leave(self.turn, usage)
