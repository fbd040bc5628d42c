"""Endpoints that are slow, silent or not there."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import aiohttp
import pytest

from flowgrade.errors import InputError, ModelError, ModelTimeoutError, ModelUnreachableError
from flowgrade.models import ChatRequest, Model, RetryPolicy, Timeouts
from flowgrade.models.outage import Phase, explain_outage

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server

REQUEST = ChatRequest(messages=[{"role": "user", "content": "Hi"}])


def failure(model: Model) -> ModelError:
    with pytest.raises(ModelError) as caught:
        asyncio.run(model.chat(REQUEST))
    return caught.value


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_an_unreachable_endpoint_is_named_with_the_setting_to_check(rig: Rig) -> None:
    port = unused_port()
    model = rig.open(
        base_url=f"http://127.0.0.1:{port}/v1",
        url_setting="OPENAI_BASE_URL",
        retry=RetryPolicy(retries=1),
    )
    error = failure(model)
    assert type(error) is ModelUnreachableError
    assert f"127.0.0.1:{port} cannot be reached" in error.message
    assert "OPENAI_BASE_URL" in str(error)
    assert len(rig.sleeps) == 1


def test_a_first_token_that_does_not_come_names_its_limit(
    rig: Rig, server: Server, kit: Kit
) -> None:
    server.otherwise = kit.Reply(wait=5)
    error = failure(rig.hasty(first_token=0.05))
    assert type(error) is ModelTimeoutError
    assert "did not begin to answer within 0.05 s (timeouts.first_token)" in error.message
    assert "connection 'stub'" in str(error)


def test_a_late_first_token_is_tried_again(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.Reply(wait=5))
    model = rig.open(timeouts=Timeouts(first_token=0.05))
    assert asyncio.run(model.chat(REQUEST)).text == "Hello."


def test_an_answer_that_stops_in_the_middle_names_its_limit(
    rig: Rig, server: Server, kit: Kit
) -> None:
    server.will(kit.Reply(pieces=[b"{"], then="hang"))
    model = rig.open(timeouts=Timeouts(idle=0.05))
    error = failure(model)
    assert "timeouts.idle" in error.message
    assert len(server.requests) == 1


def test_an_answer_that_takes_too_long_in_all_names_its_limit(
    rig: Rig, server: Server, kit: Kit
) -> None:
    server.will(kit.Reply(pieces=[b" "] * 100, between=0.02))
    error = failure(rig.hasty(total=0.1, idle=1))
    assert "did not finish its answer within 0.1 s (timeouts.total)" in error.message


def test_a_connection_that_is_not_made_in_time_names_its_limit(rig: Rig) -> None:
    # The kernel takes the connection; the handshake for TLS is never answered.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        model = rig.open(
            base_url=f"https://127.0.0.1:{silent.getsockname()[1]}",
            timeouts=Timeouts(connect=0.1),
            retry=RetryPolicy(retries=0),
        )
        error = failure(model)
    assert "did not accept a connection within 0.1 s (timeouts.connect)" in error.message


def test_encryption_with_a_server_that_has_none_is_explained(rig: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def answer() -> None:
            caller, _ = plain.accept()
            with caller:
                caller.recv(65536)
                caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        error = failure(rig.open(base_url=f"https://127.0.0.1:{plain.getsockname()[1]}/v1"))
        thread.join()
    assert type(error) is ModelUnreachableError
    assert "No trusted encrypted connection to 127.0.0.1:" in error.message
    assert "right host and scheme" in str(error)
    assert rig.sleeps == []


def test_a_certificate_that_is_not_trusted_is_explained(rig: Rig) -> None:
    key = aiohttp.client_reqrep.ConnectionKey("h", 443, True, True, None, None, None, None)
    cause = ssl.SSLCertVerificationError("Hostname mismatch")
    error = explain_outage(
        aiohttp.ClientConnectorCertificateError(key, cause),
        phase=Phase.CONNECT,
        address="h:443",
        connection=rig.connection(),
    )
    assert "Hostname mismatch" in error.message
    assert "SSL_CERT_FILE" in str(error)
    assert not error.retryable


@pytest.mark.parametrize(
    ("code", "retryable"), [(socket.EAI_NONAME, False), (socket.EAI_AGAIN, True)]
)
def test_a_host_that_has_no_address_is_explained(rig: Rig, code: int, retryable: bool) -> None:
    key = aiohttp.client_reqrep.ConnectionKey("h", 443, True, True, None, None, None, None)
    error = explain_outage(
        aiohttp.ClientConnectorDNSError(key, socket.gaierror(code, "unknown name")),
        phase=Phase.CONNECT,
        address="h:443",
        connection=rig.connection(),
    )
    assert "The host name of h:443 cannot be resolved: unknown name" in error.message
    assert error.retryable is retryable


@pytest.mark.parametrize(
    "address", ["api.example.com/v1", "ftp://host", "http://", "http://[", "http://a..b/v1", ""]
)
def test_an_address_that_is_none_is_refused_when_opening(rig: Rig, address: str) -> None:
    with pytest.raises(InputError, match="not an http or https URL"):
        rig.open(base_url=address or "nothing")


def test_a_header_that_cannot_be_sent_is_refused_without_its_value(rig: Rig) -> None:
    with pytest.raises(InputError) as caught:
        rig.open(headers={"X-Key": "secret\nvalue"})
    assert "secret" not in str(caught.value)


def test_a_call_that_is_cancelled_leaves_the_pool_usable(
    rig: Rig, server: Server, kit: Kit
) -> None:
    server.will(kit.Reply(wait=5), kit.stream("a", then="hang"))
    model = rig.open()

    async def read() -> None:
        async for _ in model.chat_stream(REQUEST):
            pass

    async def run() -> str | None:
        for work in (model.chat(REQUEST), read()):
            task = asyncio.ensure_future(work)
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        return (await model.chat(REQUEST)).text

    assert asyncio.run(run()) == "Hello."
