"""Calls that are signed in by a token, which ends and may be refused before it does."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import TypeVar

from flowgrade.errors import AuthenticationError, ModelError
from flowgrade.models.address import check_address
from flowgrade.models.complaint import Complaint
from flowgrade.models.connection import Connection
from flowgrade.models.endpoint import Endpoint
from flowgrade.models.entra import EntraSource
from flowgrade.models.interception import active_intercept
from flowgrade.models.tokens import Token, TokenKeeper
from flowgrade.models.transport import Transport
from flowgrade.records import JsonObject, replace

T = TypeVar("T")

_REFUSED = 401


class SignedCaller:
    """Makes each call with the current token; one that is refused is fetched anew, once."""

    __slots__ = ("_endpoint", "_keeper", "_open", "_token", "_unsigned")

    def __init__(
        self, keeper: TokenKeeper, open_endpoint: Callable[[Token], Endpoint], unsigned: Endpoint
    ) -> None:
        """``unsigned`` is the endpoint without any token, for what can be told without one."""
        self._keeper = keeper
        self._open = open_endpoint
        self._unsigned = unsigned
        self._token: Token | None = None
        self._endpoint: Endpoint | None = None

    @property
    def model(self) -> str:
        """The model's name at the address."""
        return self._unsigned.model

    @property
    def identity(self) -> tuple[str, str, str]:
        """Tells endpoints apart, whatever the token."""
        return self._unsigned.identity

    @property
    def has_deployment(self) -> bool:
        """Whether the address names the model itself, as Azure's older form does."""
        return self._unsigned.has_deployment

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        data: bytes | None = None,
        form: Mapping[str, str] | None = None,
        file: tuple[str, bytes] | None = None,
        retried: bool = False,
    ) -> bytes:
        """Ask the API beside the model's own calls; gives the answer's body."""
        return await self._once_more(
            lambda endpoint: endpoint.exchange(
                method, path, data=data, form=form, file=file, retried=retried
            )
        )

    def failure(self, status: int | None, complaint: Complaint) -> ModelError:
        """The error for what the endpoint says of one call of several."""
        return (self._endpoint or self._unsigned).failure(status, complaint)

    async def post(self, path: str, payload: JsonObject) -> JsonObject:
        """Post ``payload`` to ``path``; gives the answer's JSON. Raises a ModelError."""
        intercept = active_intercept()
        if intercept is not None:  # before a token that may have ended once the call is made
            return await intercept(self, path, payload)
        return await self._once_more(lambda endpoint: endpoint.post(path, payload))

    async def get(self, path: str) -> JsonObject:
        """Get the JSON at ``path``. Raises a ModelError."""
        return await self._once_more(lambda endpoint: endpoint.get(path))

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

    async def _once_more(self, call: Callable[[Endpoint], Awaitable[T]]) -> T:
        token = await self._keeper.current()
        try:
            return await call(self._with(token))
        except AuthenticationError as error:
            if error.status != _REFUSED:  # 403: signed in, but without the right
                raise
        return await call(self._with(await self._keeper.renewed(token)))

    def _with(self, token: Token) -> Endpoint:
        if self._endpoint is None or token is not self._token:
            self._endpoint, self._token = self._open(token), token
        return self._endpoint


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

    def signed(token: Token) -> Endpoint:
        # The token counts as the key, so that messages hide it.
        known = replace(connection, api_key=token.text, key_setting=place)
        authorization = {"Authorization": f"Bearer {token.text.reveal()}"}
        return Endpoint(
            transport, known, model=model, base_url=base_url, headers={**headers, **authorization}
        )

    unsigned = Endpoint(transport, connection, model=model, base_url=base_url, headers=headers)
    return SignedCaller(keeper, signed, unsigned)
