"""Calls that are signed in by a token, which ends and may be refused before it does."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import replace

from flowgrade.errors import AuthenticationError
from flowgrade.models.address import check_address
from flowgrade.models.caller import Caller
from flowgrade.models.connection import Connection
from flowgrade.models.endpoint import Endpoint
from flowgrade.models.entra import EntraSource
from flowgrade.models.tokens import Token, TokenKeeper
from flowgrade.models.transport import Transport
from flowgrade.records import JsonObject

_REFUSED = 401


class SignedCaller:
    """Makes each call with the current token; one that is refused is fetched anew, once."""

    __slots__ = ("_caller", "_keeper", "_open", "_token")

    def __init__(self, keeper: TokenKeeper, open_caller: Callable[[Token], Caller]) -> None:
        self._keeper = keeper
        self._open = open_caller
        self._token: Token | None = None
        self._caller: Caller | None = None

    async def post(self, path: str, payload: JsonObject) -> JsonObject:
        """Post ``payload`` to ``path``; gives the answer's JSON. Raises a ModelError."""
        return await self._once_more(lambda caller: caller.post(path, payload))

    async def get(self, path: str) -> JsonObject:
        """Get the JSON at ``path``. Raises a ModelError."""
        return await self._once_more(lambda caller: caller.get(path))

    async def stream(
        self,
        path: str,
        payload: JsonObject,
        *,
        is_finished: Callable[[], bool] | None = None,
    ) -> AsyncGenerator[JsonObject]:
        """Post ``payload`` and yield the JSON events of the answer."""
        token = await self._keeper.current()
        events = self._with(token).stream(path, payload, is_finished=is_finished)
        begun = False
        try:
            async for event in events:
                begun = True
                yield event
            return
        except AuthenticationError as error:
            if begun or error.status != _REFUSED:
                raise
        finally:
            await events.aclose()
        events = self._with(await self._keeper.renewed(token)).stream(
            path, payload, is_finished=is_finished
        )
        try:
            async for event in events:
                yield event
        finally:
            await events.aclose()

    async def _once_more(self, call: Callable[[Caller], Awaitable[JsonObject]]) -> JsonObject:
        token = await self._keeper.current()
        try:
            return await call(self._with(token))
        except AuthenticationError as error:
            if error.status != _REFUSED:  # 403: signed in, but without the right
                raise
        return await call(self._with(await self._keeper.renewed(token)))

    def _with(self, token: Token) -> Caller:
        if self._caller is None or token is not self._token:
            self._caller, self._token = self._open(token), token
        return self._caller


def open_signed(
    transport: Transport,
    connection: Connection,
    *,
    model: str,
    base_url: str,
    headers: Mapping[str, str],
) -> SignedCaller:
    """Calls that Microsoft Entra ID signs in; raises InputError and MissingExtraError."""
    check_address(base_url, connection)
    source = EntraSource(connection)
    # All models of one identity share its token.
    keeper = transport.tokens.get(source.identity)
    if keeper is None:
        keeper = transport.tokens[source.identity] = TokenKeeper(source, transport.clock)
    place = f"the sign-in by Microsoft Entra ID of the connection '{connection.name}'"

    def signed(token: Token) -> Caller:
        # The token counts as the key, so that messages hide it.
        known = replace(connection, api_key=token.text, key_setting=place)
        authorization = {"Authorization": f"Bearer {token.text.reveal()}"}
        return Endpoint(
            transport, known, model=model, base_url=base_url, headers={**headers, **authorization}
        )

    return SignedCaller(keeper, signed)
