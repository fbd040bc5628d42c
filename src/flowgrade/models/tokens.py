"""Tokens that stand in for a key: fetched in a thread, shared, renewed ahead of their end."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import Protocol

from flowgrade.models.clock import Clock
from flowgrade.records import Record
from flowgrade.settings import Secret

_AHEAD = 300.0
"""Seconds before its end from which on a token is renewed, while it is still used."""
_SPENT = 30.0
"""Seconds before its end from which on a token is not used any more: a call takes time."""
_PAUSE = 30.0
"""Seconds between two tries to renew a token that is still good."""


class Token(Record):
    """A token and when it ends."""

    text: Secret
    ends: float
    """Seconds since 1970."""
    renew: float | None = None
    """From when on it should be renewed, if its issuer says so."""


class TokenSource(Protocol):
    """Where tokens come from."""

    def fetch(self, *, anew: bool) -> Token:
        """A token; may block. ``anew`` asks for one that was not given before.

        Raises AuthenticationError or ModelUnreachableError.
        """
        ...


class TokenKeeper:
    """The one current token of a source, for all threads and event loops of the process.

    However many calls want it at once, it is fetched once.
    """

    def __init__(self, source: TokenSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._pending: Future[Token] | None = None
        self._tried = float("-inf")

    async def current(self) -> Token:
        """The current token; waits only when there is none that is good."""
        token, now = self._token, self._clock.now()
        if token is None or now >= token.ends - _SPENT:
            return await self._fetched(token, anew=False)
        if now >= min(token.ends - _AHEAD, token.renew or token.ends) and self._may_try(now):
            self._begin(token, anew=False)  # the calls of now go on with the old one
        return token

    async def renewed(self, refused: Token) -> Token:
        """A token in place of ``refused``, which an endpoint does not accept."""
        token = self._token
        if token is not None and token is not refused:
            return token
        return await self._fetched(refused, anew=True)

    async def _fetched(self, old: Token | None, *, anew: bool) -> Token:
        pending = self._begin(old, anew=anew)
        # Shielded: a caller that is cancelled must not take the token away from the others.
        return await asyncio.shield(asyncio.wrap_future(pending))

    def _may_try(self, now: float) -> bool:
        return self._pending is None and now - self._tried >= _PAUSE

    def _begin(self, old: Token | None, *, anew: bool) -> Future[Token]:
        with self._lock:
            if self._pending is not None:
                return self._pending
            ready: Future[Token] = Future()
            if self._token is not None and self._token is not old:
                ready.set_result(self._token)  # another thread was quicker
                return ready
            self._pending, self._tried = ready, self._clock.now()
        threading.Thread(
            target=self._fetch, args=(ready, anew), name="flowgrade-token", daemon=True
        ).start()
        return ready

    def _fetch(self, ready: Future[Token], anew: bool) -> None:
        try:
            token = self._source.fetch(anew=anew)
        except BaseException as error:  # noqa: BLE001 - raised where the token is waited for
            self._settle(None)
            ready.set_exception(error)
        else:
            self._settle(token)
            ready.set_result(token)

    def _settle(self, token: Token | None) -> None:
        with self._lock:
            self._token = token or self._token
            self._pending = None
