"""Signing in by Microsoft Entra ID: a token instead of a key, fetched once and renewed in time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from flowgrade.errors import AuthenticationError, InputError, MissingExtraError, SettingsError
from flowgrade.models import (
    AuthMode,
    Callee,
    ChatRequest,
    RetryPolicy,
    intercepted,
    load_connections,
)
from flowgrade.models.complaint import Complaint
from flowgrade.models.entra import EntraSource
from flowgrade.models.tokens import Token, TokenKeeper
from flowgrade.records import JsonObject
from flowgrade.settings import Secret, Settings

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server

REQUEST = ChatRequest(messages=[{"role": "user", "content": "Hi"}])


@dataclass
class Issuer:
    """Gives token-1, token-2 and so on, each for an hour of the rig's clock."""

    rig: Rig
    given: int = 0
    anew: list[bool] = field(default_factory=list)
    wait: threading.Event | None = None
    failure: Exception | None = None

    def fetch(self, *, anew: bool) -> Token:
        if self.wait is not None:
            self.wait.wait(10)
        self.anew.append(anew)
        if self.failure is not None:
            raise self.failure
        self.given += 1
        return Token(text=Secret(f"token-{self.given}"), ends=self.rig.now + 3600)


@pytest.fixture
def issuer(rig: Rig) -> Issuer:
    return Issuer(rig)


@pytest.fixture
def keeper(rig: Rig, issuer: Issuer) -> TokenKeeper:
    return TokenKeeper(issuer, rig.clock)


def text(token: Token) -> str:
    return token.text.reveal()


async def settled(keeper: TokenKeeper, wanted: str) -> None:
    for _ in range(500):
        if text(await keeper.current()) == wanted:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{wanted} never came")


def test_many_calls_at_once_fetch_one_token(keeper: TokenKeeper, issuer: Issuer) -> None:
    async def many() -> set[str]:
        return {
            text(token) for token in await asyncio.gather(*(keeper.current() for _ in "x" * 50))
        }

    assert asyncio.run(many()) == {"token-1"}
    assert issuer.given == 1


def test_a_token_is_renewed_ahead_of_its_end_while_calls_go_on(
    keeper: TokenKeeper, issuer: Issuer, rig: Rig
) -> None:
    async def run() -> None:
        await keeper.current()
        rig.now += 3600 - 200
        issuer.wait = threading.Event()
        assert text(await keeper.current()) == "token-1"  # the new one is still on its way
        issuer.wait.set()
        await settled(keeper, "token-2")

    asyncio.run(run())
    assert issuer.anew == [False, False]


def test_a_token_that_has_ended_is_never_used(
    keeper: TokenKeeper, issuer: Issuer, rig: Rig
) -> None:
    async def run() -> str:
        await keeper.current()
        rig.now += 3590
        return text(await keeper.current())

    assert asyncio.run(run()) == "token-2"


def test_a_renewal_that_fails_early_does_not_disturb_calls(
    keeper: TokenKeeper, issuer: Issuer, rig: Rig
) -> None:
    async def run() -> None:
        await keeper.current()
        rig.now += 3600 - 200
        issuer.failure = AuthenticationError("No network.")
        for _ in range(20):
            assert text(await keeper.current()) == "token-1"
            await asyncio.sleep(0.005)
        assert len(issuer.anew) == 2, "it is not tried again with every call"

    asyncio.run(run())


def test_a_refused_token_is_fetched_anew_once_for_all_calls(
    keeper: TokenKeeper, issuer: Issuer
) -> None:
    async def run() -> set[str]:
        refused = await keeper.current()
        renewed = await asyncio.gather(*(keeper.renewed(refused) for _ in range(20)))
        return {text(token) for token in renewed}

    assert asyncio.run(run()) == {"token-2"}
    assert issuer.anew == [False, True]


def test_a_caller_that_gives_up_leaves_the_token_to_the_others(
    keeper: TokenKeeper, issuer: Issuer
) -> None:
    async def run() -> str:
        issuer.wait = threading.Event()
        impatient = asyncio.create_task(keeper.current())
        patient = asyncio.create_task(keeper.current())
        await asyncio.sleep(0.01)
        impatient.cancel()
        issuer.wait.set()
        return text(await patient)

    assert asyncio.run(run()) == "token-1"


