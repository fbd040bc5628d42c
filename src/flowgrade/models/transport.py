"""Transport: what providers make their calls with."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

from flowgrade.models.clock import Clock
from flowgrade.models.limits import ConnectionLimits
from flowgrade.models.retry import RetryPolicy

if TYPE_CHECKING:
    from flowgrade.models.gate import Gate
    from flowgrade.models.sessions import Sessions
    from flowgrade.models.tokens import TokenKeeper


class Transport:
    """Pooled sessions, retries and throttles, shared by all models of a process.

    Nothing of it costs anything until the first endpoint is opened.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        retry: RetryPolicy | None = None,
        clock: Clock | None = None,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self.environment = environment or {}
        """Where proxies are looked up."""
        self.retry = retry or RetryPolicy()
        self.clock = clock or Clock()
        self.tokens: dict[tuple[str, ...], TokenKeeper] = {}
        """What keeps the token of each identity that signs in."""
        self._sessions: Sessions | None = None
        self._part = part  # which of how many workers share the limits
        self._gates: dict[Hashable, Gate] = {}

    def gate(self, key: Hashable, limits: ConnectionLimits | None) -> Gate | None:
        """The gate of all calls that share ``key``; None where nothing is limited."""
        if limits is None:
            return None
        if key not in self._gates:
            from flowgrade.models.gate import Gate  # noqa: PLC0415 only where there are limits

            self._gates[key] = Gate(limits.part(*self._part), self.clock)
        return self._gates[key]

    @property
    def sessions(self) -> Sessions:
        """The sessions, made at the first use."""
        if self._sessions is None:
            from flowgrade.models.sessions import Sessions  # noqa: PLC0415 aiohttp costs 100 ms

            self._sessions = Sessions()
        return self._sessions

    async def aclose(self) -> None:
        """Close the sessions."""
        if self._sessions is not None:
            await self._sessions.aclose()
