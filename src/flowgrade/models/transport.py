"""Transport: what providers make their calls with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flowgrade.models.clock import Clock
from flowgrade.models.retry import RetryPolicy

if TYPE_CHECKING:
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
    ) -> None:
        self.environment = environment or {}
        """Where proxies are looked up."""
        self.retry = retry or RetryPolicy()
        self.clock = clock or Clock()
        self.tokens: dict[tuple[str, ...], TokenKeeper] = {}
        """What keeps the token of each identity that signs in."""
        self._sessions: Sessions | None = None

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