class TokenEndpoint(BaseHTTPRequestHandler):
    """Tokens as Azure gives them to a managed identity of its App Service."""

    def do_GET(self) -> None:
        server: Any = self.server
        server.asked.append(self.path)
        refused = server.refuses
        body = {
            "access_token": f"entra-token-{len(server.asked)}",
            "expires_on": "4102444800",
            "resource": "https://cognitiveservices.azure.com",
            "token_type": "Bearer",
        }
        if refused:
            body = {"error": "invalid_client", "error_description": "No such identity."}
        data = orjson.dumps(body)
        self.send_response(400 if refused else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def token_endpoint(monkeypatch: pytest.MonkeyPatch, *, refuses: bool = False) -> Iterator[Any]:
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), TokenEndpoint)
    server.asked, server.refuses = [], refuses
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{server.server_port}/token")
    monkeypatch.setenv("IDENTITY_HEADER", "header-of-the-identity")
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.slow
def test_azures_own_library_signs_all_calls_in_with_one_token(
    rig: Rig, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with token_endpoint(monkeypatch) as tokens:
        fields: dict[str, Any] = {"kind": "azure_openai", "api_key": None}
        models = rig.models()
        connection = rig.connection(auth_mode=AuthMode.ENTRA, **fields)

        async def run() -> None:
            async with models:
                for name in ("one", "two"):
                    await models.open(name, connection=connection).chat(REQUEST)

        asyncio.run(run())
    sent = [request.headers for request in server.requests]
    assert [one["Authorization"] for one in sent] == ["Bearer entra-token-1"] * 2
    assert not any("api-key" in one for one in sent)
    assert len(tokens.asked) == 1
    assert "resource=https://cognitiveservices.azure.com" in tokens.asked[0]


@pytest.mark.slow
def test_a_token_that_the_endpoint_refuses_is_fetched_anew_and_only_once(
    rig: Rig, server: Server, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    with token_endpoint(monkeypatch) as tokens:
        model = rig.open(auth_mode=AuthMode.ENTRA, api_key=None)

        async def run() -> None:
            server.will(kit.error(401, "Token revoked."))
            assert (await model.chat(REQUEST)).text == "Hello."
            server.will(kit.error(401, "Token revoked."), kit.stream("Hel", "lo."))
            pieces = [chunk.text async for chunk in model.chat_stream(REQUEST)]
            assert "".join(pieces) == "Hello."
            server.will(kit.error(401, "No, entra-token-3!"), kit.error(401, "No, entra-token-4!"))
            with pytest.raises(AuthenticationError, match="sign-in by Microsoft") as caught:
                await model.chat(REQUEST)
            assert "entra-token" not in str(caught.value)

        asyncio.run(run())
    sent = [request.headers["Authorization"][-1] for request in server.requests]
    assert sent == ["1", "2", "2", "3", "3", "4"]
    assert len(tokens.asked) == 4


@pytest.mark.slow
def test_what_takes_the_place_of_calls_outlives_a_token(
    rig: Rig, server: Server, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Callee] = []

    async def collect(endpoint: Callee, path: str, payload: JsonObject) -> JsonObject:
        seen.append(endpoint)
        raise InputError("collected")

    with token_endpoint(monkeypatch) as tokens:
        model = rig.open(auth_mode=AuthMode.ENTRA, api_key=None)

        async def run() -> bytes:
            with intercepted(collect), pytest.raises(InputError, match="collected"):
                await model.chat(REQUEST)
            assert not tokens.asked
            server.will(kit.error(401, "Token ended."))
            return await seen[0].exchange("POST", "/batches", data=b"{}")

        assert b"Hello." in asyncio.run(run())
    sent = [request.headers["Authorization"][-1] for request in server.requests]
    assert sent == ["1", "2"]
    assert "entra-token" not in str(seen[0].identity)
    assert "refused" in str(seen[0].failure(400, Complaint(message="refused")))


@pytest.mark.slow
def test_a_sign_in_that_fails_says_what_to_set(
    rig: Rig, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
    with token_endpoint(monkeypatch, refuses=True):
        model = rig.open(auth_mode=AuthMode.ENTRA, api_key=None, retry=RetryPolicy(retries=0))
        with pytest.raises(AuthenticationError, match=r"(?s)cannot be signed in.*az login"):
            asyncio.run(model.chat(REQUEST))
    assert not server.requests


def test_an_application_needs_all_of_its_three_fields(rig: Rig) -> None:
    with pytest.raises(InputError, match="tenant_id and client_id"):
        rig.open(auth_mode=AuthMode.ENTRA, secrets={"client_secret": Secret("s-e-c-r-e-t")})


def test_a_credential_that_fails_never_shows_its_secret(rig: Rig) -> None:
    class Broken:
        def get_token_info(self, *scopes: str) -> Any:
            raise ValueError("invalid secret s-e-c-r-e-t for the tenant")

    connection = rig.connection(secrets={"client_secret": Secret("s-e-c-r-e-t")})
    source = EntraSource(connection, make=Broken)
    with pytest.raises(AuthenticationError) as caught:
        source.fetch(anew=False)
    assert "s-e-c-r-e-t" not in str(caught.value)


def test_without_the_library_the_message_has_the_command(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'flowgrade\[azure\]'"):
        rig.open(auth_mode=AuthMode.ENTRA, api_key=None)


def connections(tmp_path: Path, content: str) -> Any:
    (tmp_path / "connections.yaml").write_text(content, encoding="utf-8")
    return load_connections(Settings(project=tmp_path, home=tmp_path, store=""))


def test_a_file_may_ask_for_it_in_our_words_and_in_prompt_flows(tmp_path: Path) -> None:
    found = connections(
        tmp_path,
        "ours: {kind: azure_openai, base_url: 'https://a', auth_mode: entra}\n"
        "---\n"
        "name: theirs\ntype: azure_open_ai\napi_base: https://a\nauth_mode: meid_token\n",
    )
    assert found["ours"].auth_mode is AuthMode.ENTRA
    assert found["theirs"].auth_mode is AuthMode.ENTRA
    assert found["openai"].auth_mode is AuthMode.KEY


def test_an_unknown_auth_mode_is_an_error_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="(?s)'kerberos'.*Known: key, entra"):
        connections(tmp_path, "ours: {base_url: 'https://a', auth_mode: kerberos}\n")
